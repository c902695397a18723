//! Dates and times of ISO 8601 as RFC 3339 writes them, in the proleptic Gregorian calendar.
//!
//! Years have four digits, or a sign and up to seven. A space or `t` may stand for `T`, seconds may be left out, and digits
//! behind the microsecond are cut.

/// Why a text is no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotTime {
    Text,
    /// It is written well, but too far away for the column.
    Range,
}

/// A moment, or what a clock showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    /// Microseconds since 1970-01-01T00:00Z.
    Instant(i64),
    /// Microseconds since 1970-01-01T00:00 of a clock that does not say where it hangs.
    Local(i64),
}

const DAY_SECONDS: i64 = 86_400;
const SECOND_US: i64 = 1_000_000;

/// Days since 1970-01-01.
pub(super) fn parse_date(text: &str) -> Result<i32, NotTime> {
    let mut cursor = Cursor(text.as_bytes());
    let days = cursor.date().ok_or(NotTime::Text)?;
    cursor.end().ok_or(NotTime::Text)?;
    i32::try_from(days).map_err(|_| NotTime::Range)
}

pub(super) fn parse_time(text: &str) -> Result<Time, NotTime> {
    let mut cursor = Cursor(text.as_bytes());
    let (days, second, fraction_us, offset) = cursor.time().ok_or(NotTime::Text)?;
    let seconds = days * DAY_SECONDS + second - offset.unwrap_or(0);
    // One sum of 128 bits: the first microseconds that there are lie below a whole second that there is not.
    let us = i128::from(seconds) * i128::from(SECOND_US) + i128::from(fraction_us);
    let us = i64::try_from(us).map_err(|_| NotTime::Range)?;
    Ok(if offset.is_some() { Time::Instant(us) } else { Time::Local(us) })
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    /// Days since 1970-01-01, of years of up to seven digits: far from the ends of 64 bits.
    fn date(&mut self) -> Option<i64> {
        let year = match self.0.first()? {
            b'-' => -self.signed_year()?,
            b'+' => self.signed_year()?,
            _ => self.digits(4)?,
        };
        self.one_of(b"-")?;
        let month = self.digits(2)?;
        self.one_of(b"-")?;
        let day = self.digits(2)?;
        ((1..=12).contains(&month) && (1..=days_of_month(year, month)).contains(&day)).then(|| days(year, month, day))
    }

    fn signed_year(&mut self) -> Option<i64> {
        self.0 = &self.0[1..];
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if (4..=7).contains(&digits) { self.digits(digits) } else { None }
    }

    /// Days, seconds of the day, microseconds of the second, and the offset in seconds if there is one.
    fn time(&mut self) -> Option<(i64, i64, i64, Option<i64>)> {
        let days = self.date()?;
        self.one_of(b"Tt ")?;
        let hour = self.digits(2)?;
        self.one_of(b":")?;
        let minute = self.digits(2)?;
        let mut second = 0;
        let mut fraction_us = 0;
        if self.one_of(b":").is_some() {
            second = self.digits(2)?;
            if self.one_of(b".,").is_some() {
                fraction_us = self.fraction_us()?;
            }
        }
        // 60 is a leap second, which clocks like ours count as the one after.
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let offset = self.offset()?;
        Some((days, hour * 3_600 + minute * 60 + second, fraction_us, offset))
    }

    fn fraction_us(&mut self) -> Option<i64> {
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (fraction, rest) = self.0.split_at(digits);
        self.0 = rest;
        let us = |us: i64, place: usize| us * 10 + i64::from(fraction.get(place).map_or(0, |digit| digit - b'0'));
        (digits > 0).then(|| (0..6).fold(0, us))
    }

    /// `Z`, `+02:00` or nothing at all, at the end.
    #[expect(clippy::option_option, reason = "whether it is well written, and whether there is one")]
    fn offset(&mut self) -> Option<Option<i64>> {
        if self.0.is_empty() {
            return Some(None);
        }
        let sign = match self.one_of(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => {
                self.end()?;
                return Some(Some(0));
            }
        };
        let hours = self.digits(2)?;
        self.one_of(b":")?;
        let minutes = self.digits(2)?;
        self.end()?;
        (hours < 24 && minutes < 60).then_some(Some(sign * (hours * 3_600 + minutes * 60)))
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let mut value = 0;
        for digit in digits {
            value = value * 10 + i64::from(char::from(*digit).to_digit(10)?);
        }
        self.0 = rest;
        Some(value)
    }

    fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        bytes.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01: years begin in March here, so that the leap day is the last of its year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    // An era has 146,097 days; year 0 begins 719,468 days before 1970.
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::temporal_conversions::{date32_to_datetime, timestamp_us_to_datetime};
    use proptest::prelude::*;

    #[test]
    fn times_are_read_as_written_or_refused() {
        let day = 20_484 * DAY_SECONDS * SECOND_US;
        let noon = day + 12 * 3_600 * SECOND_US;
        for text in [
            "2026-01-31T12:00:00Z",
            "2026-01-31t12:00:00.000z",
            "2026-01-31 13:30:00.0000009+01:30",
            "2026-01-31T12:00Z",
            "+2026-01-30T23:00:00-13:00",
        ] {
            assert_eq!(parse_time(text), Ok(Time::Instant(noon)), "{text}");
        }
        assert_eq!(parse_time("2026-01-31T12:00:00.25"), Ok(Time::Local(noon + 250_000)));
        assert_eq!(parse_time("2026-01-31T23:59:60Z"), Ok(Time::Instant(day + DAY_SECONDS * SECOND_US)));
        for text in [
            "",
            "2026-01-31",
            "2026-01-31T24:00:00Z",
            "2026-01-31T12:60:00Z",
            "2026-01-31T12:00:00.Z",
            "2026-01-31T12:00:00+1:00",
            "2026-01-31T12:00:00+24:00",
            "2026-01-31T12:00:00Z ",
            "2026-02-29T12:00:00Z",
            "26-01-31T12:00:00Z",
            "12026-01-31T12:00:00Z",
            "2026-1-31T12:00:00Z",
            "２026-01-31T12:00:00Z",
        ] {
            assert_eq!(parse_time(text), Err(NotTime::Text), "{text}");
        }
    }

    #[test]
    fn the_ends_of_both_ranges() {
        assert_eq!(parse_time("-290308-12-21T19:59:05.224192Z"), Ok(Time::Instant(i64::MIN)));
        assert_eq!(parse_time("-290308-12-21T19:59:05.224191Z"), Err(NotTime::Range));
        assert_eq!(parse_time("+294247-01-10T04:00:54.775807Z"), Ok(Time::Instant(i64::MAX)));
        assert_eq!(parse_time("+294247-01-10T04:00:54.775808"), Err(NotTime::Range));
        assert_eq!(parse_date("+5881580-07-11"), Ok(i32::MAX));
        assert_eq!(parse_date("+5881580-07-12"), Err(NotTime::Range));
        assert_eq!(parse_date("-5877641-06-23"), Ok(i32::MIN));
        assert_eq!(parse_date("-5877641-06-22"), Err(NotTime::Range));
        assert_eq!(parse_date("0000-03-01"), Ok(-719_468));
        assert_eq!(parse_date("2000-02-29"), Ok(11_016));
        assert_eq!(parse_date("1900-02-29"), Err(NotTime::Text));
        assert_eq!(parse_date("2026-01-31T00:00:00Z"), Err(NotTime::Text));
    }

    proptest! {
        #[test]
        fn days_that_another_calendar_writes_are_read_back(days in -90_000_000..90_000_000i32) {
            let text = date32_to_datetime(days).unwrap().date().to_string();
            prop_assert_eq!(parse_date(&text), Ok(days));
        }

        #[test]
        fn times_that_another_calendar_writes_are_read_back(us in -8_000_000_000_000_000_000i64..8_000_000_000_000_000_000) {
            let text = timestamp_us_to_datetime(us).unwrap();
            prop_assert_eq!(parse_time(&format!("{text:?}")), Ok(Time::Local(us)));
            prop_assert_eq!(parse_time(&text.and_utc().to_rfc3339()), Ok(Time::Instant(us)));
        }

        #[test]
        fn any_text_is_an_answer(text in "[-+0-9:TZ. é]{0,30}") {
            let _ = (parse_date(&text), parse_time(&text));
        }
    }
}
