//! What upkeep works with: bytes by the bound, a count of what it costs, and word to stop.

use super::throttle::Throttle;
use crate::commit::encode::cpu_clock::thread_cpu_ns;
use crossbeam::channel::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// What upkeep has cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    pub bytes_read: u64,
    pub bytes_written: u64,
    pub cpu_ns: u64,
}

/// The engine stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the engine stops")]
pub struct Stopped;

/// The hands of the one who works.
pub struct Hands {
    throttle: Throttle,
    started: Instant,
    /// Disconnected when the engine stops.
    stop: Receiver<()>,
    cost: Cost,
}

impl Hands {
    /// Hands that move so many bytes a second until the other end of `stop` is dropped.
    #[expect(clippy::disallowed_methods, reason = "bytes are spread over time here, and only here")]
    pub fn new(bandwidth_bytes: u64, stop: Receiver<()>) -> Self {
        Self { throttle: Throttle::new(bandwidth_bytes), started: Instant::now(), stop, cost: Cost::default() }
    }

    /// Says that so many bytes were read; waits as long as the bound wants.
    ///
    /// # Errors
    /// When the engine stops.
    pub fn read(&mut self, bytes: u64) -> Result<(), Stopped> {
        self.cost.bytes_read += bytes;
        self.pay(bytes)
    }

    /// The same for bytes that were written.
    ///
    /// # Errors
    /// When the engine stops.
    pub fn wrote(&mut self, bytes: u64) -> Result<(), Stopped> {
        self.cost.bytes_written += bytes;
        self.pay(bytes)
    }

    /// Waits.
    ///
    /// # Errors
    /// When the engine stops.
    pub fn wait(&self, time: Duration) -> Result<(), Stopped> {
        match self.stop.recv_timeout(time) {
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Ok(()) | Err(RecvTimeoutError::Disconnected) => Err(Stopped),
        }
    }

    /// Everything so far. CPU time is this thread's.
    pub fn cost(&self) -> Cost {
        Cost { cpu_ns: thread_cpu_ns(), ..self.cost }
    }

    fn pay(&mut self, bytes: u64) -> Result<(), Stopped> {
        let now_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let wait_us = self.throttle.take(now_us, bytes);
        self.wait(Duration::from_micros(wait_us))
    }
}

impl Cost {
    /// What was added since `before`.
    pub fn since(self, before: Self) -> Self {
        Self {
            bytes_read: self.bytes_read - before.bytes_read,
            bytes_written: self.bytes_written - before.bytes_written,
            cpu_ns: self.cpu_ns.saturating_sub(before.cpu_ns),
        }
    }
}
