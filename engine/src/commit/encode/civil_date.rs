//! Dates and times as texts, for years of four digits.

use crate::calendar_day::CalendarDay;

const DAYS_MIN: i64 = -719_162;
const DAYS_MAX: i64 = 2_932_896;
const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

/// First microsecond of the year 1.
pub(super) const MICROSECONDS_MIN: i64 = DAYS_MIN * MICROSECONDS_PER_DAY;
/// Last microsecond of the year 9999.
pub(super) const MICROSECONDS_MAX: i64 = (DAYS_MAX + 1) * MICROSECONDS_PER_DAY - 1;

/// Is the day in the years 1 to 9999, which are all that every reader parses?
pub(super) fn is_four_digit_year(days: i64) -> bool {
    (DAYS_MIN..=DAYS_MAX).contains(&days)
}

/// `2020-01-31`.
pub(super) fn date_text(days: i64) -> String {
    let CalendarDay { year, month, day } = CalendarDay::of(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `2020-01-31T12:00:00.123`.
pub(super) fn timestamp_text(microseconds: i64) -> String {
    let date = date_text(microseconds.div_euclid(MICROSECONDS_PER_DAY));
    let milliseconds = microseconds.rem_euclid(MICROSECONDS_PER_DAY) / 1000;
    let (seconds, millisecond) = (milliseconds / 1000, milliseconds % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{date}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::temporal_conversions::{as_datetime, date32_to_datetime};

    #[test]
    fn every_day_is_the_one_that_arrow_names() {
        for days in DAYS_MIN..=DAYS_MAX {
            let expected = date32_to_datetime(days as i32).unwrap().date().to_string();
            assert_eq!(date_text(days), expected);
        }
        assert_eq!(date_text(DAYS_MIN), "0001-01-01");
        assert_eq!(date_text(DAYS_MAX), "9999-12-31");
    }

    #[test]
    fn timestamps_have_milliseconds() {
        assert_eq!(timestamp_text(1_580_472_000_123_000), "2020-01-31T12:00:00.123");
        assert_eq!(timestamp_text(-1), "1969-12-31T23:59:59.999");
        assert_eq!(timestamp_text(MICROSECONDS_MIN), "0001-01-01T00:00:00.000");
        assert_eq!(timestamp_text(MICROSECONDS_MAX), "9999-12-31T23:59:59.999");
        let expected = as_datetime::<arrow::datatypes::TimestampMicrosecondType>(987_654_321_000).unwrap();
        assert_eq!(timestamp_text(987_654_321_000), expected.format("%Y-%m-%dT%H:%M:%S%.3f").to_string());
    }
}
