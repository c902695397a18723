//! The write-ahead log of one shard: rows that are acked *durable* stand here until their table has them.
//!
//! Pure: no I/O, clock, thread or random number. [`Log`] is a state machine that says what to do with files
//! ([`LogAction`]) and is told what happened ([`LogEvent`]); [`recover`] reads files through [`ReadDisk`].
//!
//! # Format
//!
//! docs/log-format.md specifies it. A log is a row of numbered *segments*, files of a fixed size. A segment begins with its
//! header ([`segment_header`]) and holds *blocks* ([`block_header`]), 4 KiB aligned, each with the checksum of the one
//! before. A block holds *records* ([`record`]): entries (frames of rows as the client sent them) and live state
//! ([`state_record`]). An entry is whole in one block, so it is never half durable.
//!
//! # Writing
//!
//! Records gather in one block while others are with the disk ([`flush`]): a flush writes what is ready and syncs once. When
//! a segment is full and durable, the next begins with a repeat of the live state ([`live_state`]), so that older segments
//! can go as soon as no entry in them is needed ([`segments`]). An entry is needed until its table has it, or as long as it
//! is held. What one table leaves behind is copied forward when room runs short ([`copying`]); who may append is
//! [`room`]'s.
//!
//! # Faults
//!
//! A crash may keep, lose, tear (at 512 bytes) or reorder every write that was not synced, and every name that was not synced
//! with its directory. What was synced stays. Rot of synced bytes is found by checksums and refused, with the streams and
//! offsets it costs. A client may send bytes that look like blocks. A failed write or sync ends the process.
//!
//! # Invariants
//!
//! - Nothing is called durable before a sync that began after its block, and every block before, was written.
//! - Positions are never given out twice; copies keep theirs.
//! - A segment is opened only when every block before it is durable, so its header vouches for them.
//! - A segment goes only when the record that says so, and everything that made it so, is durable; in the order of numbers.
//! - What is in flight is not touched: its buffer is with the disk until it comes back.
//! - What follows a repeat rests on nothing that the repeat left out.

pub mod action;
pub mod block_header;
pub mod block_view;
pub mod buffer;
pub mod canary;
pub mod claims;
mod copying;
pub mod decision;
#[cfg(any(test, feature = "canary"))]
pub mod fake;
mod fields;
mod flush;
mod gather;
mod index;
pub mod limits;
pub mod live_state;
#[expect(clippy::module_inception, reason = "the room and the thing in it share their name")]
mod log;
pub mod numbers;
pub mod place;
pub mod record;
pub mod recovery;
pub mod room;
mod schema_payload;
pub mod segment;
pub mod segment_header;
mod segments;
pub mod settings;
pub mod state_record;
#[cfg(test)]
mod tests;

pub use action::{DirectorySync, LogAction, LogEvent, SpareError};
pub use block_header::Life;
pub use block_view::{BadBlock, BlockView, open_block};
pub use buffer::{BlockBuffer, HeapBuffer};
pub use canary::Canary;
pub use claims::{Claims, first_claim};
pub use decision::{Decision, Reason};
pub use live_state::{LiveSchema, LiveState, LiveStream, SchemaRecord, StreamRecord, TableRecord};
pub use log::{Appended, Log, NewRows};
pub use numbers::{Point, Position, SchemaNumber, StreamNumber, TableNumber};
pub use place::BlockPlace;
pub use record::{Record, RecordKind};
pub use recovery::{ReadDisk, Recovered, RecoveryError, recover};
pub use room::{Room, Usage};
pub use segment::{Segment, Spare};
pub use settings::Settings;
