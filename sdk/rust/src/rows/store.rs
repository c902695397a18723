//! Which value is stored how: one function for each kind of value that serde has.

use super::column::{Column, full, push_bytes};
use super::decimal::NotDecimal;
use super::refusal::Refusal;
use super::time::{NotTime, Time, parse_date, parse_time};
use super::values::Values;
use super::written::Written;

impl Column {
    #[inline]
    pub(super) fn store_boolean(&mut self, value: bool) -> Result<Written, Refusal> {
        let Values::Boolean(bits) = &mut self.values else { return Err(self.refused("a boolean")) };
        bits.append(value);
        Ok(self.stored())
    }

    #[inline]
    pub(super) fn store_integer(&mut self, value: i64) -> Result<Written, Refusal> {
        match &mut self.values {
            Values::Long(values) | Values::Timestamp(values) | Values::TimestampNtz(values) => values.push(value),
            Values::Integer(values) | Values::Date(values) => match i32::try_from(value) {
                Ok(value) => values.push(value),
                Err(_) => return Err(self.does_not_fit(value.into())),
            },
            Values::Short(values) => match i16::try_from(value) {
                Ok(value) => values.push(value),
                Err(_) => return Err(self.does_not_fit(value.into())),
            },
            Values::Byte(values) => match i8::try_from(value) {
                Ok(value) => values.push(value),
                Err(_) => return Err(self.does_not_fit(value.into())),
            },
            _ => return self.store_wide(value.into()),
        }
        Ok(self.stored())
    }

    /// Integers beyond 64 bits, and of columns that are none.
    pub(super) fn store_wide(&mut self, value: i128) -> Result<Written, Refusal> {
        match &mut self.values {
            Values::Double(values) if significant_bits(value) <= f64::MANTISSA_DIGITS => values.push(value as f64),
            Values::Float(values) if significant_bits(value) <= f32::MANTISSA_DIGITS => values.push(value as f32),
            Values::Decimal(decimals) => {
                if let Err(why) = decimals.push_integer(value) {
                    return Err(self.not_decimal(&value.to_string(), why));
                }
            }
            Values::Boolean(_)
            | Values::String(_)
            | Values::Binary(_)
            | Values::Struct(_)
            | Values::Array(_)
            | Values::Map(_) => return Err(self.refused("an integer")),
            Values::Double(_) | Values::Float(_) => return Err(self.does_not_fit(value)),
            _ => match i64::try_from(value) {
                Ok(value) => return self.store_integer(value),
                Err(_) => return Err(self.does_not_fit(value)),
            },
        }
        Ok(self.stored())
    }

    #[inline]
    pub(super) fn store_float(&mut self, value: f32) -> Result<Written, Refusal> {
        match &mut self.values {
            Values::Float(values) => values.push(value),
            Values::Double(values) => values.push(value.into()),
            _ => return Err(self.refused("a float")),
        }
        Ok(self.stored())
    }

    #[inline]
    pub(super) fn store_double(&mut self, value: f64) -> Result<Written, Refusal> {
        match &mut self.values {
            Values::Double(values) => values.push(value),
            Values::Float(values) => {
                let narrow = value as f32;
                if f64::from(narrow) != value && !value.is_nan() {
                    return Err(self.unfit(&value.to_string()));
                }
                values.push(narrow);
            }
            _ => return Err(self.refused("a float")),
        }
        Ok(self.stored())
    }

    #[inline]
    pub(super) fn store_text(&mut self, value: &str) -> Result<Written, Refusal> {
        let Values::String(text) = &mut self.values else { return self.store_parsed(value) };
        text.push(value).map_err(|_| full())?;
        Ok(self.stored())
    }

    /// Texts that mean something else.
    fn store_parsed(&mut self, text: &str) -> Result<Written, Refusal> {
        match &mut self.values {
            Values::Decimal(decimals) => {
                if let Err(why) = decimals.push_text(text) {
                    return Err(self.not_decimal(text, why));
                }
            }
            Values::Date(values) => match parse_date(text) {
                Ok(days) => values.push(days),
                Err(why) => return Err(self.not_time(text, why)),
            },
            Values::Timestamp(values) => match parse_time(text) {
                Ok(Time::Instant(us)) => values.push(us),
                Ok(Time::Local(_)) => {
                    return Err(self.bad_text(text, "has no offset, so that it could be any of a day's instants"));
                }
                Err(why) => return Err(self.not_time(text, why)),
            },
            Values::TimestampNtz(values) => match parse_time(text) {
                Ok(Time::Local(us)) => values.push(us),
                Ok(Time::Instant(_)) => {
                    return Err(self.bad_text(text, "has an offset, which a clock without zone has not"));
                }
                Err(why) => return Err(self.not_time(text, why)),
            },
            _ => return Err(self.refused("a string")),
        }
        Ok(self.stored())
    }

    pub(super) fn store_bytes(&mut self, value: &[u8]) -> Result<Written, Refusal> {
        let Values::Binary(bytes) = &mut self.values else { return Err(self.refused("a byte string")) };
        push_bytes(bytes, value)?;
        Ok(self.stored())
    }

    #[inline]
    fn stored(&mut self) -> Written {
        self.length += 1;
        Written::one_value()
    }

    #[cold]
    pub(super) fn refused(&self, what: &str) -> Refusal {
        if self.field.name().is_empty() {
            return Refusal::new(format!("a row is a struct, or a map with strings as keys, and not {what}"));
        }
        Refusal::new(format!("{what} cannot be stored as {}; {}", self.values, self.values.hint()))
    }

    #[cold]
    fn does_not_fit(&self, value: i128) -> Refusal {
        self.unfit(&value.to_string())
    }

    #[cold]
    fn unfit(&self, value: &str) -> Refusal {
        Refusal::new(format!("{value} does not fit {}; {}", self.values, self.values.hint()))
    }

    #[cold]
    fn bad_text(&self, text: &str, why: &str) -> Refusal {
        const SHOWN_CHARACTERS: usize = 64;
        let shown: String = text.chars().take(SHOWN_CHARACTERS).collect();
        let more = if shown.len() < text.len() { "…" } else { "" };
        Refusal::new(format!("\"{}{more}\" {why}; {}", shown.escape_debug(), self.values.hint()))
    }

    #[cold]
    fn not_time(&self, text: &str, why: NotTime) -> Refusal {
        match why {
            NotTime::Text => self.bad_text(text, &format!("is no {}", self.values)),
            NotTime::Range => self.bad_text(text, &format!("is too far away for {}", self.values)),
        }
    }

    #[cold]
    fn not_decimal(&self, text: &str, why: NotDecimal) -> Refusal {
        match why {
            NotDecimal::Text => self.bad_text(text, "is no decimal number"),
            NotDecimal::Fraction => {
                self.bad_text(text, &format!("has more digits behind the point than {} keeps", self.values))
            }
            NotDecimal::Digits => self.bad_text(text, &format!("has more digits than {} holds", self.values)),
        }
    }
}

/// From the first to the last bit that is set: what a float needs to hold the integer exactly.
fn significant_bits(value: i128) -> u32 {
    let magnitude = value.unsigned_abs();
    if magnitude == 0 { 0 } else { u128::BITS - magnitude.leading_zeros() - magnitude.trailing_zeros() }
}
