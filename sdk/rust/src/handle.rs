//! The near end of a stream's driver.

use crate::driver::Phase;
use crate::error::{Error, ErrorKind};
use crate::shared::Shared;
use crate::watermarks::{Committed, Watermarks};
use lakehead_protocol::welcome::Welcome;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// Dropping it ends the driver and its connection.
#[derive(Debug)]
pub(crate) struct Handle {
    pub shared: Arc<Shared>,
    pub phase: watch::Receiver<Phase>,
    pub watermarks: watch::Receiver<Watermarks>,
    pub task: AbortHandle,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Handle {
    /// Waits until watermarks have moved.
    pub(crate) async fn change(&self, watermarks: &mut watch::Receiver<Watermarks>) -> Result<(), Error> {
        if watermarks.changed().await.is_ok() {
            return Ok(());
        }
        Err(self.end())
    }

    pub(crate) fn check_alive(&self) -> Result<(), Error> {
        match &*self.phase.borrow() {
            Phase::Opening | Phase::Open(_) => {}
            Phase::Ended(Ok(_)) => return Err(Error::plain(ErrorKind::Closed)),
            Phase::Ended(Err(error)) => return Err(error.clone()),
        }
        // The driver may not have come to it yet.
        self.shared.session().failure().map_or(Ok(()), Err)
    }

    /// The error of a stream that has ended.
    pub(crate) fn end(&self) -> Error {
        self.check_alive().err().unwrap_or_else(|| Error::plain(ErrorKind::Closed))
    }

    /// Waits for the stream's end.
    pub(crate) async fn ended(&mut self) -> Result<Committed, Error> {
        match self.phase.wait_for(|phase| matches!(phase, Phase::Ended(_))).await.as_deref() {
            Ok(Phase::Ended(end)) => end.clone(),
            _ => Err(Error::plain(ErrorKind::Closed)),
        }
    }

    /// Waits until the stream is open, or has failed to become it.
    pub(crate) async fn opened(&mut self) -> Result<Arc<Welcome>, Error> {
        match self.phase.wait_for(|phase| !matches!(phase, Phase::Opening)).await.as_deref() {
            Ok(Phase::Open(welcome)) => Ok(welcome.clone()),
            Ok(Phase::Ended(Err(error))) => Err(error.clone()),
            _ => Err(Error::plain(ErrorKind::Closed)),
        }
    }
}
