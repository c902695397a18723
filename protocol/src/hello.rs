//! Hello: the first frame of a connection, at most 4 KiB, judged before anything is allocated for the peer.

use crate::limits::{
    CREDENTIAL_BYTES_MAX, OFFSET_MAX, STREAM_NAME_BYTES_MAX, TABLE_ID_BYTES_MAX, TABLE_NAME_BYTES_MAX,
};
use rkyv::{Archive, Deserialize, Serialize};

/// `mode`: become the stream's newest opener; older ones are fenced for good.
pub const MODE_OPEN: u8 = 1;
/// `mode`: go on as the opener that holds `epoch_major` and `epoch_minor`; FENCED if someone opened the stream since.
pub const MODE_RESUME: u8 = 2;
/// `mode`: answer with the table's schema and version, open nothing.
pub const MODE_DESCRIBE: u8 = 3;

/// Tables keep a stream's epoch under its name with this behind it, so no stream may be called so.
pub const EPOCH_SUFFIX: &str = "/epoch";

/// `keep`: the client keeps rows for resending until they are durable.
pub const KEEP_UNTIL_DURABLE: u8 = 1;
/// `keep`: the client keeps rows for resending until they are committed.
pub const KEEP_UNTIL_COMMITTED: u8 = 2;

/// What a client wants of the connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct Hello {
    /// Name of the table.
    pub table: String,
    /// Name of the stream; empty for an anonymous one.
    pub stream: String,
    /// Identity of the table as an earlier Welcome gave it, or empty: a table made anew under the name is refused.
    pub table_id: String,
    /// Token or empty.
    pub credential: Vec<u8>,
    /// For people: the client's name and version.
    pub client: String,
    /// Who opens: constant over all attempts of one producer's life, so that its own stale attempt cannot fence it.
    pub opener: [u8; 16],
    /// Grows with each connection that `opener` makes for this stream.
    pub attempt: u64,
    /// With [`MODE_RESUME`], the epoch that Welcome gave; otherwise zero.
    pub epoch_major: u64,
    /// With [`MODE_RESUME`], the epoch that Welcome gave; otherwise zero.
    pub epoch_minor: u64,
    /// Highest durable offset that the client has been told.
    pub durable_seen: u64,
    /// Highest committed offset that the client has been told.
    pub committed_seen: u64,
    /// One past the highest offset the client has sent.
    pub sent: u64,
    /// Lowest offset the client can still send again.
    pub resendable_from: u64,
    /// Fingerprint of the schema the client means to send, or zero.
    pub schema_fingerprint: u64,
    /// [`MODE_OPEN`], [`MODE_RESUME`] or [`MODE_DESCRIBE`].
    pub mode: u8,
    /// [`KEEP_UNTIL_DURABLE`] or [`KEEP_UNTIL_COMMITTED`].
    pub keep: u8,
    /// 1 when a Schema frame follows at once, so that a missing table can be made from it; otherwise 0.
    pub schema_follows: u8,
}

/// Why a Hello is not acceptable in itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    #[error("a table name has 1 to {TABLE_NAME_BYTES_MAX} bytes")]
    TableName,
    #[error(
        "a stream name has at most {STREAM_NAME_BYTES_MAX} bytes, no control character, and does not end in {EPOCH_SUFFIX:?}"
    )]
    StreamName,
    #[error("a table's identity has at most {TABLE_ID_BYTES_MAX} bytes")]
    TableId,
    #[error("a credential has at most {CREDENTIAL_BYTES_MAX} bytes")]
    Credential,
    #[error("mode {0} is none: 1 opens, 2 resumes, 3 describes")]
    Mode(u8),
    #[error("keep {0} is none: 1 keeps until durable, 2 until committed")]
    Keep(u8),
    #[error("only a named stream can be resumed")]
    ResumeAnonymous,
    #[error("an offset or flag is out of range")]
    Range,
}

impl Hello {
    /// Judges what can be judged without knowing the table.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), HelloError> {
        if self.table.is_empty() || self.table.len() > TABLE_NAME_BYTES_MAX {
            return Err(HelloError::TableName);
        }
        let reserved = self.stream.ends_with(EPOCH_SUFFIX);
        if self.stream.len() > STREAM_NAME_BYTES_MAX || reserved || self.stream.chars().any(char::is_control) {
            return Err(HelloError::StreamName);
        }
        if self.table_id.len() > TABLE_ID_BYTES_MAX {
            return Err(HelloError::TableId);
        }
        if self.credential.len() > CREDENTIAL_BYTES_MAX {
            return Err(HelloError::Credential);
        }
        if !(MODE_OPEN..=MODE_DESCRIBE).contains(&self.mode) {
            return Err(HelloError::Mode(self.mode));
        }
        if !(KEEP_UNTIL_DURABLE..=KEEP_UNTIL_COMMITTED).contains(&self.keep) {
            return Err(HelloError::Keep(self.keep));
        }
        if self.mode == MODE_RESUME && self.stream.is_empty() {
            return Err(HelloError::ResumeAnonymous);
        }
        let offsets = [self.durable_seen, self.committed_seen, self.sent, self.resendable_from];
        if offsets.into_iter().any(|offset| offset > OFFSET_MAX) || self.schema_follows > 1 {
            return Err(HelloError::Range);
        }
        Ok(())
    }
}
