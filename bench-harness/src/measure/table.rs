use super::measure::MeasureError;
use crate::arguments::RunArguments;
use crate::readback::{Readback, RowNames, SentStream, TableFiles};
use crate::report::ReadCounts;
use crate::run::{Connection, Loaded};
use crate::workload::Kind;
use std::fs;
use std::path::{Path, PathBuf};

/// Tables lie below the data directory, a folder for each part of the name.
pub fn table_path(arguments: &RunArguments, table: &str) -> Option<PathBuf> {
    let named = || {
        let tables = arguments.data_dir.as_ref()?.join("tables");
        Some(table.split('.').fold(tables, |path, part| path.join(part)))
    };
    (!arguments.no_read_back).then(|| arguments.table_path.clone().or_else(named)).flatten()
}

/// Counts the rows of the files that were added since `before`.
pub fn read_back(kind: Kind, table: &Path, before: &TableFiles, loaded: &Loaded) -> Result<ReadCounts, MeasureError> {
    let names = match kind {
        Kind::TelemetryVerified => RowNames::StreamAndSeq,
        Kind::Telemetry | Kind::Events1k | Kind::Wide | Kind::Tiny => RowNames::Timestamp,
    };
    let sent = |connection: &Connection| SentStream {
        name: connection.name.clone(),
        sent: connection.sent.rows,
        committed: connection.rows_committed,
    };
    let streams: Vec<_> = loaded.connections.iter().map(sent).collect();
    let after = TableFiles::replay(table)?;
    let files = after.files_since(before);
    let mut readback = Readback::new(names, &streams);
    let mut file_bytes = 0;
    for file in &files {
        readback.read(file)?;
        file_bytes += fs::metadata(file).map_or(0, |metadata| metadata.len());
    }
    Ok(ReadCounts::new(names, after.version, files.len(), file_bytes, &readback.finish()))
}
