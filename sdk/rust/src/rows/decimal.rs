//! Decimals as unscaled integers; never rounded.

use arrow::datatypes::DataType as ArrowType;

pub(super) struct Decimals {
    pub precision: u8,
    pub scale: u8,
    pub unscaled: Unscaled,
}

/// As wide as the precision asks for.
pub(super) enum Unscaled {
    Narrow(Vec<i32>),
    Middle(Vec<i64>),
    Wide(Vec<i128>),
}

/// Why a number is no value of a decimal column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotDecimal {
    Text,
    /// More digits behind the point than the scale.
    Fraction,
    /// More digits than the precision leaves before the point.
    Digits,
}

impl Decimals {
    pub(super) fn new(data_type: &ArrowType, precision: u8, scale: u8) -> Option<Self> {
        let unscaled = match data_type {
            ArrowType::Decimal32(1..=9, _) => Unscaled::Narrow(Vec::new()),
            ArrowType::Decimal64(1..=18, _) => Unscaled::Middle(Vec::new()),
            ArrowType::Decimal128(1..=38, _) => Unscaled::Wide(Vec::new()),
            _ => return None,
        };
        (scale <= precision).then_some(Self { precision, scale, unscaled })
    }

    pub(super) fn push_integer(&mut self, value: i128) -> Result<(), NotDecimal> {
        let unscaled = 10i128.pow(self.scale.into()).checked_mul(value).ok_or(NotDecimal::Digits)?;
        self.push_unscaled(unscaled)
    }

    pub(super) fn push_text(&mut self, text: &str) -> Result<(), NotDecimal> {
        let unscaled = parse(text.as_bytes(), self.scale)?;
        self.push_unscaled(unscaled)
    }

    fn push_unscaled(&mut self, unscaled: i128) -> Result<(), NotDecimal> {
        if unscaled.unsigned_abs() >= 10u128.pow(self.precision.into()) {
            return Err(NotDecimal::Digits);
        }
        self.unscaled.push(unscaled);
        Ok(())
    }
}

impl Unscaled {
    /// The number has no more digits than the type.
    pub(super) fn push(&mut self, unscaled: i128) {
        match self {
            Self::Narrow(values) => values.push(unscaled as i32),
            Self::Middle(values) => values.push(unscaled as i64),
            Self::Wide(values) => values.push(unscaled),
        }
    }

    pub(super) fn truncate(&mut self, length: usize) {
        match self {
            Self::Narrow(values) => values.truncate(length),
            Self::Middle(values) => values.truncate(length),
            Self::Wide(values) => values.truncate(length),
        }
    }
}

/// `-12.340`, `+.5`, `7.`, `1.5e3`: the number times ten to the `scale`.
fn parse(text: &[u8], scale: u8) -> Result<i128, NotDecimal> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (mantissa, exponent) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (&text[..at], parse_exponent(&text[at + 1..])?),
        None => (text, 0),
    };
    let point = mantissa.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = point.map_or((mantissa, &[][..]), |at| (&mantissa[..at], &mantissa[at + 1..]));
    let digits = whole.iter().chain(fraction);
    if digits.clone().count() == 0 || !digits.clone().all(u8::is_ascii_digit) {
        return Err(NotDecimal::Text);
    }
    // Zeros at the end say nothing, so that as many digits remain behind the point as are needed.
    let zeros = digits.clone().rev().take_while(|digit| **digit == b'0').count();
    let significant = whole.len() + fraction.len() - zeros;
    let mut value: i128 = 0;
    for digit in digits.take(significant) {
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(i128::from(digit - b'0')))
            .ok_or(NotDecimal::Digits)?;
    }
    if value == 0 {
        return Ok(0);
    }
    let shift = i64::from(scale) + exponent + zeros as i64 - fraction.len() as i64;
    if shift < 0 {
        return Err(NotDecimal::Fraction);
    }
    let factor = u32::try_from(shift).ok().and_then(|shift| 10i128.checked_pow(shift)).ok_or(NotDecimal::Digits)?;
    let value = value.checked_mul(factor).ok_or(NotDecimal::Digits)?;
    Ok(if negative { -value } else { value })
}

fn parse_exponent(text: &[u8]) -> Result<i64, NotDecimal> {
    let text = std::str::from_utf8(text).map_err(|_| NotDecimal::Text)?;
    // Beyond 16 bits no number but zero has a place in any decimal.
    text.parse::<i16>().map(i64::from).map_err(|_| NotDecimal::Text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_are_read_as_written_or_refused() {
        let cases: [(&str, Result<i128, NotDecimal>); 22] = [
            ("12.34", Ok(1_234)),
            ("-12.34", Ok(-1_234)),
            ("+.5", Ok(50)),
            ("7.", Ok(700)),
            ("0", Ok(0)),
            ("-0.000000000000000000000000000000000000000000000", Ok(0)),
            ("12.3400000", Ok(1_234)),
            ("0001.5", Ok(150)),
            ("1.5e3", Ok(150_000)),
            ("150E-2", Ok(150)),
            ("1234e-2", Ok(1_234)),
            ("0e32000", Ok(0)),
            ("12.345", Err(NotDecimal::Fraction)),
            ("1e-3", Err(NotDecimal::Fraction)),
            ("1e300", Err(NotDecimal::Digits)),
            ("999999999999999999999999999999999999999999999", Err(NotDecimal::Digits)),
            ("", Err(NotDecimal::Text)),
            (".", Err(NotDecimal::Text)),
            ("-", Err(NotDecimal::Text)),
            ("1 ", Err(NotDecimal::Text)),
            ("1e", Err(NotDecimal::Text)),
            ("NaN", Err(NotDecimal::Text)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text.as_bytes(), 2), expected, "{text:?}");
        }
    }

    #[test]
    fn thirty_eight_digits_fit_and_no_more() {
        let most = "9".repeat(38);
        let mut decimals = Decimals::new(&ArrowType::Decimal128(38, 0), 38, 0).unwrap();
        assert_eq!(decimals.push_text(&most), Ok(()));
        assert_eq!(decimals.push_text(&format!("-{most}")), Ok(()));
        assert_eq!(decimals.push_text(&format!("1{}", "0".repeat(38))), Err(NotDecimal::Digits));
        assert_eq!(decimals.push_integer(i128::MIN), Err(NotDecimal::Digits));
        let mut fractions = Decimals::new(&ArrowType::Decimal128(38, 38), 38, 38).unwrap();
        assert_eq!(fractions.push_text(&format!("0.{most}")), Ok(()));
        assert_eq!(fractions.push_text("1"), Err(NotDecimal::Digits));
    }

    proptest! {
        #[test]
        fn what_is_written_with_a_point_is_read_back(unscaled in any::<i64>(), scale in 0u8..20) {
            let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale as usize + 1);
            let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
            let text = format!("{}{whole}.{fraction}", if unscaled < 0 { "-" } else { "" });
            prop_assert_eq!(parse(text.as_bytes(), scale), Ok(unscaled.into()));
        }

        #[test]
        fn any_text_is_an_answer(text in ".{0,20}", scale in 0u8..39) {
            let _ = parse(text.as_bytes(), scale);
        }
    }
}
