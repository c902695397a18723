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
//! before is refused as `FENCED`. An **anonymous** stream lives as long as its connection. When that dies, rows that were
//! sent and not committed are *in doubt*: they may be in the table or not, and [`Error::in_doubt`] names them.
//!
//! # Memory
//!
//! Rows are encoded when they are appended, and the encoded bytes are kept until the server says that they are committed.
//! [`ClientBuilder::memory_bytes_max`] bounds what one stream keeps; [`Stream::append`] waits beyond it.
//!
//! # Where to look
//!
//! | question | file |
//! |---|---|
//! | what a user calls | `client`, `open`, `stream`, `error` |
//! | how a batch becomes frames | `columns` |
//! | what is kept, sent, resent, refused | `outbox`, `session`: no I/O, no clock |
//! | sockets, timers, reconnecting | `driver`, `connection`, `dial` |

mod backoff;
#[doc(hidden)]
pub mod bench;
mod client;
mod code;
mod columns;
mod committed;
mod connection;
mod dial;
mod driver;
mod error;
mod inbox;
mod open;
mod options;
mod outbox;
mod rows;
mod session;
mod shared;
mod stream;

pub use client::{Client, ClientBuilder};
pub use committed::Committed;
pub use error::{Error, ErrorKind};
pub use lakehead_protocol::reject::{RejectCode, Remedy};
pub use open::StreamBuilder;
pub use stream::Stream;

#[cfg(test)]
mod tests;
