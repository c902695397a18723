//! What the end of a connection means for the stream.

use super::state::{Link, Session};
use crate::error::{Error, ErrorKind};
use crate::watermarks::Committed;
use lakehead_protocol::control::Closed;
use lakehead_protocol::reject::{Reject, Remedy};

/// What follows from the end of a connection.
#[derive(Debug, Clone)]
pub(crate) enum Next {
    /// Connect again, after a pause. The error is the stream's should that never work.
    Reconnect { otherwise: Error },
    /// The stream ended in order.
    Finished(Committed),
    /// The stream has failed.
    Failed(Error),
}

impl Next {
    /// Why the connection ended, if not in order.
    pub(crate) fn cause(&self) -> Option<&Error> {
        match self {
            Self::Reconnect { otherwise: error } | Self::Failed(error) => Some(error),
            Self::Finished(_) => None,
        }
    }
}

impl Session {
    /// The server refused something; the connection is over.
    pub(crate) fn rejected(&mut self, mut reject: Reject) -> Next {
        // A refusal may be the only word on rows that were committed since the last Ack. Its version is not told.
        let committed = self.base.saturating_add(reject.committed).min(self.outbox.sent_end());
        if let Err(error) = self.advance(committed, committed, self.committed.version) {
            return Next::Failed(error);
        }
        if let Some(failure) = self.failure() {
            return Next::Failed(failure.with_rows_now(self.open_rows()));
        }
        if self.closing && self.all_committed() {
            self.link = Link::Down;
            return Next::Finished(self.committed);
        }
        if reject.offset > 0 {
            reject.offset = reject.offset.saturating_add(self.base);
        }
        let remedy = reject.remedy();
        let (rows, resumable) = (self.open_rows(), self.can_reconnect());
        self.link = Link::Down;
        let error = Error::refused(reject, rows);
        match remedy {
            Remedy::Retry | Remedy::Resume if resumable => Next::Reconnect { otherwise: error },
            _ => Next::Failed(error),
        }
    }

    /// The server has ended the connection in order.
    pub(crate) fn closed(&mut self, closed: Closed) -> Next {
        let committed = self.base.saturating_add(closed.committed);
        if let Err(error) = self.advance(committed, committed, closed.version) {
            return Next::Failed(error);
        }
        self.lost("the server closed it before all rows were committed")
    }

    /// The connection ended, by whatever cause.
    pub(crate) fn lost(&mut self, cause: &str) -> Next {
        self.link = Link::Down;
        // Rows that made no frame are not among those that are all committed.
        if let Some(failure) = self.failure() {
            return Next::Failed(failure.with_rows_now(self.open_rows()));
        }
        if self.closing && self.all_committed() {
            return Next::Finished(self.committed);
        }
        let error = Error::with_rows(ErrorKind::ConnectionLost { cause: cause.to_owned() }, self.open_rows());
        if self.can_reconnect() { Next::Reconnect { otherwise: error } } else { Next::Failed(error) }
    }
}
