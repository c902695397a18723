//! Why a row group could not be encoded or a file not be assembled.

use arrow::error::ArrowError;
use parquet::errors::ParquetError;

/// What went wrong between a row group and its place in a file. None of these is worth a retry with the same rows.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    #[error("the table's columns cannot be written as Parquet: {0}")]
    Plan(#[source] ParquetError),
    #[error("a row group has columns {found}, its table's encoding plan has {expected}")]
    Columns { expected: String, found: String },
    #[error("column {column:?} could not be encoded: {cause}")]
    Column { column: String, cause: ParquetError },
    #[error("encoding column {column:?} ended in a panic: {message}")]
    Panic { column: String, message: String },
    #[error("rows of one partition could not be joined: {0}")]
    Join(#[source] ArrowError),
    #[error("joining rows of one partition ended in a panic")]
    JoinPanic,
    #[error("the encoders were stopped before the row group was encoded")]
    Stopped,
    #[error("the Parquet file could not be assembled: {0}")]
    File(#[source] ParquetError),
}
