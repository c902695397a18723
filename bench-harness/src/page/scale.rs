/// Where values lie on an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    Linear { min: f64, max: f64 },
    Logarithmic { min: f64, max: f64 },
}

impl Scale {
    /// From zero to a round number that is not below any value.
    pub fn from_zero(values: impl IntoIterator<Item = f64>) -> Self {
        let max = values.into_iter().filter(|value| value.is_finite()).fold(0.0, f64::max);
        Self::Linear { min: 0.0, max: if max > 0.0 { round_up(max, &AXES) } else { 1.0 } }
    }

    /// Around all values above zero, between numbers of the row 1, 2, 5, 10.
    pub fn logarithmic(values: impl IntoIterator<Item = f64>) -> Self {
        let values = values.into_iter().filter(|value| value.is_finite() && *value > 0.0);
        let (min, max) = values.fold((f64::INFINITY, 0.0_f64), |(min, max), value| (min.min(value), max.max(value)));
        if max == 0.0 {
            return Self::Logarithmic { min: 0.1, max: 10.0 };
        }
        let steps = || (-12..13).flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power)));
        Self::Logarithmic {
            min: steps().rfind(|step| *step <= min).unwrap_or(min),
            max: steps().find(|step| *step >= max && *step > min).unwrap_or(max * 2.0),
        }
    }

    /// 0 at the axis's beginning, 1 at its end; values beyond lie there.
    pub fn share(&self, value: f64) -> f64 {
        let share = match self {
            Self::Linear { min, max } => (value - min) / (max - min),
            Self::Logarithmic { min, max } => (value.max(*min) / min).ln() / (max / min).ln(),
        };
        share.clamp(0.0, 1.0)
    }

    /// Values to be named.
    pub fn ticks(&self) -> Vec<f64> {
        match self {
            Self::Linear { min, max } => {
                let step = round_up((max - min) / 5.0, &STEPS);
                (0..=10).map(|index| min + step * f64::from(index)).filter(|tick| *tick <= max * 1.000_1).collect()
            }
            Self::Logarithmic { min, max } => {
                let few = (max / min).log10() > 2.5;
                let steps: &[f64] = if few { &[1.0] } else { &[1.0, 2.0, 5.0] };
                let all = (-12..13).flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)));
                all.filter(|tick| *tick >= min * 0.999 && *tick <= max * 1.001).collect()
            }
        }
    }
}

/// Where axes may end, and what may lie between their ticks; tenfolds, too.
const AXES: [f64; 12] = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 9.0, 10.0];
const STEPS: [f64; 5] = [1.0, 2.0, 2.5, 5.0, 10.0];

/// The next of these numbers, and their tenfolds.
fn round_up(value: f64, numbers: &[f64]) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    numbers.iter().map(|number| number * power).find(|number| *number >= value * 0.999_9).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_round() {
        assert_eq!(Scale::from_zero([3.0, 97.0]), Scale::Linear { min: 0.0, max: 100.0 });
        assert_eq!(Scale::from_zero([104.0]), Scale::Linear { min: 0.0, max: 120.0 });
        assert_eq!(Scale::from_zero([]), Scale::Linear { min: 0.0, max: 1.0 });
        assert_eq!(Scale::from_zero([97.0]).ticks(), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        let logarithmic = Scale::logarithmic([0.0, 0.3, 42.0, f64::NAN]);
        assert_eq!(logarithmic, Scale::Logarithmic { min: 0.2, max: 50.0 });
        assert_eq!(logarithmic.ticks().len(), 8);
        assert_eq!(Scale::logarithmic([0.001, 9_000.0]).ticks().len(), 8);
        assert!((logarithmic.share(10_f64.sqrt()) - 0.5).abs() < 0.01);
        assert_eq!((logarithmic.share(0.0), logarithmic.share(1e9)), (0.0, 1.0));
        let one = Scale::logarithmic([5.0]);
        assert!(one.share(5.0) < 1.0 && one.ticks().contains(&5.0), "{one:?}");
    }
}
