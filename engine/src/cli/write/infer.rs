//! What a column of flat values holds, judged by all of them.
//!
//! A column is the narrowest of boolean, long, double, date, timestamp and string that every field reads as. Longs among
//! doubles are doubles and dates among timestamps are timestamps; any other mixture is a string, so nothing is ever lost.
//! That includes whole numbers too large for a long, and timestamps of which only some say their offset.

use super::value::parses;
use arrow::datatypes::{DataType, TimeUnit};

/// What the fields seen so far have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Nothing but NULL was seen.
    #[default]
    Unknown,
    Boolean,
    Long,
    Double,
    Date,
    /// With an offset from UTC.
    Timestamp,
    /// Without one.
    TimestampNtz,
    String,
}

impl Kind {
    /// What the fields seen so far and this one have in common.
    #[must_use]
    pub fn with(self, field: &str) -> Self {
        match self {
            Self::String => self,
            // Most fields are what those before were: ask that first.
            Self::Long if parses(&DataType::Int64, field) => self,
            Self::Unknown
            | Self::Boolean
            | Self::Long
            | Self::Double
            | Self::Date
            | Self::Timestamp
            | Self::TimestampNtz => self.join(Self::of(field)),
        }
    }

    fn of(field: &str) -> Self {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if parses(&DataType::Boolean, field) {
            Self::Boolean
        } else if digits(field.strip_prefix(['+', '-']).unwrap_or(field)) {
            // A double would round what a long cannot hold.
            if parses(&DataType::Int64, field) { Self::Long } else { Self::String }
        } else if is_date(field) && parses(&DataType::Date32, field) {
            Self::Date
        } else if is_timestamp(field) && parses(&DataType::Timestamp(TimeUnit::Microsecond, None), field) {
            if has_offset(field) { Self::Timestamp } else { Self::TimestampNtz }
        } else if field.bytes().any(|byte| byte.is_ascii_digit()) && parses(&DataType::Float64, field) {
            Self::Double
        } else {
            Self::String
        }
    }

    /// What a JSON string is: a date or timestamp if it reads as one.
    pub fn of_text(text: &str) -> Self {
        match Self::of(text) {
            moment @ (Self::Date | Self::Timestamp | Self::TimestampNtz) => moment,
            _ => Self::String,
        }
    }

    /// What both have in common.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::Unknown, known) | (known, Self::Unknown) => known,
            (Self::Long, Self::Double) | (Self::Double, Self::Long) => Self::Double,
            (Self::Date, Self::TimestampNtz) | (Self::TimestampNtz, Self::Date) => Self::TimestampNtz,
            _ => Self::String,
        }
    }

    /// The column's Arrow type.
    pub fn data_type(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Long => DataType::Int64,
            Self::Double => DataType::Float64,
            Self::Date => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::TimestampNtz => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Unknown | Self::String => DataType::Utf8,
        }
    }
}

fn is_date(field: &str) -> bool {
    let bytes = field.as_bytes();
    bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-'
}

fn is_timestamp(field: &str) -> bool {
    field.get(..10).is_some_and(is_date) && matches!(field.as_bytes().get(10), Some(b'T' | b' '))
}

fn has_offset(timestamp: &str) -> bool {
    timestamp.get(11..).is_some_and(|time| time.contains(['Z', 'z', '+', '-']))
}
