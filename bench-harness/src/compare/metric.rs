use super::turn::Figures;
use clap::ValueEnum;
use serde::Serialize;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Rows a second until they were committed.
    RowsPerSecond,
    /// The engine's CPU seconds per GB of rows.
    CpuPerGb,
    /// 99th percentile until durable.
    DurableP99,
    /// 99th percentile until committed.
    CommittedP99,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    Higher,
    Lower,
}

impl Metric {
    pub fn better(self) -> Better {
        match self {
            Self::RowsPerSecond => Better::Higher,
            Self::CpuPerGb | Self::DurableP99 | Self::CommittedP99 => Better::Lower,
        }
    }

    pub fn text(self) -> &'static str {
        match self {
            Self::RowsPerSecond => "rows/s",
            Self::CpuPerGb => "engine CPU s/GB",
            Self::DurableP99 => "durable p99 ms",
            Self::CommittedP99 => "committed p99 ms",
        }
    }

    /// The turn's figure.
    pub fn of(self, figures: &Figures) -> f64 {
        match self {
            Self::RowsPerSecond => figures.rows_per_second,
            Self::CpuPerGb => figures.cpu_s_per_gb,
            Self::DurableP99 => figures.durable_p99_ms,
            Self::CommittedP99 => figures.committed_p99_ms,
        }
    }
}
