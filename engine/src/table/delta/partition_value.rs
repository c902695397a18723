//! A value of a partition column in the words of Delta's log.
//!
//! | type | text |
//! |---|---|
//! | string | itself |
//! | binary | its bytes, which are UTF-8 |
//! | boolean | `true`, `false` |
//! | whole numbers | digits |
//! | float, double | as Java writes them: `1.5`, `1.0E10`, `NaN`, `-Infinity`; the sign of zero stays, and all NaN are one |
//! | decimal | with all digits of its scale |
//! | date | `2020-01-31` |
//! | timestamp | `2020-01-31T12:00:00.000000Z`, so that no reader's time zone matters |
//! | timestamp_ntz | `2020-01-31 12:00:00.000000` |
//!
//! NULL is no text. Delta has no text for an empty string or binary either: they become NULL, as with Spark. Years beyond
//! 9999 and before 0 have a sign.

use crate::calendar_day::CalendarDay;
use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal32Type, Decimal64Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use delta_kernel::expressions::Scalar;
use delta_kernel::partition::serialization::serialize_partition_value;

const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

/// Why a value has no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartitionValueError {
    #[error("a table cannot be partitioned by values of type {0}")]
    Type(DataType),
    #[error("a binary value is not UTF-8, which is all that a partition can be named by")]
    NotText,
}

/// Whether values of this type can name partitions.
pub fn can_partition(data_type: &DataType) -> bool {
    use DataType::{
        Binary, Boolean, Date32, Decimal32, Decimal64, Decimal128, Float32, Float64, Int8, Int16, Int32, Int64,
        Timestamp, Utf8,
    };
    match data_type {
        Boolean | Int8 | Int16 | Int32 | Int64 | Float32 | Float64 | Utf8 | Binary | Date32 => true,
        Decimal32(..) | Decimal64(..) | Decimal128(..) => true,
        Timestamp(unit, _) => *unit == TimeUnit::Microsecond,
        _ => false,
    }
}

