//! Least and greatest of a page's values, in passes that compilers make vectors of.

/// What a page's values lie between.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Extremes<T> {
    pub(super) least: T,
    pub(super) greatest: T,
}

/// Accumulators, so that no value waits for the one before it.
const LANES: usize = 8;

/// Of integers; `None` without values.
pub(super) fn of<T: Copy + Ord>(values: &[T]) -> Option<Extremes<T>> {
    let first = *values.first()?;
    let (mut least, mut greatest) = ([first; LANES], [first; LANES]);
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            least[lane] = least[lane].min(chunk[lane]);
            greatest[lane] = greatest[lane].max(chunk[lane]);
        }
    }
    let least = least.iter().chain(rest).fold(first, |least, value| least.min(*value));
    let greatest = greatest.iter().chain(rest).fold(first, |greatest, value| greatest.max(*value));
    Some(Extremes { least, greatest })
}

macro_rules! of_floats {
    ($name:ident, $float:ty, $count:ty) => {
        /// Of floats in their total order, where -0 is below 0, and how many are not numbers; `None` when there is no number.
        pub(super) fn $name(values: &[$float]) -> (Option<Extremes<$float>>, usize) {
            // Comparisons with NaN are false, so it never gets in.
            let (mut least, mut greatest) = ([<$float>::INFINITY; LANES], [<$float>::NEG_INFINITY; LANES]);
            let mut not_numbers = 0;
            let (chunks, rest) = values.as_chunks::<LANES>();
            for some in chunks.chunks(1 << 16) {
                let mut unordered = [0 as $count; LANES];
                for chunk in some {
                    for lane in 0..LANES {
                        let value = chunk[lane];
                        least[lane] = if value < least[lane] { value } else { least[lane] };
                        greatest[lane] = if value > greatest[lane] { value } else { greatest[lane] };
                        unordered[lane] += value.is_nan() as $count;
                    }
                }
                not_numbers += unordered.iter().map(|count| *count as usize).sum::<usize>();
            }
            not_numbers += rest.iter().filter(|value| value.is_nan()).count();
            if not_numbers == values.len() {
                return (None, not_numbers);
            }
            let lower = |one: $float, two: &$float| if *two < one { *two } else { one };
            let higher = |one: $float, two: &$float| if *two > one { *two } else { one };
            let mut least = least.iter().chain(rest).fold(<$float>::INFINITY, lower);
            let mut greatest = greatest.iter().chain(rest).fold(<$float>::NEG_INFINITY, higher);
            // The passes above take both zeros for equal.
            if least == 0.0 || greatest == 0.0 {
                let zero = |sign: bool| move |value: &$float| *value == 0.0 && value.is_sign_negative() == sign;
                if least == 0.0 {
                    least = if values.iter().any(zero(true)) { -0.0 } else { 0.0 };
                }
                if greatest == 0.0 {
                    greatest = if values.iter().any(zero(false)) { 0.0 } else { -0.0 };
                }
            }
            (Some(Extremes { least, greatest }), not_numbers)
        }
    };
}

of_floats!(of_f32, f32, u32);
of_floats!(of_f64, f64, u64);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slowly(values: &[f64]) -> (Option<(u64, u64)>, usize) {
        let numbers = || values.iter().copied().filter(|value| !value.is_nan());
        let least = numbers().min_by(f64::total_cmp);
        let greatest = numbers().max_by(f64::total_cmp);
        (least.zip(greatest).map(|(one, two)| (one.to_bits(), two.to_bits())), values.len() - numbers().count())
    }

    fn floats() -> impl Strategy<Value = f64> {
        let few = [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.5, f64::MIN_POSITIVE, -2.5];
        prop_oneof![prop::sample::select(few.to_vec()), any::<f64>(), Just(-0.0), Just(0.0)]
    }

    proptest! {
        #[test]
        fn extremes_are_those_of_a_slow_search(values in prop::collection::vec(floats(), 0..70)) {
            let (found, nans) = of_f64(&values);
            let bits = |found: Extremes<f64>| (found.least.to_bits(), found.greatest.to_bits());
            prop_assert_eq!((found.map(bits), nans), slowly(&values));
            let narrow: Vec<f32> = values.iter().map(|value| *value as f32).collect();
            let wide: Vec<f64> = narrow.iter().map(|value| f64::from(*value)).collect();
            let (found, nans) = of_f32(&narrow);
            let bits = |found: Extremes<f32>| (f64::from(found.least).to_bits(), f64::from(found.greatest).to_bits());
            prop_assert_eq!((found.map(bits), nans), slowly(&wide));
            let integers: Vec<i64> = values.iter().map(|value| value.to_bits() as i64).collect();
            let expected = integers.iter().min().zip(integers.iter().max());
            prop_assert_eq!(of(&integers).map(|found| (found.least, found.greatest)), expected.map(|(a, b)| (*a, *b)));
        }
    }
}
