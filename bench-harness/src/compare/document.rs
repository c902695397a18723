use super::arguments::Order;
use super::turn::Figures;
use super::verdict::{Comparison, Verdict};
use crate::report::Header;
use serde::Serialize;
use std::collections::BTreeMap;

/// What was compared, and how it went.
#[derive(Debug, Clone, Serialize)]
pub struct Document {
    #[serde(flatten)]
    pub header: Header,
    /// Binary and configuration of either side.
    pub a: String,
    pub b: String,
    /// Options of the load.
    pub load: Vec<String>,
    pub order: Order,
    /// By turn.
    pub turns: Vec<Pair>,
    /// B ÷ A of everything that was measured, by metric.
    pub comparisons: BTreeMap<&'static str, Comparison>,
    pub metric: &'static str,
    pub tolerance: f64,
    pub verdict: Verdict,
}

/// A turn of either side.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Pair {
    pub a: Figures,
    pub b: Figures,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::metric::Metric;
    use crate::report::{assert_documented, sample};
    use clap::ValueEnum;

    #[test]
    fn every_field_is_documented() {
        let figures = Figures::filled(1.0);
        let compared = |metric: &Metric| (metric.text(), Comparison::of(&[(1.0, 2.0)]).unwrap());
        let document = Document {
            header: sample::header("compare"),
            a: "a".into(),
            b: "b".into(),
            load: vec!["--prepared".into()],
            order: Order::Abba,
            turns: vec![Pair { a: figures, b: figures }],
            comparisons: Metric::value_variants().iter().map(compared).collect(),
            metric: Metric::CpuPerGb.text(),
            tolerance: 0.05,
            verdict: Verdict::NoWorse,
        };
        assert_documented("compare", &serde_json::to_value(document).unwrap());
    }
}
