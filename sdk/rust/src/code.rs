//! Names of refusals, as programs compare and people search them.

use lakehead_protocol::reject::RejectCode;

/// The stable name of a refusal's number; a number newer than this client is `REFUSED`.
pub(crate) fn reject_name(number: u16) -> &'static str {
    match RejectCode::from_number(number) {
        None => "REFUSED",
        Some(code) => match code {
            RejectCode::BadMagic => "BAD_MAGIC",
            RejectCode::UnsupportedVersion => "UNSUPPORTED_VERSION",
            RejectCode::UnknownKind => "UNKNOWN_KIND",
            RejectCode::BadChecksum => "BAD_CHECKSUM",
            RejectCode::TooLarge => "TOO_LARGE",
            RejectCode::MalformedFrame => "MALFORMED_FRAME",
            RejectCode::UnexpectedFrame => "UNEXPECTED_FRAME",
            RejectCode::Unauthorized => "UNAUTHORIZED",
            RejectCode::BadHello => "BAD_HELLO",
            RejectCode::UnknownTable => "UNKNOWN_TABLE",
            RejectCode::BadTableName => "BAD_TABLE_NAME",
            RejectCode::TableUnavailable => "TABLE_UNAVAILABLE",
            RejectCode::TableUnsupported => "TABLE_UNSUPPORTED",
            RejectCode::TableChanged => "TABLE_CHANGED",
            RejectCode::SchemaMismatch => "SCHEMA_MISMATCH",
            RejectCode::UnknownSchema => "UNKNOWN_SCHEMA",
            RejectCode::BadBatch => "BAD_BATCH",
            RejectCode::InvalidUtf8 => "INVALID_UTF8",
            RejectCode::NullNotAllowed => "NULL_NOT_ALLOWED",
            RejectCode::ValueOutOfRange => "VALUE_OUT_OF_RANGE",
            RejectCode::OffsetGap => "OFFSET_GAP",
            RejectCode::Fenced => "FENCED",
            RejectCode::StaleAttempt => "STALE_ATTEMPT",
            RejectCode::LostOrElsewhere => "LOST_OR_ELSEWHERE",
            RejectCode::TooManyStreams => "TOO_MANY_STREAMS",
            RejectCode::Discarded => "DISCARDED",
            RejectCode::CreditExceeded => "CREDIT_EXCEEDED",
            RejectCode::Busy => "BUSY",
            RejectCode::TimedOut => "TIMED_OUT",
            RejectCode::ShuttingDown => "SHUTTING_DOWN",
            RejectCode::Internal => "INTERNAL",
        },
    }
}
