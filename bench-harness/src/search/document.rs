use super::bound::Bound;
use super::decision::{Limits, Outcome};
use super::probe::Probe;
use crate::report::{Configuration, Header};
use serde::Serialize;

/// The result file of a search.
#[derive(Debug, Clone, Serialize)]
pub struct SearchReport {
    #[serde(flatten)]
    pub header: Header,
    pub bound: Bound,
    pub limits: Limits,
    /// Of every run but for its rate.
    pub configuration: Configuration,
    /// In the order in which they were made.
    pub probes: Vec<Probe>,
    pub outcome: Outcome,
}
