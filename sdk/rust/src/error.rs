//! What went wrong, whether trying again can help, and which rows it leaves open.

use crate::code::reject_name;
use lakehead_protocol::reject::{Reject, RejectCode, Remedy};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// The error of every operation. A failed stream gives the same one to everybody who asks; it is cheap to clone.
#[derive(Debug, Clone)]
pub struct Error {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    rows: OpenRows,
}

/// Appended rows that the table is not known to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OpenRows {
    /// There are none, or the error is not about a stream.
    None,
    /// A named stream's: whoever opens it again learns the resume offset and sends from there.
    Resumable(Range<u64>),
    /// An anonymous stream's: those that were sent may be in the table or come into it; nobody can ask.
    InDoubt { sent: Range<u64>, unsent: u64 },
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client was asked for something that cannot be.
    #[error("{0}")]
    Configuration(String),
    /// No server gave a working connection for as long as the client was told to try.
    #[error("no server could be used for {tried_for_ms} ms (tried {servers}); last: {last}")]
    Unreachable { servers: String, tried_for_ms: u64, last: String },
    /// A connection ended. It is the end of an anonymous stream with rows in doubt; others go on on another connection.
    #[error("the connection was lost: {cause}")]
    ConnectionLost { cause: String },
    /// The server refused.
    #[error("the server refused ({}): {message}", reject_name(*code))]
    Refused { code: u16, remedy: Remedy, offset: u64, message: String },
    /// The server goes on at rows that this client no longer has, or never had.
    #[error(
        "the server asks for row {asked} but this producer has rows {} to {} only; the table lost rows or another engine has them. Open the stream again and send from its resume offset",
        has.start, has.end
    )]
    OutOfReach { asked: u64, has: Range<u64> },
    /// The server said something that the protocol does not allow.
    #[error("the server broke the protocol: {0}. Client and server may be of different versions")]
    Protocol(String),
    /// The batch does not have the stream's columns.
    #[error("{0}")]
    BatchSchema(String),
    /// The batch has a value that its column cannot hold. `row` counts within the batch.
    #[error("{}column {column:?}: {reason}", row.map_or_else(String::new, |row| format!("row {row}, ")))]
    BatchValue { column: String, row: Option<usize>, reason: String },
    /// One row alone is larger than the server takes. `row` counts within the batch.
    #[error("row {row} of the batch has {found} {unit}, more than the {limit} that a server takes at once")]
    RowTooLarge { row: usize, found: usize, unit: &'static str, limit: usize },
    /// The rows that are kept until they are committed use up what the client may hold.
    #[error(
        "{kept} bytes are kept until they are committed and {needed} more would be over the limit of {limit}; wait for commits or raise memory_bytes_max"
    )]
    MemoryFull { kept: usize, needed: usize, limit: usize },
    /// Rows were encoded for a server that took larger frames than the one at hand, and cannot be cut any more.
    #[error(
        "rows {} to {} are encoded as one batch of {bytes} bytes, and this server takes {bytes_max} bytes and {rows_max} rows at once. Open the stream again and send from its resume offset: what is appended then is cut for this server",
        rows.start, rows.end - 1
    )]
    LimitsLowered { rows: Range<u64>, bytes: u64, bytes_max: u64, rows_max: u64 },
    /// Somebody waits for a row that was not appended.
    #[error("row {asked} was not appended, the stream ends at {end}: nobody would ever commit it")]
    NotAppended { asked: u64, end: u64 },
    /// The stream was closed.
    #[error("the stream is closed; open it again to append more")]
    Closed,
}

impl Error {
    pub(crate) fn plain(kind: ErrorKind) -> Self {
        Self::with_rows(kind, OpenRows::None)
    }

    pub(crate) fn with_rows(kind: ErrorKind, rows: OpenRows) -> Self {
        Self { inner: Arc::new(Inner { kind, rows }) }
    }

    /// The same error about the rows that are open now.
    pub(crate) fn with_rows_now(&self, rows: OpenRows) -> Self {
        Self::with_rows(self.inner.kind.clone(), rows)
    }

    /// What went wrong, for programs that look closer.
    pub fn kind(&self) -> &ErrorKind {
        &self.inner.kind
    }

