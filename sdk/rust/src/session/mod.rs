//! What one stream says to servers, over all its connections. No I/O, no clock.
//!
//! The shell ([`crate::driver`], [`crate::connection`]) carries bytes; here is decided what they are: which Hello a
//! connection begins with, which frames are sent under the credit, what a Welcome, Ack, Reject or a lost connection means
//! for the rows that are kept.
//!
//! # Rules
//!
//! - The first connections *open*; from the first Welcome on a named stream *resumes* with its epoch, so that this producer
//!   can never fence a later one.
//! - A frame is dropped when all its rows are committed, or durable where the stream keeps no longer ([`crate::Keep`]).
//! - After a Welcome, sending goes on at the frame that holds the resume offset. The server trims what it has.
//! - A frame goes to no server that takes no frames of its size.
//! - A server that goes away gets nothing more; once it has committed what it was sent, it is left.
//!
//! # Anonymous streams
//!
//! Servers forget an anonymous stream with its connection, so it goes on only when none of its sent rows is in doubt: all of
//! them were committed, and what is left was never sent. Then a new anonymous stream is opened, whose row 0 is this client's
//! row `base`; nothing can be lost or doubled by that. Otherwise the end of its connection is its end, and the error names
//! the rows in doubt. A server that goes away commits what it has first, so that its anonymous streams go on elsewhere.
//!
//! | question | file |
//! |---|---|
//! | what is remembered | `state` |
//! | Hello and Welcome | `opening` |
//! | acknowledgements, credit, what is sent next | `streaming` |
//! | what the end of a connection means | `ending` |

mod ending;
mod opening;
mod state;
mod streaming;

pub(crate) use ending::Next;
pub(crate) use state::{Identity, Session};
pub(crate) use streaming::Outgoing;

#[cfg(test)]
mod tests;
