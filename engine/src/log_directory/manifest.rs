//! Which logs there are, and how often the engine was started upon them.

use super::error::OpenError;
use crate::handover::log_part::LogId;
use crate::shard::logging::Awaited;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const NAME: &str = "manifest.json";
const FORMAT: u32 = 1;

/// The manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Grows by one with every start, durable before anything else is written.
    pub run: u64,
    /// The logs of the cores, in order; none while the log is switched off.
    pub logs: Vec<LogId>,
    /// Logs of an earlier set of cores, whose rows are still on their way to their tables.
    pub draining: Vec<LogId>,
    /// Tables whose logs take them as they are, once.
    pub accepted: Vec<Acceptance>,
}

/// A person's decision that what a table shows is right, whatever its logs remember of it.
///
/// It is used up, log by log, by the claim that a later run makes: the log notes the claim, and claims tell their runs. So
/// nothing has to be written when it is used, and a crash before the note only has it used again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// `metaData.id`.
    pub table: String,
    /// The last run before the decision.
    pub run: u64,
}

#[derive(Serialize, Deserialize)]
struct Written {
    format: u32,
    run: u64,
    logs: Vec<String>,
    draining: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    accepted: Vec<Acceptance>,
}

impl Manifest {
    /// Numbers the next run, for so many cores (none when the log is switched off). When that is another number than before,
    /// all logs only drain from now on and `new_log` names new ones. Gives the logs that are done with: nobody names them any
    /// more once this is durable.
    pub fn begin_run(
        &mut self,
        cores: usize,
        is_drained: impl Fn(&LogId) -> bool,
        mut new_log: impl FnMut() -> LogId,
    ) -> Vec<LogId> {
        self.run += 1;
        if self.logs.len() != cores {
            self.draining.append(&mut self.logs);
            self.logs = (0..cores).map(|_| new_log()).collect();
        }
        let drained: Vec<LogId> = self.draining.iter().copied().filter(is_drained).collect();
        self.draining.retain(|log| !drained.contains(log));
        drained
    }

    /// Tables, by id, that draining logs have rows for, and how many of these logs.
    pub fn awaited(&self, tables_with_rows: impl Fn(&LogId) -> Vec<Arc<str>>) -> Awaited {
        let mut awaited = Awaited::new();
        for id in self.draining.iter().flat_map(tables_with_rows) {
            *awaited.entry(id).or_default() += 1;
        }
        awaited
    }

    /// Reads the manifest in the folder `logs`; an empty one when there is nothing in the folder.
    ///
    /// # Errors
    /// When it is not one, or missing beside logs.
    pub fn read(logs: &Path) -> Result<Self, OpenError> {
        let path = logs.join(NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::none(logs, path),
            Err(cause) => return Err(OpenError::Folder { path, cause }),
        };
        let wrong = |reason: String| OpenError::Manifest { path: path.clone(), reason };
        let written: Written = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if written.format != FORMAT {
            return Err(wrong(format!("its format is {} and this engine reads {FORMAT}", written.format)));
        }
        let ids = |texts: &[String]| -> Result<Vec<LogId>, OpenError> {
            texts.iter().map(|text| text.parse().map_err(|_| wrong(format!("{text:?} is no log")))).collect()
        };
        let (logs, draining) = (ids(&written.logs)?, ids(&written.draining)?);
        Ok(Self { run: written.run, logs, draining, accepted: written.accepted })
    }

    /// Every log, those that drain last.
    pub fn all(&self) -> impl Iterator<Item = LogId> {
        self.logs.iter().chain(&self.draining).copied()
    }

    /// Notes that the table of this id is right as it is; not twice.
    pub fn accept(&mut self, table: &str) {
        self.accepted.retain(|known| known.table != table);
        self.accepted.push(Acceptance { table: table.to_owned(), run: self.run });
    }

    fn none(logs: &Path, path: PathBuf) -> Result<Self, OpenError> {
        let folder = |cause| OpenError::Folder { path: logs.to_owned(), cause };
        for entry in fs::read_dir(logs).map_err(folder)? {
            if entry.map_err(folder)?.path().is_dir() {
                return Err(OpenError::Manifest { path, reason: "it is missing and there are logs beside it".into() });
            }
        }
        Ok(Self::default())
    }

    /// Puts the manifest in place of the one before; durable when this returns.
    ///
    /// # Errors
    /// When the disk does not take it; the old one stays.
    pub fn write(&self, logs: &Path) -> io::Result<()> {
        let texts = |ids: &[LogId]| ids.iter().map(LogId::to_string).collect();
        let written = Written {
            format: FORMAT,
            run: self.run,
            logs: texts(&self.logs),
            draining: texts(&self.draining),
            accepted: self.accepted.clone(),
        };
        let text = serde_json::to_string_pretty(&written).map_err(io::Error::other)?;
        let staged = logs.join("manifest.new");
        let mut file = File::create(&staged)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&staged, logs.join(NAME))?;
        sync_folder(logs)
    }
}

/// Makes the names in a folder durable.
///
/// # Errors
/// When the disk does not promise that.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_comes_back_and_a_missing_one_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), Manifest::default());
        let mut manifest = Manifest {
            run: 7,
            logs: vec![LogId([1; 16]), LogId([2; 16])],
            draining: vec![LogId([3; 16])],
            accepted: vec![],
        };
        for _ in 0..2 {
            manifest.write(folder.path()).unwrap();
            assert_eq!(Manifest::read(folder.path()).unwrap(), manifest);
            manifest.accept("table");
        }
        assert_eq!(manifest.accepted, [Acceptance { table: "table".into(), run: 7 }]);
        fs::write(folder.path().join(NAME), "{}").unwrap();
        assert!(matches!(Manifest::read(folder.path()), Err(OpenError::Manifest { .. })));
        fs::remove_file(folder.path().join(NAME)).unwrap();
        fs::create_dir(folder.path().join("log")).unwrap();
        assert!(matches!(Manifest::read(folder.path()), Err(OpenError::Manifest { .. })));
    }
}
