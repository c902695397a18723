//! The least or greatest value of a column, from a chunk's metadata to what Delta readers may be told.
//!
//! Two steps. [`Extreme::of_chunk`] takes what the Parquet writer saw, exact or truncated the safe way. [`Bound::published`]
//! turns it into something every reader understands, always outwards (a least value may sink, a greatest may rise) and
//! rather not at all than wrong: readers skip files by these values.

use super::civil_date::{MICROSECONDS_MAX, MICROSECONDS_MIN, is_four_digit_year};
use arrow::datatypes::DataType;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;
use std::cmp::Ordering;

/// Characters of a string that Delta statistics keep.
const TEXT_CHARACTERS_MAX: usize = 32;
const MICROSECONDS_PER_MILLISECOND: i64 = 1000;

/// Which end of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Least,
    Greatest,
}

/// A value at an end. All values of a column are of one kind, which its Arrow type gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bound {
    /// Integers; days of dates; microseconds of timestamps.
    Integer(i64),
    /// The unscaled value.
    Decimal(i128),
    Float(f64),
    Text(String),
}

/// What is known of one end of a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Extreme {
    /// No values yet but nulls.
    NoValues,
    Known(Bound),
    /// There is no bound that holds: not a number, a type without order, no statistics.
    Unknown,
}

impl Extreme {
    /// Both ends of a chunk's values.
    pub(super) fn of_chunk(data_type: &DataType, chunk: &ColumnChunkMetaData) -> [Self; 2] {
        let Some(statistics) = chunk.statistics() else { return [Self::Unknown, Self::Unknown] };
        if statistics.null_count_opt() == u64::try_from(chunk.num_values()).ok() {
            return [Self::NoValues, Self::NoValues];
        }
        // A NaN is neither below nor above anything: no interval holds it.
        if data_type.is_floating() && statistics.nan_count_opt() != Some(0) {
            return [Self::Unknown, Self::Unknown];
        }
        [End::Least, End::Greatest]
            .map(|end| Bound::of_statistics(data_type, statistics, end).map_or(Self::Unknown, Self::Known))
    }

    /// The end of these and `other`'s values together.
    pub(super) fn merge(&mut self, other: Self, end: End) {
        let outer = match (&*self, &other) {
            (Self::Unknown, _) | (_, Self::NoValues) => return,
            (Self::Known(held), Self::Known(found)) => match (found.compare(held), end) {
                (None, _) => Self::Unknown,
                (Some(Ordering::Less), End::Least) | (Some(Ordering::Greater), End::Greatest) => other,
                (Some(_), _) => return,
            },
            (Self::NoValues, _) | (_, Self::Unknown) => other,
        };
        *self = outer;
    }

    /// What readers may be told of a column of this type.
    pub(super) fn published(&self, data_type: &DataType, end: End) -> Option<Bound> {
        match self {
            Self::Known(bound) => bound.published(data_type, end),
            Self::NoValues | Self::Unknown => None,
        }
    }
}

impl Bound {
    /// Does Delta keep least and greatest values of this type?
    pub(super) fn exists_for(data_type: &DataType) -> bool {
        use DataType::{Date32, Decimal32, Decimal64, Decimal128, Timestamp, Utf8};
        data_type.is_signed_integer()
            || data_type.is_floating()
            || matches!(data_type, Date32 | Timestamp(..) | Utf8 | Decimal32(..) | Decimal64(..) | Decimal128(..))
    }

    /// Some value of the kind that columns of this type have.
    pub(super) fn stand_in(data_type: &DataType) -> Self {
        match data_type {
            DataType::Utf8 => Self::Text(String::new()),
            floating if floating.is_floating() => Self::Float(0.0),
            decimal if decimal.is_decimal() => Self::Decimal(0),
            _ => Self::Integer(0),
        }
    }

    fn of_statistics(data_type: &DataType, statistics: &Statistics, end: End) -> Option<Self> {
        fn pick<'a, T>(end: End, least: Option<&'a T>, greatest: Option<&'a T>) -> Option<&'a T> {
            if end == End::Least { least } else { greatest }
        }
        if !Self::exists_for(data_type) {
            return None;
        }
        let decimal = data_type.is_decimal();
        match statistics {
            Statistics::Int32(found) => {
                let value = *pick(end, found.min_opt(), found.max_opt())?;
                Some(if decimal { Self::Decimal(value.into()) } else { Self::Integer(value.into()) })
            }
            Statistics::Int64(found) => {
                let value = *pick(end, found.min_opt(), found.max_opt())?;
                Some(if decimal { Self::Decimal(value.into()) } else { Self::Integer(value) })
            }
            Statistics::Float(found) => Some(Self::Float((*pick(end, found.min_opt(), found.max_opt())?).into())),
            Statistics::Double(found) => Some(Self::Float(*pick(end, found.min_opt(), found.max_opt())?)),
            Statistics::FixedLenByteArray(found) if decimal => pick(end, found.min_opt(), found.max_opt())
                .and_then(|bytes| big_endian(bytes.data()))
                .map(Self::Decimal),
            Statistics::ByteArray(found) => {
                let text = pick(end, found.min_opt(), found.max_opt())?.as_utf8().ok()?;
                Some(Self::Text(text.to_owned()))
            }
            Statistics::FixedLenByteArray(_) | Statistics::Boolean(_) | Statistics::Int96(_) => None,
        }
    }

