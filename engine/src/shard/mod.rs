//! Pure state of one core: streams, admission, acks, cuts. No I/O, no clock, no thread.
//!
//! A [`Shard`] is a state machine: [`Shard::step`] takes one [`event::Event`] and appends what must be done to a list of
//! [`action::Action`]s, in order. The reactor carries them out; the simulator does so too, with fakes at the other end.
//!
//! | question | file |
//! |---|---|
//! | is this batch accepted, trimmed or refused | [`admission`]; for its partitions: `partition_check` |
//! | who may open a stream, and with which epoch | [`opening`] |
//! | who may resume one, and where does it go on | [`resuming`] |
//! | what happens to an accepted batch | [`batches`] |
//! | how rows become cuts, and commits become acks | [`cuts`] |
//! | how rows become durable | [`logging`], [`log_book`] |
//! | who speaks for the log at a table | [`claiming`], [`table_log`] |
//! | how rows come back from the log | [`replaying`] |
//! | how connections and the shard end | [`closing`] |
//! | what is known of a stream, of a table, of a connection | [`stream`], [`table`], [`connection`] |
//!
//! # Invariants
//!
//! - A stream has at most one owner: the connection whose rows are admitted. An owner has the stream's current epoch.
//! - `committed <= cut_from <= built <= next` for each stream: rows below `committed` are in the table, rows below `cut_from`
//!   are in cuts that were handed over, rows below `built` are in builders, rows below `next` are in the log. Without a log,
//!   or while no replay is going on, `built` equals `next`.
//! - With a log nothing leaves the shard before what it rests on is durable.
//! - While a mint is wanted or in flight the stream has no owner: rows of an older epoch are in the cut that mints the new
//!   one, or in earlier cuts.

pub mod action;
pub mod admission;
pub mod batches;
pub mod canary;
pub mod claiming;
pub mod closing;
pub mod connection;
pub mod cuts;
pub mod event;
mod evolving;
mod log_book;
mod logged_rows;
pub mod logging;
pub mod opening;
mod partition_check;
mod rejecting;
pub mod replaying;
pub mod resuming;
pub mod state;
pub mod stream;
pub mod table;
pub mod table_log;

pub use state::{Settings, Shard};

#[cfg(test)]
mod tests;
