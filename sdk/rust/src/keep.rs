//! How long rows are kept for sending again.

use lakehead_protocol::hello::{KEEP_UNTIL_COMMITTED, KEEP_UNTIL_DURABLE};

/// Until when a stream keeps the rows it has sent. The memory it needs grows with the time this takes, and so does what it
/// can make good: a row that is no longer kept cannot be sent again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Keep {
    /// Until they are in the table. Whatever happens to a server, a named stream can go on at any other.
    #[default]
    UntilCommitted,
    /// Until the server has them durably. Less memory where commits are far apart; but when that server's log is lost, or the
    /// stream goes on at a server without it, rows between are refused as `LOST_OR_ELSEWHERE` instead of sent again.
    UntilDurable,
}

impl Keep {
    /// The number in Hello.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::UntilCommitted => KEEP_UNTIL_COMMITTED,
            Self::UntilDurable => KEEP_UNTIL_DURABLE,
        }
    }
}
