use std::fmt::{self, Display, Formatter, Write};

/// Text that cannot be taken for markup, in content and in quoted attributes.
pub struct Escaped<T>(pub T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for letter in self.0.to_string().chars() {
            match letter {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                '\'' => out.write_str("&#39;")?,
                // What XML has no place for.
                '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                    out.write_char('\u{fffd}')?
                }
                other => out.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// A table's first row.
pub fn heading(out: &mut String, names: &[&str]) -> fmt::Result {
    out.push_str("<tr>");
    names.iter().try_for_each(|name| write!(out, "<th>{}</th>", Escaped(name)))?;
    out.push_str("</tr>\n");
    Ok(())
}

/// Milliseconds with the unit that fits.
pub fn latency(milliseconds: f64) -> String {
    in_unit(milliseconds, figure)
}

/// The same for the values of an axis.
pub fn round_latency(milliseconds: f64) -> String {
    in_unit(milliseconds, round_figure)
}

fn in_unit(milliseconds: f64, figure: fn(f64) -> String) -> String {
    match milliseconds {
        value if value >= 1_000.0 => format!("{} s", figure(value / 1_000.0)),
        value if value > 0.0 && value < 0.1 => format!("{} µs", figure(value * 1_000.0)),
        value => format!("{} ms", figure(value)),
    }
}

/// Three digits that matter, thousands apart.
pub fn figure(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    match value.abs() {
        size if size >= 100.0 => count(value.round() as i64),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 || size == 0.0 => format!("{value:.2}"),
        size if size >= 0.01 => format!("{value:.3}"),
        _ => format!("{value:.4}"),
    }
}

/// The same for the values of an axis, which are round.
pub fn round_figure(value: f64) -> String {
    let text = figure(value);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A whole number, thousands apart.
pub fn count(value: impl Into<i128>) -> String {
    let value: i128 = value.into();
    let digits = value.unsigned_abs().to_string();
    let mut text = String::from(if value < 0 { "−" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes with the unit that fits, of a thousand each.
pub fn bytes(value: f64) -> String {
    const UNITS: [(f64, &str); 3] = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    match UNITS.iter().find(|(unit, _)| value >= *unit) {
        Some((unit, name)) => format!("{} {name}", figure(value / unit)),
        None => format!("{} bytes", value.round()),
    }
}

/// A moment in UTC, to the second.
pub fn moment(unix_milliseconds: u64) -> String {
    let seconds = unix_milliseconds / 1_000;
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// Year, month and day, so many days after 1970-01-01. Years begin in March here: the leap day is a year's last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_text() {
        assert_eq!(
            Escaped("<a b=\"c\" d='e'>&\u{1}").to_string(),
            "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;\u{fffd}"
        );
    }

    #[test]
    fn numbers_are_short_and_keep_their_size() {
        assert_eq!(
            [0.0, 0.012, 1.234, 56.78, 999.6, 1_234_567.0].map(figure),
            ["0.00", "0.012", "1.23", "56.8", "1,000", "1,234,567"]
        );
        assert_eq!([0.05, 3.0, 1_500.0].map(latency), ["50.0 µs", "3.00 ms", "1.50 s"]);
        assert_eq!([12.0, 3e3, 4.5e6, 12e9].map(bytes), ["12 bytes", "3.00 kB", "4.50 MB", "12.0 GB"]);
        assert_eq!((count(-1_234), count(123)), ("−1,234".to_owned(), "123".to_owned()));
        assert_eq!(figure(f64::NAN), "–");
        assert_eq!([0.0, 0.25, 50.0, 200.0].map(round_figure), ["0", "0.25", "50", "200"]);
        assert_eq!([0.05, 0.5, 2_000.0].map(round_latency), ["50 µs", "0.5 ms", "2 s"]);
    }

    #[test]
    fn moments_are_dates() {
        assert_eq!(moment(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(moment(951_782_400_000), "2000-02-29 00:00:00 UTC");
        assert_eq!(moment(1_767_225_599_999), "2025-12-31 23:59:59 UTC");
    }
}
