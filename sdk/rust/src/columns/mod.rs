//! Batches of any Arrow types into the bytes of frames.
//!
//! ```text
//! RecordBatch -> conform -> Columns (trees in the stream's types) -> split -> Piece (rows of one frame) -> encode -> frame
//! ```
//!
//! What a server judges is made true by `conform`, once for a batch: types, NULL rules, digits, keys of dictionaries. `split`
//! and `encode` then work on ranges of rows without looking at values.
//!
//! | question | file |
//! |---|---|
//! | what a conformed column is | `node`, `dictionary` |
//! | which types become which, what is refused | `conform`, `cast`, `list` |
//! | what a stream is opened with | `stream_schema` |
//! | where a batch is cut | `split` |
//! | which bytes are sent | `encode` |

mod cast;
mod conform;
mod dictionary;
mod encode;
mod list;
mod node;
mod path;
mod split;
mod stream_schema;

pub(crate) use conform::conform;
pub(crate) use encode::{SCHEMA_ID, batch_frame};
pub(crate) use node::Columns;
pub(crate) use split::{FrameLimits, Piece, RowOverLimit, split};
pub(crate) use stream_schema::stream_schema;

#[cfg(test)]
pub(crate) mod tests;