/// The text of the value in this row; `None` is NULL.
///
/// # Errors
/// [`PartitionValueError`] for what no table is partitioned by.
pub fn partition_value(values: &dyn Array, row: usize) -> Result<Option<String>, PartitionValueError> {
    if values.is_null(row) {
        return Ok(None);
    }
    let text = match values.data_type() {
        DataType::Dictionary(_, _) => {
            let keys = values.as_dictionary_opt::<Int32Type>();
            let keyed = keys.and_then(|keyed| Some((keyed.values(), keyed.key(row)?)));
            let Some((entries, entry)) = keyed else {
                return Err(PartitionValueError::Type(values.data_type().clone()));
            };
            return partition_value(entries, entry);
        }
        DataType::Utf8 => values.as_string::<i32>().value(row).to_owned(),
        DataType::Binary => {
            let bytes = values.as_binary::<i32>().value(row);
            std::str::from_utf8(bytes).map_err(|_| PartitionValueError::NotText)?.to_owned()
        }
        DataType::Boolean => values.as_boolean().value(row).to_string(),
        DataType::Int8 => values.as_primitive::<Int8Type>().value(row).to_string(),
        DataType::Int16 => values.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int32 => values.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => values.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float32 => java_text(&Scalar::Float(values.as_primitive::<Float32Type>().value(row))),
        DataType::Float64 => java_text(&Scalar::Double(values.as_primitive::<Float64Type>().value(row))),
        DataType::Date32 => date_text(values.as_primitive::<Date32Type>().value(row).into()),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let (day, time) = moment_text(values.as_primitive::<TimestampMicrosecondType>().value(row));
            if zone.is_some() { format!("{day}T{time}Z") } else { format!("{day} {time}") }
        }
        DataType::Decimal32(_, scale) => decimal_text(values.as_primitive::<Decimal32Type>().value(row).into(), *scale),
        DataType::Decimal64(_, scale) => decimal_text(values.as_primitive::<Decimal64Type>().value(row).into(), *scale),
        DataType::Decimal128(_, scale) => decimal_text(values.as_primitive::<Decimal128Type>().value(row), *scale),
        other => return Err(PartitionValueError::Type(other.clone())),
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Numbers have a text always.
fn java_text(number: &Scalar) -> String {
    serialize_partition_value(number).ok().flatten().unwrap_or_default()
}

fn date_text(days: i64) -> String {
    let CalendarDay { year, month, day } = CalendarDay::of(days);
    let sign = if year < 0 { "-" } else { "+" };
    let sign = if (0..=9999).contains(&year) { "" } else { sign };
    format!("{sign}{:04}-{month:02}-{day:02}", year.unsigned_abs())
}

fn moment_text(microseconds: i64) -> (String, String) {
    let of_day = microseconds.rem_euclid(MICROSECONDS_PER_DAY);
    let (seconds, fraction) = (of_day / 1_000_000, of_day % 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let day = date_text(microseconds.div_euclid(MICROSECONDS_PER_DAY));
    (day, format!("{hour:02}:{minute:02}:{second:02}.{fraction:06}"))
}

fn decimal_text(unscaled: i128, scale: i8) -> String {
    let (sign, scale) = (if unscaled < 0 { "-" } else { "" }, usize::from(scale.unsigned_abs()));
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{
        ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array,
        Int64Array, StringArray, TimestampMicrosecondArray,
    };
    use delta_kernel::schema::{DataType as DeltaType, PrimitiveType};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn texts(values: ArrayRef) -> Vec<Option<String>> {
        (0..values.len()).map(|row| partition_value(&values, row).unwrap()).collect()
    }

    fn expect<const N: usize>(values: ArrayRef, expected: [Option<&str>; N]) {
        assert_eq!(texts(values), expected.map(|text| text.map(str::to_owned)));
    }

    #[test]
    fn every_type_has_the_text_that_readers_parse() {
        expect(Arc::new(StringArray::from(vec![Some("a/b"), Some(""), None])), [Some("a/b"), None, None]);
        expect(
            Arc::new(BinaryArray::from(vec![Some(&b"HELLO"[..]), Some(&b""[..]), None])),
            [Some("HELLO"), None, None],
        );
        expect(Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])), [Some("true"), Some("false"), None]);
        expect(Arc::new(Int8Array::from(vec![-128, 127])), [Some("-128"), Some("127")]);
        expect(Arc::new(Int64Array::from(vec![i64::MIN, 0])), [Some("-9223372036854775808"), Some("0")]);
        expect(
            Arc::new(Float32Array::from(vec![1.5, f32::MAX, 1e-3])),
            [Some("1.5"), Some("3.4028235E38"), Some("0.001")],
        );
        expect(
            Arc::new(Float64Array::from(vec![f64::NAN, f64::NEG_INFINITY, -0.0, 1e10])),
            [Some("NaN"), Some("-Infinity"), Some("-0.0"), Some("1.0E10")],
        );
        expect(
            Arc::new(Date32Array::from(vec![0, -719_162, 2_932_896, 2_932_897, -719_529])),
            [Some("1970-01-01"), Some("0001-01-01"), Some("9999-12-31"), Some("+10000-01-01"), Some("-0001-12-31")],
        );
        let moments = || TimestampMicrosecondArray::from(vec![-1, 1_718_454_645_000_001]);
        expect(Arc::new(moments()), [Some("1969-12-31 23:59:59.999999"), Some("2024-06-15 12:30:45.000001")]);
        expect(
            Arc::new(moments().with_timezone("UTC")),
            [Some("1969-12-31T23:59:59.999999Z"), Some("2024-06-15T12:30:45.000001Z")],
        );
        let decimal =
            |precision, scale| Decimal128Array::from(vec![-5, 120]).with_precision_and_scale(precision, scale);
        expect(Arc::new(decimal(9, 2).unwrap()), [Some("-0.05"), Some("1.20")]);
        expect(Arc::new(decimal(9, 0).unwrap()), [Some("-5"), Some("120")]);
        expect(Arc::new(decimal(3, 3).unwrap()), [Some("-0.005"), Some("0.120")]);
    }

    fn parsed(kind: PrimitiveType, text: &str) -> Scalar {
        kind.parse_scalar(text).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_the_kernel_reads(
            number in any::<i64>(),
            double in any::<f64>(),
            float in any::<f32>(),
            microseconds in -62_135_596_800_000_000i64..253_402_300_800_000_000,
            unscaled in -10i128.pow(20) + 1..10i128.pow(20),
        ) {
            let one = |values: ArrayRef| texts(values)[0].clone().unwrap();
            prop_assert_eq!(parsed(PrimitiveType::Long, &one(Arc::new(Int64Array::from(vec![number])))), Scalar::Long(number));
            let Scalar::Double(found) = parsed(PrimitiveType::Double, &one(Arc::new(Float64Array::from(vec![double])))) else {
                panic!("no double")
            };
            prop_assert!(found.to_bits() == double.to_bits() || found.is_nan() && double.is_nan());
            let Scalar::Float(found) = parsed(PrimitiveType::Float, &one(Arc::new(Float32Array::from(vec![float])))) else {
                panic!("no float")
            };
            prop_assert!(found.to_bits() == float.to_bits() || found.is_nan() && float.is_nan());
            let moment = TimestampMicrosecondArray::from(vec![microseconds]);
            prop_assert_eq!(
                parsed(PrimitiveType::Timestamp, &one(Arc::new(moment.clone().with_timezone("UTC")))),
                Scalar::Timestamp(microseconds)
            );
            prop_assert_eq!(parsed(PrimitiveType::TimestampNtz, &one(Arc::new(moment))), Scalar::TimestampNtz(microseconds));
            let days = microseconds.div_euclid(MICROSECONDS_PER_DAY) as i32;
            prop_assert_eq!(parsed(PrimitiveType::Date, &one(Arc::new(Date32Array::from(vec![days])))), Scalar::Date(days));
            let decimal = Decimal128Array::from(vec![unscaled]).with_precision_and_scale(20, 7).unwrap();
            let DeltaType::Primitive(kind) = DeltaType::decimal(20, 7).unwrap() else { panic!("no primitive") };
            prop_assert_eq!(parsed(kind, &one(Arc::new(decimal))), Scalar::decimal(unscaled, 20, 7).unwrap());
        }
    }
}
