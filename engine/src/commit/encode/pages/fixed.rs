//! Values of a fixed width: Parquet's INT32, INT64, FLOAT and DOUBLE, and decimals in FIXED_LEN_BYTE_ARRAY.

use super::delta::Delta;
use super::extremes::{self, Extremes};
use super::mixing::{mix, mix_pair};
use arrow::datatypes::ToByteSlice;
use parquet::basic::Type;
use parquet::data_type::FixedLenByteArray;
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::schema::types::ColumnDescriptor;
use std::cmp::Ordering;

/// A value as it is written.
pub(super) trait Fixed: Copy + Default + 'static {
    const PHYSICAL: Type;

    /// Bytes that a value takes in a column.
    fn bytes(column: &ColumnDescriptor) -> usize;
    /// Appends the values as PLAIN has them, each with `bytes` bytes.
    fn put_plain(values: &[Self], bytes: usize, out: &mut Vec<u8>);
    /// Appends the values as deltas, when the type has them.
    fn put_deltas(values: &[Self], out: &mut Vec<u8>) -> Option<()>;
    /// Least and greatest number, and how many are none.
    fn extremes(values: &[Self]) -> (Option<Extremes<Self>>, usize);
    /// The order of the format's statistics.
    fn order(&self, other: &Self) -> Ordering;
    /// Bit for bit.
    fn same(&self, other: &Self) -> bool;
    fn hash(&self) -> u64;
    /// The value as a place in a table, for types that may have few values next to each other.
    fn ordinal(&self) -> Option<i64>;
    fn statistics(found: Option<Extremes<Self>>, bytes: usize, nulls: u64, not_numbers: Option<u64>) -> Statistics;
    /// Can a value be no number?
    const FLOATS: bool = false;
}

macro_rules! integer {
    ($integer:ty, $physical:ident, $statistics:ident) => {
        impl Fixed for $integer {
            const PHYSICAL: Type = Type::$physical;

            fn bytes(_: &ColumnDescriptor) -> usize {
                size_of::<Self>()
            }

            fn put_plain(values: &[Self], _: usize, out: &mut Vec<u8>) {
                out.extend_from_slice(values.to_byte_slice());
            }

            fn put_deltas(values: &[Self], out: &mut Vec<u8>) -> Option<()> {
                Delta::encode(values, out);
                Some(())
            }

            fn extremes(values: &[Self]) -> (Option<Extremes<Self>>, usize) {
                (extremes::of(values), 0)
            }

            fn order(&self, other: &Self) -> Ordering {
                self.cmp(other)
            }

            #[inline(always)]
            fn same(&self, other: &Self) -> bool {
                self == other
            }

            #[inline(always)]
            fn hash(&self) -> u64 {
                mix(*self as u64)
            }

            #[inline(always)]
            fn ordinal(&self) -> Option<i64> {
                Some((*self).into())
            }

            fn statistics(found: Option<Extremes<Self>>, _: usize, nulls: u64, _: Option<u64>) -> Statistics {
                let (least, greatest) = (found.map(|found| found.least), found.map(|found| found.greatest));
                let statistics = ValueStatistics::new(least, greatest, None, Some(nulls), false);
                Statistics::$statistics(statistics.with_backwards_compatible_min_max(true))
            }
        }
    };
}

integer!(i32, INT32, Int32);
integer!(i64, INT64, Int64);

macro_rules! float {
    ($float:ty, $physical:ident, $statistics:ident, $extremes:path) => {
        impl Fixed for $float {
            const PHYSICAL: Type = Type::$physical;
            const FLOATS: bool = true;

            fn bytes(_: &ColumnDescriptor) -> usize {
                size_of::<Self>()
            }

            fn put_plain(values: &[Self], _: usize, out: &mut Vec<u8>) {
                out.extend_from_slice(values.to_byte_slice());
            }

            fn put_deltas(_: &[Self], _: &mut Vec<u8>) -> Option<()> {
                None
            }

            fn extremes(values: &[Self]) -> (Option<Extremes<Self>>, usize) {
                $extremes(values)
            }

            fn order(&self, other: &Self) -> Ordering {
                self.total_cmp(other)
            }

            #[inline(always)]
            fn same(&self, other: &Self) -> bool {
                self.to_bits() == other.to_bits()
            }

            #[inline(always)]
            fn hash(&self) -> u64 {
                mix(self.to_bits().into())
            }

            #[inline(always)]
            fn ordinal(&self) -> Option<i64> {
                None
            }

            fn statistics(found: Option<Extremes<Self>>, _: usize, nulls: u64, not_numbers: Option<u64>) -> Statistics {
                let (least, greatest) = (found.map(|found| found.least), found.map(|found| found.greatest));
                let statistics = ValueStatistics::new(least, greatest, None, Some(nulls), false);
                Statistics::$statistics(statistics.with_nan_count(not_numbers))
            }
        }
    };
}

float!(f32, FLOAT, Float, extremes::of_f32);
float!(f64, DOUBLE, Double, extremes::of_f64);

/// Unscaled values of decimals, big end first.
impl Fixed for i128 {
    const PHYSICAL: Type = Type::FIXED_LEN_BYTE_ARRAY;

    fn bytes(column: &ColumnDescriptor) -> usize {
        usize::try_from(column.type_length()).unwrap_or_default().min(size_of::<Self>())
    }

    fn put_plain(values: &[Self], bytes: usize, out: &mut Vec<u8>) {
        let start = out.len();
        out.resize(start + values.len() * bytes, 0);
        for (place, value) in out[start..].chunks_exact_mut(bytes).zip(values) {
            place.copy_from_slice(&value.to_be_bytes()[size_of::<Self>() - bytes..]);
        }
    }

    fn put_deltas(_: &[Self], _: &mut Vec<u8>) -> Option<()> {
        None
    }

    fn extremes(values: &[Self]) -> (Option<Extremes<Self>>, usize) {
        (extremes::of(values), 0)
    }

    fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }

    #[inline(always)]
    fn same(&self, other: &Self) -> bool {
        self == other
    }

    #[inline(always)]
    fn hash(&self) -> u64 {
        mix_pair(*self as u64, (*self >> 64) as u64)
    }

    #[inline(always)]
    fn ordinal(&self) -> Option<i64> {
        None
    }

    fn statistics(found: Option<Extremes<Self>>, bytes: usize, nulls: u64, _: Option<u64>) -> Statistics {
        let written = |value: Self| {
            let mut out = Vec::with_capacity(bytes);
            Self::put_plain(&[value], bytes, &mut out);
            FixedLenByteArray::from(out)
        };
        let (least, greatest) = (found.map(|found| written(found.least)), found.map(|found| written(found.greatest)));
        let statistics = ValueStatistics::new(least, greatest, None, Some(nulls), false);
        Statistics::FixedLenByteArray(statistics.with_backwards_compatible_min_max(true))
    }
}
