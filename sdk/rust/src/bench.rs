//! The client's own work without its network, for those who measure it. Not part of the interface: it changes as the client
//! does.

use crate::columns::{FrameLimits, batch_frame, conform, split};
use crate::error::Error;
use crate::rows::RowColumns;
use crate::sealing::row_too_large;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use lakehead_protocol::FrameBuffer;
use serde::Serialize;

/// Rows on their way to be a batch.
pub struct Rows(RowColumns);

impl Rows {
    /// # Errors
    /// A schema that no table has.
    pub fn new(schema: SchemaRef) -> Result<Self, Error> {
        RowColumns::new(schema).map(Self)
    }

    /// Appends a row; gives the rows there are and about what they take encoded.
    ///
    /// # Errors
    /// A value that its column cannot hold.
    #[inline]
    pub fn push<T: Serialize + ?Sized>(&mut self, row: &T) -> Result<(usize, usize), Error> {
        self.0.push(row)?;
        Ok((self.0.rows(), self.0.bytes()))
    }

    /// # Errors
    /// When Arrow finds the columns inconsistent.
    pub fn seal(&mut self) -> Result<RecordBatch, Error> {
        self.0.seal()
    }
}

/// The frames that a stream of `schema` makes of a batch.
///
/// # Errors
/// Columns that do not conform, or a row that no frame can hold.
pub fn frames(batch: &RecordBatch, schema: &SchemaRef) -> Result<Vec<FrameBuffer>, Error> {
    let limits = FrameLimits::announced(0, 0);
    let columns = conform(batch, schema)?;
    let pieces = split(&columns, 0..columns.rows, limits).map_err(row_too_large)?;
    pieces.iter().map(|piece| batch_frame(&columns, piece, piece.rows.start as u64)).collect()
}
