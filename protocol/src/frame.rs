//! Frames out of bytes and into bytes.
//!
//! [`next`] is where a received frame is checked, in this order: magic, version, layout and header checksum, kind, what the
//! peer may send now, length against the limit for that kind now; only then does it ask for the payload, and then checks
//! padding and checksum. Archive and meaning come after ([`crate::archive`], [`crate::batch_check`]), and so does what needs
//! to know the stream: epoch, credit, offsets (the engine's shard).

use crate::FrameBuffer;
use crate::ack::Ack;
use crate::archive::{self, ToArchive, TooLargeToArchive};
use crate::batch::BatchView;
use crate::header::{Header, HeaderError};
use crate::kind::{Kind, PeerState};
use crate::limits::{BATCH_ROWS_MAX, HEADER_BYTES, padded};
use crate::reject::{Reject, RejectCode};
use crate::schema::Schema;

/// A whole frame whose header and checksums are right. The archive is not validated yet.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    pub header: Header,
    /// Exact bytes of the archive, or of what [`Header::compression`] made of it.
    pub payload: &'a [u8],
}

/// What the bytes received so far amount to.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// Not even a header: at least this many bytes more.
    NeedHeader { missing: usize },
    /// An acceptable header whose payload is not complete: the whole frame has `frame_bytes`.
    NeedPayload { header: Header, frame_bytes: usize },
    /// A frame, which took `consumed` bytes.
    Frame { frame: Frame<'a>, consumed: usize },
}

/// Why bytes are not an acceptable frame. The connection cannot go on: its place in the byte stream is lost or untrusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error("a {kind:?} frame may not be sent now (state: {state:?})")]
    Unexpected { kind: Kind, state: PeerState },
    #[error("a {kind:?} frame of {bytes} bytes is over the limit of {limit} here")]
    TooLarge { kind: Kind, bytes: u32, limit: usize },
    #[error("a batch of {rows} rows is over the limit of {BATCH_ROWS_MAX}; send fewer rows at once")]
    TooManyRows { rows: u32 },
    #[error("a frame's padding is not zero")]
    Padding,
    #[error("the payload's checksum is wrong: the bytes changed on the way")]
    Checksum,
}

impl FrameError {
    /// The code under which it is refused.
    pub fn code(&self) -> RejectCode {
        match self {
            Self::Header(HeaderError::Magic) => RejectCode::BadMagic,
            Self::Header(HeaderError::Version { .. } | HeaderError::Layout { .. }) => RejectCode::UnsupportedVersion,
            Self::Header(HeaderError::Checksum) | Self::Checksum => RejectCode::BadChecksum,
            Self::Header(HeaderError::Kind { .. }) => RejectCode::UnknownKind,
            Self::Header(HeaderError::Reserved | HeaderError::Compression) | Self::Padding => {
                RejectCode::MalformedFrame
            }
            Self::Unexpected { .. } => RejectCode::UnexpectedFrame,
            Self::TooLarge { .. } | Self::TooManyRows { .. } => RejectCode::TooLarge,
        }
    }
}

/// Judges the frame at the start of `bytes`, which must be aligned to 16 for its archive to be accessible.
///
/// # Errors
/// The first check that fails, as early as the bytes allow.
pub fn next(bytes: &[u8], state: PeerState) -> Result<Progress<'_>, FrameError> {
    let Some((head, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        return judge_fragment(bytes);
    };
    let header = Header::decode(head)?;
    let kind = header.kind;
    let limit = state.payload_bytes_max(kind).ok_or(FrameError::Unexpected { kind, state })?;
    let largest = header.payload_bytes.max(header.archive_bytes());
    if largest as usize > limit {
        return Err(FrameError::TooLarge { kind, bytes: largest, limit });
    }
    // A boolean is a bit: rows are bounded by themselves.
    if header.rows as usize > BATCH_ROWS_MAX {
        return Err(FrameError::TooManyRows { rows: header.rows });
    }
    let payload_padded = padded(header.payload_bytes as usize);
    let Some(covered) = rest.get(..payload_padded) else {
        return Ok(Progress::NeedPayload { header, frame_bytes: HEADER_BYTES + payload_padded });
    };
    let (payload, padding) = covered.split_at(header.payload_bytes as usize);
    if padding.iter().any(|byte| *byte != 0) {
        return Err(FrameError::Padding);
    }
    if crc32c::crc32c(covered) != header.payload_crc {
        return Err(FrameError::Checksum);
    }
    Ok(Progress::Frame { frame: Frame { header, payload }, consumed: HEADER_BYTES + payload_padded })
}

/// Less than a header: a wrong magic is refused at once, so that a stranger who waits for an answer gets one.
fn judge_fragment(bytes: &[u8]) -> Result<Progress<'_>, FrameError> {
    let seen = bytes.len().min(crate::header::MAGIC.len());
    if bytes[..seen] != crate::header::MAGIC[..seen] {
        return Err(HeaderError::Magic.into());
    }
    Ok(Progress::NeedHeader { missing: HEADER_BYTES - bytes.len() })
}

/// Appends a frame to `out`, whose length must be a multiple of 16. On error `out` is empty.
///
/// # Errors
/// [`TooLargeToArchive`].
pub fn append(out: &mut FrameBuffer, header: Header, value: &impl ToArchive) -> Result<(), TooLargeToArchive> {
    let start = out.len();
    let mut buffer = std::mem::take(out);
    buffer.extend_from_slice(&[0; HEADER_BYTES]);
    buffer = archive::append(buffer, value)?;
    let payload = buffer.len() - start - HEADER_BYTES;
    buffer.resize(start + HEADER_BYTES + padded(payload), 0);
    let payload_bytes = u32::try_from(payload).map_err(|_| TooLargeToArchive)?;
    let payload_crc = crc32c::crc32c(&buffer[start + HEADER_BYTES..]);
    let header = Header { payload_bytes, payload_crc, ..header };
    buffer[start..start + HEADER_BYTES].copy_from_slice(&header.encode());
    *out = buffer;
    Ok(())
}

/// Appends a frame of a kind without rows or schema id.
///
/// # Errors
/// [`TooLargeToArchive`].
pub fn append_control(out: &mut FrameBuffer, kind: Kind, value: &impl ToArchive) -> Result<(), TooLargeToArchive> {
    append(out, Header::control(kind), value)
}

/// Appends a Schema frame.
///
/// # Errors
/// [`TooLargeToArchive`].
pub fn append_schema(out: &mut FrameBuffer, schema_id: u32, schema: &Schema) -> Result<(), TooLargeToArchive> {
    append(out, Header { schema_id, ..Header::control(Kind::Schema) }, schema)
}

/// Appends a Batch frame.
///
/// # Errors
/// [`TooLargeToArchive`].
pub fn append_batch(
    out: &mut FrameBuffer,
    schema_id: u32,
    first_offset: u64,
    rows: u32,
    batch: &BatchView<'_>,
) -> Result<(), TooLargeToArchive> {
    append(out, Header { schema_id, first_offset, rows, ..Header::control(Kind::Batch) }, batch)
}

/// Appends an Ack frame.
///
/// # Errors
/// [`TooLargeToArchive`].
pub fn append_ack(out: &mut FrameBuffer, ack: &Ack) -> Result<(), TooLargeToArchive> {
    append_control(out, Kind::Ack, ack)
}

/// Appends a Reject frame.
///
/// # Errors
/// [`TooLargeToArchive`].
pub fn append_reject(out: &mut FrameBuffer, reject: &Reject) -> Result<(), TooLargeToArchive> {
    append_control(out, Kind::Reject, reject)
}

#[cfg(test)]
mod tests;
