//! A file's statistics as an Arrow struct of one row, the way table libraries take them.

use super::bound::{Bound, End};
use super::statistics::FileStatistics;
use super::told::Told;
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array, Int16Array,
    Int32Array, Int64Array, StringArray, StructArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::{DataType, Field};
use std::sync::Arc;

impl FileStatistics {
    /// `numRecords`, `nullCount`, `minValues`, `maxValues`, `tightBounds`. A bound that is not known is null; decimals have
    /// 128 bits, other bounds their column's type. See [`Self::has_stand_ins`].
    pub fn to_struct(&self) -> StructArray {
        let mut members = vec![member("numRecords", long(self.rows()))];
        let nulls = self.nulls().iter().map(|told| nested(told, &|_: &Field, nulls: &u64| long(*nulls))).collect();
        members.extend(section("nullCount", nulls));
        for (name, end) in [("minValues", End::Least), ("maxValues", End::Greatest)] {
            let bound = |field: &Field, bound: &Option<Bound>| value(bound.as_ref(), field.data_type());
            members
                .extend(section(name, self.bounds_for_library(end).iter().map(|told| nested(told, &bound)).collect()));
        }
        members.push(member("tightBounds", Arc::new(BooleanArray::from(vec![true]))));
        StructArray::from(members)
    }
}

type Member = (Arc<Field>, ArrayRef);

fn member(name: &str, value: ArrayRef) -> Member {
    (Arc::new(Field::new(name, value.data_type().clone(), true)), value)
}

/// A column's value, or the struct of what is told of its fields.
fn nested<T>(told: &Told<'_, T>, array: &impl Fn(&Field, &T) -> ArrayRef) -> Member {
    match told {
        Told::Value(field, value) => member(field.name(), array(field, value)),
        Told::Fields(field, below) => {
            let below: Vec<Member> = below.iter().map(|told| nested(told, array)).collect();
            member(field.name(), Arc::new(StructArray::from(below)))
        }
    }
}

/// A struct of these; none when there are none, since a struct without fields has no length.
fn section(name: &str, members: Vec<Member>) -> Option<Member> {
    (!members.is_empty()).then(|| member(name, Arc::new(StructArray::from(members))))
}

fn long(value: u64) -> ArrayRef {
    Arc::new(Int64Array::from(vec![i64::try_from(value).unwrap_or(i64::MAX)]))
}

fn value(bound: Option<&Bound>, data_type: &DataType) -> ArrayRef {
    let target = match data_type {
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        other => other.clone(),
    };
    bound.and_then(|bound| known(bound, &target)).unwrap_or_else(|| new_null_array(&target, 1))
}

fn known(bound: &Bound, target: &DataType) -> Option<ArrayRef> {
    Some(match (bound, target) {
        (Bound::Integer(value), DataType::Int8) => Arc::new(Int8Array::from(vec![i8::try_from(*value).ok()?])),
        (Bound::Integer(value), DataType::Int16) => Arc::new(Int16Array::from(vec![i16::try_from(*value).ok()?])),
        (Bound::Integer(value), DataType::Int32) => Arc::new(Int32Array::from(vec![i32::try_from(*value).ok()?])),
        (Bound::Integer(value), DataType::Int64) => Arc::new(Int64Array::from(vec![*value])),
        (Bound::Integer(value), DataType::Date32) => Arc::new(Date32Array::from(vec![i32::try_from(*value).ok()?])),
        (Bound::Integer(value), DataType::Timestamp(_, zone)) => {
            Arc::new(TimestampMicrosecondArray::from(vec![*value]).with_timezone_opt(zone.clone()))
        }
        // The value came from 32 bits, so nothing is lost.
        (Bound::Float(value), DataType::Float32) => Arc::new(Float32Array::from(vec![*value as f32])),
        (Bound::Float(value), DataType::Float64) => Arc::new(Float64Array::from(vec![*value])),
        (Bound::Text(text), DataType::Utf8) => Arc::new(StringArray::from(vec![text.as_str()])),
        (Bound::Decimal(unscaled), DataType::Decimal128(precision, scale)) => {
            Arc::new(Decimal128Array::from(vec![*unscaled]).with_precision_and_scale(*precision, *scale).ok()?)
        }
        _ => return None,
    })
}
