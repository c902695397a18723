//! Numbers as they are written, exactly or not at all.

/// The unscaled value of a number with `scale` digits behind the point, if it has no more than those and no more than
/// `precision` in all. Takes signs, points and exponents.
pub fn unscaled(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let text = text.trim();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    // The value is the digits times ten to this.
    let shift = i64::from(exponent) + i64::from(scale) - fraction.len() as i64;
    let length =
        usize::try_from(digits.len() as i64 + shift).ok().filter(|length| *length <= usize::from(precision))?;
    let shifted = match digits.split_at_checked(length) {
        Some((kept, cut)) => cut.bytes().all(|digit| digit == b'0').then(|| kept.to_owned())?,
        None => format!("{digits:0<length$}"),
    };
    let value: i128 = if shifted.is_empty() { 0 } else { shifted.parse().ok()? };
    // Nothing but zeros was kept of a number that is none: it has digits behind the last one that counts.
    if value == 0 {
        return None;
    }
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn digits_are_kept_or_the_number_is_refused() {
        for (text, precision, scale, expected) in [
            ("12.50", 10, 2, Some(1250)),
            ("12.500", 10, 2, Some(1250)),
            ("12.505", 10, 2, None),
            ("-0.01", 10, 2, Some(-1)),
            ("0.001", 10, 2, None),
            ("0", 1, 0, Some(0)),
            ("-0.000", 5, 1, Some(0)),
            ("1e3", 10, 2, Some(100_000)),
            ("1.5E-1", 10, 2, Some(15)),
            ("15e-1", 10, 0, None),
            ("3.0", 19, 0, Some(3)),
            ("99999999999999999999999999999999999999", 38, 0, Some(10_i128.pow(38) - 1)),
            ("100", 2, 0, None),
            ("1e400", 38, 0, None),
            ("1e-400", 38, 38, None),
            ("1e99999999999", 38, 0, None),
            ("", 9, 0, None),
            (".", 9, 0, None),
            ("1.2.3", 9, 3, None),
            ("0x10", 9, 0, None),
            ("NaN", 9, 0, None),
        ] {
            assert_eq!(unscaled(text, precision, scale), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value in -(10i128.pow(38) - 1)..10i128.pow(38), scale in 0i8..38) {
            let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale as usize + 1);
            let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
            let text = format!("{}{whole}.{fraction}", if value < 0 { "-" } else { "" });
            prop_assert_eq!(unscaled(&text, 38, scale), Some(value));
            prop_assert_eq!(unscaled(&format!("{value}e-{scale}"), 38, scale), Some(value));
        }
    }
}
