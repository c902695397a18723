//! The threads that requests to object stores run on.
//!
//! Whoever waits for a request holds a thread that may block. A request itself needs such a thread now and then, to look a name
//! up: were it one of the same pool, a thousand tables that wait at once would wait for each other.

use std::io;
use tokio::runtime::{Builder, Handle, Runtime};

const WORKERS: usize = 2;
/// They look names up.
const BLOCKING_THREADS_MAX: usize = 8;

/// A runtime for requests. It ends when this is dropped, wherever that is.
#[derive(Debug)]
pub struct RequestThreads {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    handle: Handle,
}

impl RequestThreads {
    /// Starts them.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn start() -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(WORKERS).max_blocking_threads(BLOCKING_THREADS_MAX).thread_name("store").enable_all();
        let runtime = builder.build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// Where requests are started.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Drop for RequestThreads {
    fn drop(&mut self) {
        // A runtime must not wait for its end in another one's task.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
