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
//! | who reads and writes it? | [`carrying`] |
//!
//! # Why each row is there once
//!
//! - A row is decided upon once, and the decision is durable in its log before a cut covers it ([`crate::log::decision`]). So the
//!   log's position in the table of rejected rows says which of an entry's rows are there.
//! - Rows of a stream that went on at another engine were sent to it again. What it finds in the table of rejected rows below
//!   the stream's offset there it does not add again, and whoever comes with an older epoch than the table shows does not
//!   write at all.

pub mod carrying;
pub mod judging;
pub mod rows;
