//! What a stream's handle and its driver share.
//!
//! Locks are taken in this order, and none is held while waiting: `sealing`, `collected`, `session`.

use crate::collected::Collected;
use crate::metrics::Reporter;
use crate::session::Session;
use lakehead_protocol::compression::Compression;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The session, the rows that are no batch yet, and a way to tell the driver that there is something new.
#[derive(Debug)]
pub(crate) struct Shared {
    session: Mutex<Session>,
    collected: Mutex<Collected>,
    /// Held while collected rows become frames: what comes after them waits for their place.
    sealing: Mutex<()>,
    pub wake: Notify,
    /// More may be kept than should be: see [`Shared::is_over_memory`].
    pub over_memory: AtomicBool,
    pub reporter: Reporter,
    pub compression: Compression,
    pub memory_bytes_max: usize,
}

impl Shared {
    pub(crate) fn new(session: Session, reporter: Reporter, compression: Compression, memory_bytes_max: usize) -> Self {
        Self {
            session: Mutex::new(session),
            collected: Mutex::new(Collected::default()),
            sealing: Mutex::new(()),
            wake: Notify::new(),
            over_memory: AtomicBool::new(false),
            reporter,
            compression,
            memory_bytes_max,
        }
    }

    /// The session, for a moment.
    pub(crate) fn session(&self) -> MutexGuard<'_, Session> {
        lock(&self.session)
    }

    /// The rows that are no batch yet, for a moment.
    pub(crate) fn collected(&self) -> MutexGuard<'_, Collected> {
        lock(&self.collected)
    }

    /// The right to put frames behind those that are kept.
    pub(crate) fn sealing(&self) -> MutexGuard<'_, ()> {
        lock(&self.sealing)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Methods check before they change anything; a panic in one of them is a bug, not a half-made change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
