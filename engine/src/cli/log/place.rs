//! Which logs a path means, and where tables are.

use super::error::LogCommandError;
use crate::cli::table_place::TablePlaces;
use crate::handover::log_part::LogId;
use crate::log_directory::manifest::Manifest;
use std::path::{Path, PathBuf};

/// What a log is there for, as the manifest says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    Serves,
    Drains,
    /// The manifest was not looked at.
    Unknown,
}

/// One log.
#[derive(Debug, Clone)]
pub struct LogPlace {
    pub id: LogId,
    pub folder: PathBuf,
    pub duty: Duty,
}

/// The logs that a path means.
pub struct LogPlaces {
    /// `None` for the folder of one log.
    pub manifest: Option<Manifest>,
    pub logs: Vec<LogPlace>,
}

impl LogPlaces {
    /// A data directory, the folder of its logs, or one log's.
    pub fn find(path: &Path) -> Result<Self, LogCommandError> {
        let is_logs = |folder: &Path| folder.join("manifest.json").is_file();
        for logs in [path.join("log"), path.to_owned()] {
            if is_logs(&logs) {
                return Self::all(&logs);
            }
        }
        let canonical = path.canonicalize().map_err(|cause| LogCommandError::Io { path: path.to_owned(), cause })?;
        let name = canonical.file_name().and_then(|name| name.to_str());
        match name.and_then(|name| name.parse().ok()) {
            Some(id) => {
                Ok(Self { manifest: None, logs: vec![LogPlace { id, folder: canonical, duty: Duty::Unknown }] })
            }
            None => Err(LogCommandError::Place { path: path.to_owned() }),
        }
    }

    fn all(logs: &Path) -> Result<Self, LogCommandError> {
        let manifest = Manifest::read(logs)?;
        let place = |id: &LogId, duty| LogPlace { id: *id, folder: logs.join(id.to_string()), duty };
        let serving = manifest.logs.iter().map(|id| place(id, Duty::Serves));
        let draining = manifest.draining.iter().map(|id| place(id, Duty::Drains));
        Ok(Self { logs: serving.chain(draining).collect(), manifest: Some(manifest) })
    }
}

/// The data directory of a command that needs its tables, too.
#[derive(Debug, Clone, clap::Args)]
pub struct DataDirectory {
    /// The engine's data directory.
    #[arg(long, value_name = "DIR", required = true)]
    pub data_dir: PathBuf,
    /// Where tables are when not in the data directory: file:///absolute/path, s3://bucket/path, ...
    #[arg(long, value_name = "URI")]
    pub tables_root: Option<String>,
    /// The engine's configuration file, which may say where tables are.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl DataDirectory {
    /// The folder of its logs.
    pub fn logs(&self) -> Result<PathBuf, LogCommandError> {
        let logs = self.data_dir.join("log");
        match logs.join("manifest.json").is_file() {
            true => Ok(logs),
            false => Err(LogCommandError::Place { path: self.data_dir.clone() }),
        }
    }

    /// Where its tables are, as flag, environment and file say.
    pub fn tables(&self) -> Result<TablePlaces, LogCommandError> {
        let (root, config) = (self.tables_root.as_deref(), self.config.as_deref());
        Ok(TablePlaces::find(Some(&self.data_dir), root, config)?)
    }
}
