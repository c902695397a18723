//! Reject: a refusal, why, and what to do.
//!
//! After a Reject the server discards what the peer sent behind it and closes the connection. The [`Remedy`] is what a
//! client's retry logic needs; the sentence is for the person who reads its log.

use crate::limits::MESSAGE_BYTES_MAX;
use rkyv::{Archive, Deserialize, Serialize};

/// Why something was refused. The number is on the wire and never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum RejectCode {
    /// The bytes are not Lakehead's protocol, or the peer lost its place.
    BadMagic = 1,
    /// The protocol version or archive layout is not spoken here; `version_min` and `version_max` say which are.
    UnsupportedVersion = 2,
    /// The frame kind does not exist.
    UnknownKind = 3,
    /// A checksum of header or payload is wrong.
    BadChecksum = 4,
    /// A length is above the limit for this kind of frame at this point.
    TooLarge = 5,
    /// Header fields or archive are malformed.
    MalformedFrame = 6,
    /// The kind exists but may not be sent now.
    UnexpectedFrame = 7,
    /// The credential is missing or wrong.
    Unauthorized = 8,
    /// The Hello contradicts itself.
    BadHello = 9,
    /// The table does not exist, and is not made from a first schema here or no schema followed.
    UnknownTable = 10,
    /// The table's name is not one.
    BadTableName = 11,
    /// The table cannot be written now.
    TableUnavailable = 12,
    /// The table has a feature or property this engine cannot honour.
    TableUnsupported = 13,
    /// The table is not the one this stream wrote to before.
    TableChanged = 14,
    /// The announced schema does not fit the table, or is not a schema.
    SchemaMismatch = 20,
    /// A batch names a schema id that was not announced, or an id was announced twice.
    UnknownSchema = 21,
    /// Columns, lengths or offsets of the batch contradict the header or schema.
    BadBatch = 22,
    /// A string is not UTF-8.
    InvalidUtf8 = 23,
    /// A NULL in a column that does not allow it.
    NullNotAllowed = 24,
    /// A value that its type cannot hold, such as a decimal with too many digits.
    ValueOutOfRange = 25,
    /// The batch starts above the next expected offset: rows are missing.
    OffsetGap = 30,
    /// Someone opened the stream after this producer. Final for it.
    Fenced = 31,
    /// A later attempt of the same opener is known already.
    StaleAttempt = 32,
    /// Rows this client knows to be durable cannot be shown here and it cannot send them again.
    LostOrElsewhere = 33,
    /// More named streams than the table may have.
    TooManyStreams = 34,
    /// Accepted rows that were not committed were given up because the table moved; resume from the committed offset.
    Discarded = 35,
    /// More was sent than the credit allows.
    CreditExceeded = 40,
    /// Too much is going on here; later it will work.
    Busy = 41,
    /// The peer was silent or too slow in the middle of a frame or handshake.
    TimedOut = 42,
    /// The server stops.
    ShuttingDown = 43,
    /// A fault of the server's own.
    Internal = 99,
}

/// Every code there is.
pub const REJECT_CODES: [RejectCode; 31] = [
    RejectCode::BadMagic,
    RejectCode::UnsupportedVersion,
    RejectCode::UnknownKind,
    RejectCode::BadChecksum,
    RejectCode::TooLarge,
    RejectCode::MalformedFrame,
    RejectCode::UnexpectedFrame,
    RejectCode::Unauthorized,
    RejectCode::BadHello,
    RejectCode::UnknownTable,
    RejectCode::BadTableName,
    RejectCode::TableUnavailable,
    RejectCode::TableUnsupported,
    RejectCode::TableChanged,
    RejectCode::SchemaMismatch,
    RejectCode::UnknownSchema,
    RejectCode::BadBatch,
    RejectCode::InvalidUtf8,
    RejectCode::NullNotAllowed,
    RejectCode::ValueOutOfRange,
    RejectCode::OffsetGap,
    RejectCode::Fenced,
    RejectCode::StaleAttempt,
    RejectCode::LostOrElsewhere,
    RejectCode::TooManyStreams,
    RejectCode::Discarded,
    RejectCode::CreditExceeded,
    RejectCode::Busy,
    RejectCode::TimedOut,
    RejectCode::ShuttingDown,
    RejectCode::Internal,
];

/// What the client does about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Remedy {
    /// The same again, after a pause.
    Retry = 1,
    /// Connect again and resume the stream.
    Resume = 2,
    /// The data or schema must change first.
    FixData = 3,
    /// Nothing this producer can do will help.
    GiveUp = 4,
}

impl RejectCode {
    /// The code with this number, if there is one.
    pub fn from_number(number: u16) -> Option<Self> {
        REJECT_CODES.into_iter().find(|code| *code as u16 == number)
    }

    /// What a client does about it.
    pub fn remedy(self) -> Remedy {
        match self {
            Self::TableUnavailable | Self::Busy | Self::ShuttingDown | Self::Internal => Remedy::Retry,
            Self::Discarded | Self::OffsetGap | Self::TimedOut | Self::StaleAttempt | Self::BadChecksum => {
                Remedy::Resume
            }
            Self::SchemaMismatch
            | Self::UnknownSchema
            | Self::BadBatch
            | Self::InvalidUtf8
            | Self::NullNotAllowed
            | Self::ValueOutOfRange => Remedy::FixData,
            Self::BadMagic
            | Self::UnsupportedVersion
            | Self::UnknownKind
            | Self::TooLarge
            | Self::MalformedFrame
            | Self::UnexpectedFrame
            | Self::Unauthorized
            | Self::BadHello
            | Self::UnknownTable
            | Self::BadTableName
            | Self::TableUnsupported
            | Self::TableChanged
            | Self::Fenced
            | Self::LostOrElsewhere
            | Self::TooManyStreams
            | Self::CreditExceeded => Remedy::GiveUp,
        }
    }
}

/// The frame.
#[derive(Debug, Clone, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct Reject {
    /// A [`RejectCode`]'s number.
    pub code: u16,
    /// A [`Remedy`]'s number: what to do even when the code is newer than the client.
    pub remedy: u8,
    /// Oldest protocol version spoken here.
    pub version_min: u16,
    /// Newest protocol version spoken here.
    pub version_max: u16,
    /// The offset that the refusal is about; the expected one for a gap. Zero when it is about no row.
    pub offset: u64,
    /// Rows that are committed, as far as known.
    pub committed: u64,
    /// A sentence for a person.
    pub message: String,
}

impl Reject {
    /// A refusal about the row at `offset`. Messages are cut at the limit.
    pub fn new(code: RejectCode, offset: u64, message: impl Into<String>) -> Self {
        let mut message: String = message.into();
        if message.len() > MESSAGE_BYTES_MAX {
            let end = (0..=MESSAGE_BYTES_MAX).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
            message.truncate(end);
        }
        Self {
            code: code as u16,
            remedy: code.remedy() as u8,
            version_min: crate::header::VERSION_MIN,
            version_max: crate::header::VERSION_MAX,
            offset,
            committed: 0,
            message,
        }
    }

    /// What to do about it, known code or not.
    pub fn remedy(&self) -> Remedy {
        match self.remedy {
            1 => Remedy::Retry,
            2 => Remedy::Resume,
            3 => Remedy::FixData,
            _ => Remedy::GiveUp,
        }
    }
}
