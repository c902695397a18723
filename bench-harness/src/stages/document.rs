use super::arguments::{Codec, StagesArguments};
use super::figures::Figures;
use crate::report::Header;
use crate::workload::Kind;
use serde::Serialize;
use std::fmt::{self, Write};

/// The figures of all stages, with what they were measured on.
#[derive(Debug, Clone, Serialize)]
pub struct Document {
    #[serde(flatten)]
    pub header: Header,
    pub workload: Kind,
    pub dictionaries: bool,
    pub compression: Codec,
    /// Bytes of a row in Arrow's layout.
    pub row_bytes: f64,
    pub stages: Vec<Figures>,
    /// The sum over all stages; absent when only some were measured.
    pub floor_cpu_s_per_gb: Option<f64>,
    pub floor_ns_per_row: Option<f64>,
}

impl Document {
    pub fn new(header: Header, arguments: &StagesArguments, row_bytes: f64, stages: Vec<Figures>) -> Self {
        let floor = |of: fn(&Figures) -> f64| arguments.only.is_empty().then(|| stages.iter().map(of).sum());
        Self {
            header,
            workload: arguments.workload,
            dictionaries: arguments.dictionaries,
            compression: arguments.compression,
            row_bytes,
            floor_cpu_s_per_gb: floor(|stage| stage.cpu_s_per_gb),
            floor_ns_per_row: floor(|stage| stage.ns_per_row),
            stages,
        }
    }

    /// For a person.
    pub fn table(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let strings = if self.dictionaries { ", strings as dictionaries" } else { "" };
        writeln!(out, "{}{strings}, {:.1} bytes a row; CPU time of one core\n", self.workload.name(), self.row_bytes)?;
        writeln!(
            out,
            "{:<12} {:>9} {:>9} {:>8} {:>9} {:>7}  {:>9}  {:>10} {:>10}",
            "stage", "ns/row", "fastest", "GB/s", "CPU s/GB", "share", "wall MB/s", "allocs/GB", "MB/GB"
        )?;
        for stage in &self.stages {
            let share = self.floor_ns_per_row.map(|floor| format!("{:.1} %", 100.0 * stage.ns_per_row / floor));
            writeln!(
                out,
                "{:<12} {:>9.2} {:>9.2} {:>8.2} {:>9.3} {:>7}  {:>9.0}  {:>10.0} {:>10.0}",
                stage.name.text(),
                stage.ns_per_row,
                stage.ns_per_row_min,
                stage.gb_per_s,
                stage.cpu_s_per_gb,
                share.unwrap_or_default(),
                stage.wall_mb_per_s,
                stage.allocations_per_gb,
                stage.allocated_mb_per_gb
            )?;
            for part in stage.parts.iter().filter(|_| stage.parts.len() <= PARTS_SHOWN_MAX) {
                writeln!(out, "  {:<10} {:>9.2} {:>28.3}", part.name, part.ns_per_row, part.cpu_s_per_gb)?;
            }
        }
        if let (Some(floor), Some(ns_per_row)) = (self.floor_cpu_s_per_gb, self.floor_ns_per_row) {
            writeln!(out, "{:<12} {ns_per_row:>9.2} {:>9} {:>8.2} {floor:>9.3}", "floor", "", 1.0 / floor)?;
        }
        writeln!(out)?;
        for stage in &self.stages {
            writeln!(out, "{:<12} {} ({} passes)", stage.name.text(), stage.input, stage.passes)?;
        }
        Ok(())
    }
}

/// A stage with more parts shows them in the document alone.
const PARTS_SHOWN_MAX: usize = 12;
