use clap::ValueEnum;
use serde::Serialize;

/// A workload by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Six columns of sensor readings, 69 bytes a row.
    Telemetry,
    /// Telemetry with `stream` and `seq` columns, which name each row.
    TelemetryVerified,
    /// About 1 KB a row, half of it incompressible.
    #[value(name = "events-1k")]
    #[serde(rename = "events-1k")]
    Events1k,
    /// 105 mixed columns, a third of them null.
    Wide,
    /// Telemetry in batches of ten rows.
    Tiny,
}

impl Kind {
    /// The name on the command line, fit for a table name when dashes are replaced.
    pub fn name(self) -> &'static str {
        match self {
            Self::Telemetry => "telemetry",
            Self::TelemetryVerified => "telemetry-verified",
            Self::Events1k => "events-1k",
            Self::Wide => "wide",
            Self::Tiny => "tiny",
        }
    }

    /// Rows of a batch unless the command line says otherwise: about half a megabyte, except where small is the point.
    pub fn batch_rows(self) -> usize {
        match self {
            Self::Telemetry | Self::TelemetryVerified => 8_192,
            Self::Events1k => 512,
            Self::Wide => 1_024,
            Self::Tiny => 10,
        }
    }
}
