use super::arguments::Order;
use super::turn::Figures;
use super::verdict::{Comparison, Verdict};
use crate::report::Machine;
use serde::Serialize;
use std::collections::BTreeMap;

/// What was compared, and how it went.
#[derive(Debug, Clone, Serialize)]
pub struct Document {
    pub kind: &'static str,
    pub version: u32,
    pub command: Vec<String>,
    pub machine: Machine,
    pub revision: Option<String>,
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
