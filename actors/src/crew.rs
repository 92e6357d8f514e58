//! Who does a node's work: threads for its actors and for long computations, or nobody but the thread that
//! started the node.

use actix::{Arbiter, ArbiterHandle};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use thiserror::Error;

/// A computation ended without a result: it panicked, or the node is going down. Nothing was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("interrupted")]
pub struct Interrupted {
    /// Whether it panicked.
    pub panicked: bool,
}

/// The hands of a node; cheap to clone.
#[derive(Clone)]
pub struct Crew(Arc<Inner>);

struct Inner {
    arbiters: Vec<ArbiterHandle>,
    next: AtomicUsize,
    /// Whether long computations go to tokio's threads for blocking work.
    pool: bool,
}

impl Crew {
    /// Actors take turns on `arbiters`; computations run beside them. With no arbiters at all, actors and
    /// computations share the current thread: then one thing happens after the other, always in the same
    /// order, and a long computation delays everybody.
    ///
    /// # Panics
    /// Without arbiters, outside an actix system.
    pub fn new(arbiters: &[Arbiter]) -> Self {
        let pool = !arbiters.is_empty();
        let arbiters = if pool { arbiters.iter().map(Arbiter::handle).collect() } else { vec![Arbiter::current()] };
        Self(Arc::new(Inner { arbiters, next: AtomicUsize::new(0), pool }))
    }

    /// The thread whose turn it is to take another actor.
    pub fn arbiter(&self) -> &ArbiterHandle {
        &self.0.arbiters[self.0.next.fetch_add(1, Ordering::Relaxed) % self.0.arbiters.len()]
    }

    /// Runs a computation where it delays nobody, if there is such a place.
    ///
    /// # Errors
    /// [`Interrupted`].
    pub async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Interrupted> {
        if self.0.pool {
            tokio::task::spawn_blocking(work).await.map_err(|gone| Interrupted { panicked: gone.is_panic() })
        } else {
            catch_unwind(AssertUnwindSafe(work)).map_err(|_| Interrupted { panicked: true })
        }
    }
}
