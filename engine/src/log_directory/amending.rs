//! Changing logs while no engine runs. Whoever does so holds the lock of the data directory.

use super::blocking::{BlockingError, resume, settle};
use super::error::OpenError;
use super::manifest::Manifest;
use super::open::recover_one;
use super::std_disk::StdDisk;
use crate::handover::log_part::LogId;
use crate::log::recovery::Mode;
use crate::log::{Log, Recovered};
use std::path::{Path, PathBuf};

/// Why logs could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum AmendError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Disk(#[from] BlockingError),
}

/// The logs of a data directory, to be changed.
pub struct Amending {
    logs: PathBuf,
    manifest: Manifest,
    /// Whether this has a run of its own by now.
    is_numbered: bool,
}

impl Amending {
    /// The logs in the folder `logs`.
    ///
    /// # Errors
    /// When the manifest cannot be read.
    pub fn begin(logs: &Path) -> Result<Self, OpenError> {
        Ok(Self { logs: logs.to_owned(), manifest: Manifest::read(logs)?, is_numbered: false })
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where a log is.
    pub fn folder(&self, log: LogId) -> PathBuf {
        self.logs.join(log.to_string())
    }

    /// Recovers one log; what was read is durable.
    ///
    /// # Errors
    /// As when an engine starts.
    pub fn recover(&self, log: LogId, mode: Mode) -> Result<Recovered, OpenError> {
        recover_one(log, self.folder(log), mode)
    }

    /// Goes on with a recovered log as a run of its own, and makes what `change` does to it durable.
    ///
    /// # Errors
    /// [`AmendError`]; the change may have been made or not, and can be made again.
    pub fn amend(&mut self, recovered: Recovered, change: impl FnOnce(&mut Log)) -> Result<(), AmendError> {
        if !self.is_numbered {
            self.manifest.run += 1;
            self.write()?;
            self.is_numbered = true;
        }
        let mut disk = StdDisk::new(self.folder(recovered.id));
        let mut log = resume(self.manifest.run, recovered);
        change(&mut log);
        Ok(settle(&mut log, &mut disk)?)
    }

    /// Has the next start take the table of this id as it is.
    ///
    /// # Errors
    /// When the manifest cannot be written; the one before stays.
    pub fn accept(&mut self, table: &str) -> Result<(), OpenError> {
        self.manifest.accept(table);
        self.write()
    }

    fn write(&self) -> Result<(), OpenError> {
        self.manifest.write(&self.logs).map_err(|cause| OpenError::Folder { path: self.logs.clone(), cause })
    }
}