    /// `None` for values of different kinds, which one column cannot have.
    fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(one), Self::Integer(two)) => Some(one.cmp(two)),
            (Self::Decimal(one), Self::Decimal(two)) => Some(one.cmp(two)),
            (Self::Float(one), Self::Float(two)) => Some(one.total_cmp(two)),
            (Self::Text(one), Self::Text(two)) => Some(one.cmp(two)),
            _ => None,
        }
    }

    fn published(&self, data_type: &DataType, end: End) -> Option<Self> {
        match (self, data_type) {
            (Self::Integer(days), DataType::Date32) => is_four_digit_year(*days).then(|| self.clone()),
            (Self::Integer(microseconds), DataType::Timestamp(..)) => {
                // Statistics have milliseconds.
                let down = microseconds.div_euclid(MICROSECONDS_PER_MILLISECOND);
                let whole = microseconds.rem_euclid(MICROSECONDS_PER_MILLISECOND) == 0;
                let milliseconds = if end == End::Least || whole { down } else { down + 1 };
                let rounded = milliseconds.checked_mul(MICROSECONDS_PER_MILLISECOND)?;
                (MICROSECONDS_MIN..=MICROSECONDS_MAX).contains(&rounded).then_some(Self::Integer(rounded))
            }
            (Self::Float(value), _) if !value.is_finite() => None,
            // Both zeros are equal to some readers and ordered to others; these hold for both.
            (Self::Float(0.0), _) => Some(Self::Float(if end == End::Least { -0.0 } else { 0.0 })),
            (Self::Text(text), _) => published_text(text, end).map(Self::Text),
            (Self::Integer(_) | Self::Decimal(_) | Self::Float(_), _) => Some(self.clone()),
        }
    }
}

fn big_endian(bytes: &[u8]) -> Option<i128> {
    let negative = *bytes.first()? >= 0x80;
    let mut wide = [if negative { 0xff } else { 0 }; 16];
    wide.get_mut(16usize.checked_sub(bytes.len())?..)?.copy_from_slice(bytes);
    Some(i128::from_be_bytes(wide))
}

/// The text, or its first characters; for the greatest one the next text of that length, if there is one.
fn published_text(text: &str, end: End) -> Option<String> {
    let Some((cut, _)) = text.char_indices().nth(TEXT_CHARACTERS_MAX) else { return Some(text.to_owned()) };
    let prefix = text.get(..cut)?;
    if end == End::Least {
        return Some(prefix.to_owned());
    }
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        if let Some(next) = next_character(last) {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

fn next_character(character: char) -> Option<char> {
    (u32::from(character) + 1..=u32::from(char::MAX)).find_map(char::from_u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_are_cut_outwards() {
        let long = "x".repeat(40);
        assert_eq!(published_text(&long, End::Least), Some("x".repeat(32)));
        assert_eq!(published_text(&long, End::Greatest), Some("x".repeat(31) + "y"));
        let exact = "ü".repeat(32);
        assert_eq!(published_text(&exact, End::Greatest), Some(exact.clone()));
        let last = char::MAX.to_string().repeat(33);
        assert_eq!(published_text(&last, End::Greatest), None);
        assert_eq!(published_text(&format!("a{last}"), End::Greatest), Some("b".to_owned()));
        // The next character jumps over the surrogates.
        let edge = "\u{d7ff}".repeat(33);
        assert!(published_text(&edge, End::Greatest).unwrap().ends_with('\u{e000}'));
    }

    proptest! {
        #[test]
        fn a_text_lies_between_its_own_bounds(text in "\\PC{0,80}") {
            prop_assert!(published_text(&text, End::Least).unwrap() <= text);
            if let Some(greatest) = published_text(&text, End::Greatest) {
                prop_assert!(greatest >= text);
                prop_assert!(greatest.chars().count() <= TEXT_CHARACTERS_MAX);
            }
        }

        #[test]
        fn a_timestamp_lies_between_its_own_bounds(microseconds in MICROSECONDS_MIN..=MICROSECONDS_MAX) {
            let data_type = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None);
            let bound = Bound::Integer(microseconds);
            let Some(Bound::Integer(least)) = bound.published(&data_type, End::Least) else { panic!() };
            prop_assert!(least <= microseconds && microseconds - least < 1000);
            if let Some(Bound::Integer(greatest)) = bound.published(&data_type, End::Greatest) {
                prop_assert!(greatest >= microseconds && greatest - microseconds < 1000);
            }
        }
    }

    #[test]
    fn what_json_or_a_calendar_cannot_say_is_not_said() {
        let timestamp = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None);
        for (bound, data_type) in [
            (Bound::Float(f64::NEG_INFINITY), DataType::Float64),
            (Bound::Integer(i32::MIN.into()), DataType::Date32),
            (Bound::Integer(i64::MIN), timestamp.clone()),
            (Bound::Integer(i64::MAX), timestamp),
        ] {
            assert_eq!(bound.published(&data_type, End::Least), None, "{bound:?}");
            assert_eq!(bound.published(&data_type, End::Greatest), None, "{bound:?}");
        }
    }
}
