//! Offsets as ranges.

use serde_json::{Value, json};
use std::fmt;

/// Ranges of offsets, `from` to `to - 1`, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offsets(Vec<(u64, u64)>);

impl Offsets {
    /// Adds a range; one that follows the last goes on with it.
    pub fn add(&mut self, from: u64, to: u64) {
        match self.0.last_mut() {
            Some(last) if last.1 == from => last.1 = to,
            _ if from < to => self.0.push((from, to)),
            _ => {}
        }
    }

    /// How many offsets.
    pub fn rows(&self) -> u64 {
        self.0.iter().map(|(from, to)| to - from).sum()
    }

    /// For programs: first and last offset of each range.
    pub fn json(&self) -> Value {
        self.0.iter().map(|(from, to)| json!([from, to - 1])).collect()
    }
}

impl fmt::Display for Offsets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return out.pad("-");
        }
        let ranges = self.0.iter().map(|(from, to)| match to - from {
            1 => from.to_string(),
            _ => format!("{from}-{}", to - 1),
        });
        out.pad(&ranges.collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_follow_one_another_are_one() {
        let mut offsets = Offsets::default();
        assert_eq!((offsets.to_string(), offsets.rows()), ("-".into(), 0));
        for (from, to) in [(0, 10), (10, 20), (30, 31), (25, 30)] {
            offsets.add(from, to);
        }
        assert_eq!((offsets.to_string(), offsets.rows()), ("0-19,30,25-29".into(), 26));
        assert_eq!(offsets.json(), json!([[0, 19], [30, 30], [25, 29]]));
    }
}