    /// A stable name for programs and searches. These are the client's own; a refusal has its code's name, such as `FENCED`
    /// for [`RejectCode::Fenced`], and `REFUSED` when the code is newer than this client.
    ///
    /// | code | the stream | what to do |
    /// |---|---|---|
    /// | `CONFIGURATION` | goes on, or is not opened | correct the program |
    /// | `BATCH_SCHEMA` | goes on, or is not opened | correct the columns |
    /// | `BATCH_VALUE` | goes on | correct the value, or leave the row out |
    /// | `ROW_TOO_LARGE` | goes on | make the row smaller |
    /// | `MEMORY_FULL` | goes on | append later; `append` waits by itself |
    /// | `NOT_APPENDED` | goes on | wait for an offset that `append` returned |
    /// | `UNREACHABLE` | is over | open it again when a server is back |
    /// | `CONNECTION_LOST` | is over; it was anonymous | see [`Error::in_doubt`]; give it a name |
    /// | `LIMITS_LOWERED` | is over | open it again and send from its resume offset |
    /// | `OUT_OF_REACH` | is over | open it again and send from its resume offset, if you have those rows |
    /// | `PROTOCOL` | is over | bring client and server to the same version |
    /// | `CLOSED` | is over | open it again to append more |
    /// | a refusal that says retry or resume, such as `BUSY` | is over; a named one tried until patience ended | open it again |
    /// | a refusal of data, such as `SCHEMA_MISMATCH` | is over | correct schema or data, then open it again |
    /// | `FENCED` | is over | another producer has it: stop, or open it to take it back |
    /// | `UNAUTHORIZED`, `UNKNOWN_TABLE`, `TABLE_CHANGED` and the other refusals | is over | what the message says |
    pub fn code(&self) -> &'static str {
        match &self.inner.kind {
            ErrorKind::Configuration(_) => "CONFIGURATION",
            ErrorKind::Unreachable { .. } => "UNREACHABLE",
            ErrorKind::ConnectionLost { .. } => "CONNECTION_LOST",
            ErrorKind::Refused { code, .. } => reject_name(*code),
            ErrorKind::OutOfReach { .. } => "OUT_OF_REACH",
            ErrorKind::Protocol(_) => "PROTOCOL",
            ErrorKind::BatchSchema(_) => "BATCH_SCHEMA",
            ErrorKind::BatchValue { .. } => "BATCH_VALUE",
            ErrorKind::RowTooLarge { .. } => "ROW_TOO_LARGE",
            ErrorKind::MemoryFull { .. } => "MEMORY_FULL",
            ErrorKind::LimitsLowered { .. } => "LIMITS_LOWERED",
            ErrorKind::NotAppended { .. } => "NOT_APPENDED",
            ErrorKind::Closed => "CLOSED",
        }
    }

    /// The refusal's code, when the server refused with one that this client knows.
    pub fn reject_code(&self) -> Option<RejectCode> {
        match &self.inner.kind {
            ErrorKind::Refused { code, .. } => RejectCode::from_number(*code),
            _ => None,
        }
    }

    /// Whether the same again can succeed without repeating a row: opening the stream anew and sending from its resume
    /// offset, or for [`ErrorKind::MemoryFull`] appending later. Never true while rows of an anonymous stream are in doubt.
    pub fn is_retryable(&self) -> bool {
        if matches!(&self.inner.rows, OpenRows::InDoubt { sent, .. } if !sent.is_empty()) {
            return false;
        }
        match &self.inner.kind {
            ErrorKind::Unreachable { .. }
            | ErrorKind::ConnectionLost { .. }
            | ErrorKind::LimitsLowered { .. }
            | ErrorKind::MemoryFull { .. } => true,
            ErrorKind::Refused { remedy, .. } => matches!(remedy, Remedy::Retry | Remedy::Resume),
            _ => false,
        }
    }

    /// Whether the data or its schema must change before it can be accepted.
    pub fn is_data_error(&self) -> bool {
        match &self.inner.kind {
            ErrorKind::Refused { remedy, .. } => *remedy == Remedy::FixData,
            ErrorKind::BatchSchema(_) | ErrorKind::BatchValue { .. } | ErrorKind::RowTooLarge { .. } => true,
            _ => false,
        }
    }

    /// Rows that were sent and are not known to be committed, if any. Of an anonymous stream their fate is unknown:
    /// sending them again could double them. Of a named stream they are resumed by opening it again.
    pub fn in_doubt(&self) -> Option<Range<u64>> {
        match &self.inner.rows {
            OpenRows::None => None,
            OpenRows::Resumable(rows) | OpenRows::InDoubt { sent: rows, .. } => {
                (!rows.is_empty()).then(|| rows.clone())
            }
        }
    }

    /// Rows of an anonymous stream that were appended and never sent, if any: they are not in the table, and sending them
    /// again repeats none.
    pub fn never_sent(&self) -> Option<Range<u64>> {
        match &self.inner.rows {
            OpenRows::InDoubt { sent, unsent } if *unsent > 0 => Some(sent.end..sent.end + unsent),
            _ => None,
        }
    }

    pub(crate) fn refused(reject: Reject, rows: OpenRows) -> Self {
        let remedy = reject.remedy();
        let kind = ErrorKind::Refused { code: reject.code, remedy, offset: reject.offset, message: reject.message };
        Self::with_rows(kind, rows)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.inner.kind)?;
        match &self.inner.rows {
            OpenRows::Resumable(rows) if !rows.is_empty() => {
                write!(
                    out,
                    ". Rows {} to {} are not known to be committed; open the stream again and send from its resume offset",
                    rows.start,
                    rows.end - 1
                )
            }
            OpenRows::InDoubt { sent, unsent } => {
                if !sent.is_empty() {
                    write!(
                        out,
                        ". Rows {} to {} are in doubt, because the stream has no name: look in the table before you send them again",
                        sent.start,
                        sent.end - 1
                    )?;
                }
                if *unsent > 0 {
                    write!(out, ". {unsent} rows from {} on were never sent", sent.end)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
