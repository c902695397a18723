//! Rust client of Lakehead: append Arrow batches to a stream of a table, and learn which rows are in the table.
//!
//! ```no_run
//! use arrow::array::{Float64Array, RecordBatch, StringArray};
//! use arrow::datatypes::{DataType, Field, Schema};
//! use lakehead_client::{Client, Error};
//! use std::sync::Arc;
//!
//! # async fn example() -> Result<(), Error> {
//! let schema = Arc::new(Schema::new(vec![
//!     Field::new("device", DataType::Utf8, false),
//!     Field::new("temperature", DataType::Float64, true),
//! ]));
//! let client = Client::builder().server("127.0.0.1:7531").build()?;
//! let mut stream = client.stream("plant.readings").name("gateway-7").schema(schema.clone()).open().await?;
//!
//! // A restarted producer goes on where the table stands: rows below are in it already.
//! let first = stream.resume_offset();
//! println!("going on at row {first}");
//!
//! let columns = (Arc::new(StringArray::from(vec!["a", "b"])), Arc::new(Float64Array::from(vec![20.5, 21.0])));
//! let batch = RecordBatch::try_new(schema, vec![columns.0, columns.1]).expect("columns fit the schema");
//! let end = stream.append(batch).await?;
//!
//! let committed = stream.wait_committed(end).await?;
//! println!("rows up to {} are in table version {}", committed.offset, committed.version);
//! stream.close().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Streams
//!
//! A stream is one producer's ordered rows into one table; an *offset* is a row's index in it, from 0. A **named** stream
//! survives connections, servers and the producer's own restarts: rows that are not committed are kept and sent again, the
//! server drops what it has already, and each row is in the table exactly once. Whoever opens a name last owns it; the one
//! before is refused as `FENCED`. An **anonymous** stream needs no name and leaves nothing in the table. When its connection
//! ends it goes on by itself only if all rows it had sent were committed; otherwise those are *in doubt*: they may be in the
//! table or not, and [`Error::in_doubt`] names them.
//!
//! # Rows and batches
//!
//! [`Stream::append`] takes Arrow batches of any types that mean the stream's columns, nested ones and dictionaries too.
//! [`Stream::append_row`] takes serde values one by one and collects them ([`Batching`]). Both may be used on one stream; rows
//! are in the table in the order of the calls. What does not fit is refused before anything of it is sent, and the stream
//! goes on.
//!
//! # Promises
//!
//! A returned offset promises nothing yet. [`Stream::wait_for`] waits until the rows before it are [`Promise::Durable`] or
//! [`Promise::Committed`], [`Stream::flush`] until all are durable; [`Stream::watch`] follows both as they move. Every
//! `async` call says under *Cancel safety* what dropping its future means.
//!
//! # When servers stop
//!
//! Several servers may be named; they are tried in turn, with pauses that double and are spread by chance, until
//! [`ClientBuilder::give_up_after`]. A server that announces that it will stop is sent nothing more, is heard until it has
//! committed what it had, and is left for the next one. A server with smaller limits than the last gets smaller frames; only
//! rows that are encoded already cannot be cut again (`LIMITS_LOWERED`).
//!
//! # Memory
//!
//! Rows are encoded, and compressed if that is asked for, when they become a batch, and the bytes are kept until
//! they are committed, or durable ([`Keep`]). [`ClientBuilder::memory_bytes_max`] bounds what one stream keeps; appending
//! waits beyond it.
//!
//! # Where to look
//!
//! | question | file |
//! |---|---|
//! | what a user calls | `client`, `open`, `stream`, `append`, `error`, `metrics` |
//! | how a batch becomes frames | `columns` |
//! | how rows become a batch, and when | `rows`, `collected`, `sealing` |
//! | what is kept, sent, resent, refused | `outbox`, `kept_frame`, `session`: no I/O, no clock |
//! | sockets, timers, reconnecting | `driver`, `attempts`, `connection`, `dial` |

mod append;
mod attempts;
mod backoff;
mod batching;
#[doc(hidden)]
pub mod bench;
mod client;
mod code;
mod collected;
mod columns;
mod connection;
mod describe;
mod dial;
mod driver;
mod error;
mod handle;
mod inbox;
mod keep;
mod kept_frame;
mod metrics;
mod open;
mod options;
mod outbox;
mod rows;
mod sealing;
mod session;
mod shared;
mod stream;
mod table;
mod watermarks;

pub use batching::Batching;
pub use client::{Client, ClientBuilder};
pub use error::{Error, ErrorKind};
pub use keep::Keep;
pub use lakehead_protocol::compression::Compression;
pub use lakehead_protocol::reject::{RejectCode, Remedy};
pub use metrics::{Metrics, StreamLabel};
pub use open::StreamBuilder;
pub use stream::Stream;
pub use table::Table;
pub use watermarks::{Committed, Promise, Watermarks};

#[cfg(test)]
mod tests;
