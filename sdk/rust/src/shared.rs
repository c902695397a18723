//! What a stream's handle and its driver share.

use crate::session::Session;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The session, and a way to tell the driver that there is something new in it. The lock is never held while waiting.
#[derive(Debug)]
pub(crate) struct Shared {
    session: Mutex<Session>,
    pub wake: Notify,
}

impl Shared {
    pub(crate) fn new(session: Session) -> Self {
        Self { session: Mutex::new(session), wake: Notify::new() }
    }

    /// The session, for a moment.
    pub(crate) fn session(&self) -> MutexGuard<'_, Session> {
        // Its methods check before they change anything; a panic in one of them is a bug, not a half-made change.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
