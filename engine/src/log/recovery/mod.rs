//! What a log has after a stop, clean or not, read from its files.
//!
//! Recovery follows the chain of blocks through the segments in the order of their numbers. Each segment's header says where
//! the chain of the one before it ends, durable when that header was written. In the newest segment the chain ends at the
//! first bad block: either the tail was torn by the stop (nobody was told that it is durable), or acked data is damaged. To
//! tell which, the rest of the segment is searched for headers that were really written there; when one claims durability at
//! or past the bad block, it is damage.
//!
//! Damage is refused ([`RecoveryError`]) with the streams and offsets that it costs, as far as they can be told from what is
//! left. With [`Mode::AcceptLoss`] the log goes on without; the new run notes what was accepted, so that it is not refused
//! again.
//!
//! Nothing is written. Whoever recovers must fdatasync every segment and fsync the directory before it uses the result: what
//! was read may not be on the disk yet.

mod chain;
mod damage;
mod error;
mod naming;
mod read_disk;
mod recovered;
mod window;

pub use chain::recover;
pub use damage::{Cause, Damage, StreamLoss};
pub use error::RecoveryError;
pub(super) use naming::rows_named_in;
pub use read_disk::ReadDisk;
pub use recovered::{Recovered, Tail};

use super::canary::Canary;

/// What to do about damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Refuse.
    Strict,
    /// Go on without what is damaged.
    AcceptLoss,
}

/// How to recover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    pub mode: Mode,
    pub canary: Canary,
}
