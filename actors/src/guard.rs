//! Background work that goes on after a panic. Nobody awaits a task beside the requests, so one that panicked
//! would be gone without a word, and what it did would not be done any more.

use futures_util::FutureExt;
use metrics::counter;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tracing::error;

/// How long a task that panicked waits before it begins again, so that one that always does is no busy loop.
const PAUSE: Duration = Duration::from_millis(200);

/// Runs one step of a task to its end; `None` when it panicked, which is logged and counted under its name.
pub async fn step<T>(name: &'static str, work: impl Future<Output = T>) -> Option<T> {
    let done = AssertUnwindSafe(work).catch_unwind().await;
    done.inspect_err(|_| {
        counter!("drumroll_task_panics_total", "task" => name).increment(1);
        error!(task = name, "a background task panicked; it goes on");
    })
    .ok()
}

/// Runs a task to its end, beginning again, after a moment, whenever it panics.
pub async fn task<F: Future<Output = ()>>(name: &'static str, mut begin: impl FnMut() -> F) {
    // `begin` may panic as its future may, so it is called within the step.
    while step(name, async { begin().await }).await.is_none() {
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn a_task_that_panics_begins_again_and_one_that_ends_does_not() {
        let lives = AtomicUsize::new(0);
        task("a test", || async {
            assert!(lives.fetch_add(1, Ordering::SeqCst) >= 3, "injected by a test");
        })
        .await;
        assert_eq!(lives.load(Ordering::SeqCst), 4);
    }
}
