//! One process at a time changes a data directory.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// Why the directory cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("{path} is in use by another engine")]
    InUse { path: PathBuf },
    #[error("{path} cannot be locked: {cause}")]
    Io { path: PathBuf, cause: std::io::Error },
}

/// Keeps others out of the directory for as long as the file lives.
///
/// # Errors
/// [`LockError`].
pub fn lock(directory: &Path) -> Result<File, LockError> {
    let unusable = |cause| LockError::Io { path: directory.to_owned(), cause };
    let options = File::options().create(true).truncate(false).write(true).open(directory.join("lock"));
    let file = options.map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LockError::InUse { path: directory.to_owned() }),
        Err(TryLockError::Error(cause)) => Err(unusable(cause)),
    }
}
