//! Rows that a table cannot hold, into the table of rejected rows beside it.
//!
//! A commit that covers rejected rows is made in two steps: first they come into their table, by a commit of its own, then the
//! cut into the table. A process that dies in between finds the rows by what the table of rejected rows shows: it has entries
//! like any other, positions of logs and offsets of streams.
//!
//! | question | file |
//! |---|---|
//! | which rows are still to go, and upon which entries? | [`judging`] |
//! | what does the table look like? | [`rows`] |
//! | which rows are there? | [`reading`] |
//! | who reads and writes it? | [`carrying`] |
//!
//! # Why each row is there once
//!
//! - A row is decided upon once, and the decision is durable in its log before a cut covers it ([`crate::log::decision`]).
//! - Rows above the log's position, and the stream's offset, that the table of rejected rows shows are not there. Below them are
//!   rows whose process died between the two commits, or whose stream went on at another engine: then the table is read, and
//!   what is there is not added again. It is not enough to go by positions: more rows of an entry may have to be rejected when
//!   the table's rules have changed in between.
//! - Nobody commits for the same log, or the same stream, between the look and the commit; and whoever comes with an older epoch
//!   than the table shows does not write at all.

pub mod carrying;
pub mod judging;
pub mod reading;
pub mod rows;
