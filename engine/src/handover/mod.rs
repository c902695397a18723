//! What crosses between the data plane and the commit plane.
//!
//! One way: requests and, per table, row groups with the cuts they belong to ([`request`], [`row_group`], [`cut`]). The
//! other way: answers and commit results ([`answer`]). Row groups go through a bounded crossbeam channel per table
//! ([`port`]); a full one stops the sockets of that table and nothing else.
//!
//! # Cuts
//!
//! The commit plane numbers a table's cuts from 1 and asks every shard for the next one ([`answer::Answer::CutWanted`]). A
//! shard answers with the row groups that are left and a [`cut::CutDone`] marker, in that order on the same channel. A row
//! group that a shard seals early carries the number of the cut it will belong to: the next one. The commit plane asks for
//! cut n + 1 only after every shard has answered cut n.
//!
//! It asks on the table's tick, or at once when the cut is large enough ([`cut_size`]): a shard says so of its own rows, the
//! commit plane finds it of the row groups of all shards together.
//!
//! # Logs
//!
//! With a log, a shard's part of a cut says which entries of its log it brings ([`log_part`]), and word of a commit says what
//! the table shows of streams and logs ([`shown`]), so that the shard can go on from there. A shard hands a [`cut::CutDone`]
//! over only when all that it covers is durable.
//!
//! # Rejected rows
//!
//! Rows of an entry that are not for the table go the same way as row groups ([`rejected`]), and come into the table of rejected
//! rows before the cut's commit comes into the table. Offsets and positions count them.
//!
//! # Generations
//!
//! When a cut cannot be committed (another engine moved one of its streams), the table's uncommitted rows are given up:
//! the generation grows by one, every shard drops what it holds for that table and sends its streams back to the committed
//! offset; with a log it builds the rows again from there. Whatever still travels with an older generation is ignored on arrival. Cut numbers go on.

pub mod answer;
pub mod bad_rows;
pub mod cut;
pub mod cut_size;
pub mod evolve;
pub mod log_part;
pub mod policy;
pub mod port;
pub mod rejected;
pub mod request;
pub mod row_group;
pub mod shown;

/// One core's shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShardId(pub u16);

/// An open table, for as long as this process lives: one per resolved URI and `metaData.id`. Never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableKey(pub u32);

/// A refusal on its way to a client: code and sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: lakehead_protocol::reject::RejectCode,
    pub message: String,
}

impl Refusal {
    /// A refusal with this code and sentence.
    pub fn new(code: lakehead_protocol::reject::RejectCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}
