//! A reactor's runtime without a reactor: for who measures what a part of one costs.

use glommio::{LocalExecutor, LocalExecutorBuilder, Placement};
use std::future::Future;

/// Enough for what is read and written by descriptor.
const IO_MEMORY_BYTES: usize = 64 * 1024;

/// The runtime of one core on the calling thread, which it pins.
pub struct LoneExecutor(LocalExecutor);

impl LoneExecutor {
    /// Pins this thread to the core.
    ///
    /// # Errors
    /// When there is no io_uring, or no such core; in the runtime's words.
    pub fn new(core: usize) -> Result<Self, String> {
        let builder = LocalExecutorBuilder::new(Placement::Fixed(core)).io_memory(IO_MEMORY_BYTES);
        builder.make().map(Self).map_err(|error| error.to_string())
    }

    /// Runs to the future's end.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.run(future)
    }
}
