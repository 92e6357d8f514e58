//! Threads that own a connection each and take work from one bounded queue.

use crate::store::StoreError;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use tracing::error;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

pub(super) struct Threads {
    jobs: Option<mpsc::Sender<Job>>,
    handles: Vec<JoinHandle<()>>,
}

impl Threads {
    /// One thread for each connection.
    pub(super) fn start(name: &str, connections: Vec<Connection>, queue: usize) -> Result<Self, StoreError> {
        let (jobs, waiting) = mpsc::channel(queue.max(1));
        let waiting = Arc::new(Mutex::new(waiting));
        let mut threads = Self { jobs: Some(jobs), handles: Vec::new() };
        for connection in connections {
            let waiting = waiting.clone();
            let handle = Builder::new().name(name.to_owned()).spawn(move || work(connection, &waiting));
            threads.handles.push(handle.map_err(|problem| StoreError::Unavailable(problem.to_string()))?);
        }
        Ok(threads)
    }

    /// Runs `work` on one of the connections. After the deadline the outcome is unknown: what has begun
    /// goes on, what has not is dropped.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        deadline: Duration,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let until = Instant::now() + deadline;
        let late = |_| StoreError::Unavailable("the deadline passed".to_owned());
        let gone = || StoreError::Unavailable("the store is closed or a call in it failed".to_owned());
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            if !reply.is_closed() {
                // Whoever asked may be gone by now; then nobody needs the answer.
                let _ = reply.send(work(connection));
            }
        });
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        let room = timeout_at(until, jobs.reserve()).await.map_err(late)?;
        room.map_err(|_| gone())?.send(job);
        timeout_at(until, answer).await.map_err(late)?.map_err(|_| gone())?
    }
}

/// Lets what is queued finish, so that the file is closed in good order.
impl Drop for Threads {
    fn drop(&mut self) {
        self.jobs = None;
        for handle in self.handles.drain(..) {
            if handle.join().is_err() {
                error!("a store thread had panicked");
            }
        }
    }
}

fn work(mut connection: Connection, waiting: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        // The lock is held while waiting, not while working: the next thread waits in its turn.
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(job) = job else { return };
        // A transaction that a panic interrupts rolls back as it is dropped; the caller sees no answer.
        if catch_unwind(AssertUnwindSafe(|| job(&mut connection))).is_err() {
            error!("a call in the store panicked");
        }
    }
}
