//! Moments for people.

use arrow::array::temporal_conversions::as_datetime_with_timezone;
use arrow::array::timezone::Tz;
use arrow::array::types::TimestampMillisecondType;

/// `2024-02-29T12:00:00Z` of milliseconds since 1970.
pub fn utc(since_1970_ms: i64) -> Option<String> {
    let zone: Tz = "+00:00".parse().ok()?;
    let moment = as_datetime_with_timezone::<TimestampMillisecondType>(since_1970_ms, zone)?;
    Some(moment.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_moment_is_written_in_utc() {
        assert_eq!(super::utc(1_709_208_000_123).unwrap(), "2024-02-29T12:00:00Z");
    }
}
