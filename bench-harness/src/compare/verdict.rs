//! What pairs of turns say. Figures in, a sentence out.

use super::metric::Better;
use serde::Serialize;

/// Both sides' figures of one kind, and how B stands to A.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Medians.
    pub a: f64,
    pub b: f64,
    /// B ÷ A, of the medians.
    pub ratio: f64,
    /// B ÷ A, of each pair of turns.
    pub ratio_min: f64,
    pub ratio_max: f64,
}

/// Whether B is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// By no more than was tolerated.
    NoWorse,
    /// By more, but not in every pair of turns: more turns would tell.
    Unclear,
    /// By more, and in every pair of turns.
    Worse,
}

impl Comparison {
    /// Of turns in pairs; `None` without any, or with one that has no figure.
    pub fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        let ratios: Vec<f64> = pairs.iter().map(|(a, b)| b / a).collect();
        if ratios.is_empty() || ratios.iter().any(|ratio| !ratio.is_finite()) {
            return None;
        }
        let (a, b) = (middle(pairs.iter().map(|pair| pair.0)), middle(pairs.iter().map(|pair| pair.1)));
        let (ratio_min, ratio_max) = spread(ratios.iter().copied());
        Some(Self { a, b, ratio: b / a, ratio_min, ratio_max })
    }

    /// Judges B: it may be worse by a share of `tolerance`.
    pub fn verdict(&self, better: Better, tolerance: f64) -> Verdict {
        let (worse, worse_at_least) = match better {
            Better::Lower => (self.ratio, self.ratio_min),
            Better::Higher => (1.0 / self.ratio, 1.0 / self.ratio_max),
        };
        if worse <= 1.0 + tolerance {
            Verdict::NoWorse
        } else if worse_at_least <= 1.0 {
            Verdict::Unclear
        } else {
            Verdict::Worse
        }
    }
}

/// The value in the middle, or between the two there; not a number without any.
pub fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    match (values.get(values.len().saturating_sub(1) / 2), values.get(values.len() / 2)) {
        (Some(low), Some(high)) => f64::midpoint(*low, *high),
        _ => f64::NAN,
    }
}

/// Smallest and largest.
pub fn spread(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(pairs: &[(f64, f64)], better: Better) -> Verdict {
        Comparison::of(pairs).unwrap().verdict(better, 0.05)
    }

    #[test]
    fn worse_is_beyond_tolerance_in_every_pair() {
        use Better::{Higher, Lower};
        assert_eq!(verdict(&[(1.0, 1.0), (1.0, 1.05)], Lower), Verdict::NoWorse);
        assert_eq!(verdict(&[(1.0, 1.1), (1.0, 1.12), (1.0, 1.01)], Lower), Verdict::Worse);
        assert_eq!(verdict(&[(1.0, 1.2), (1.0, 1.12), (1.0, 0.99)], Lower), Verdict::Unclear);
        assert_eq!(verdict(&[(1.0, 0.5)], Lower), Verdict::NoWorse);
        // What is good for one is bad for the other.
        assert_eq!(verdict(&[(10.0, 9.0), (10.0, 9.4)], Higher), Verdict::Worse);
        assert_eq!(verdict(&[(10.0, 11.0)], Higher), Verdict::NoWorse);
        assert_eq!(verdict(&[(10.0, 8.0), (10.0, 8.0), (10.0, 10.1)], Higher), Verdict::Unclear);
    }

    #[test]
    fn ratios_are_of_medians_and_of_pairs() {
        let found = Comparison::of(&[(1.0, 2.0), (2.0, 2.0), (4.0, 1.0)]).unwrap();
        assert_eq!((found.a, found.b, found.ratio), (2.0, 2.0, 1.0));
        assert_eq!((found.ratio_min, found.ratio_max), (0.25, 2.0));
        assert_eq!(middle([1.0, 2.0, 4.0, 3.0].into_iter()), 2.5);
        assert!(Comparison::of(&[]).is_none());
        assert!(Comparison::of(&[(0.0, 1.0)]).is_none(), "nothing can be compared with nothing");
        assert!(Comparison::of(&[(f64::NAN, 1.0)]).is_none());
    }
}
