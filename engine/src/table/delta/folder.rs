//! What lies in a table's folder, beside what its log says.

use super::table::{DeltaTable, LOG, TableError, url_error};
use crate::store::ReadOutcome;
use crate::upkeep::log_cleanup::{LogFile, pointer_version};
use delta_kernel::KernelError;
use url::Url;

/// The hint that names the newest checkpoint.
const POINTER: &str = "_last_checkpoint";

impl DeltaTable {
    /// The files directly in the log's folder.
    ///
    /// # Errors
    /// When the store does not list them.
    pub fn log_files(&self) -> Result<Vec<LogFile>, TableError> {
        let folder = self.url().join(&format!("{LOG}/")).map_err(url_error)?;
        let files = self.list(&folder)?.into_iter().filter(|(path, _)| !path.contains('/'));
        Ok(files.map(|(name, modified_ms)| LogFile { name, modified_ms }).collect())
    }

    /// The version in `_last_checkpoint`, if there is one.
    ///
    /// # Errors
    /// When the store does not say.
    pub fn last_checkpoint(&self) -> Result<Option<u64>, TableError> {
        match self.store().read(&format!("{LOG}/{POINTER}")) {
            ReadOutcome::Found(text) => Ok(pointer_version(&text)),
            ReadOutcome::Missing => Ok(None),
            ReadOutcome::Unknown(why) => Err(TableError::Store(why)),
        }
    }

    /// Removes a file of the log.
    ///
    /// # Errors
    /// When the store did not say that it is gone.
    pub fn delete_log_file(&self, name: &str) -> Result<(), TableError> {
        self.store().delete(&format!("{LOG}/{name}")).map_err(|error| TableError::Store(error.to_string()))
    }

    /// Paths, as the store has them, of all files in the table's folder but those of its log.
    ///
    /// # Errors
    /// When the store does not list them.
    pub fn data_files(&self) -> Result<Vec<String>, TableError> {
        let all = self.list(self.url())?.into_iter().map(|(path, _)| path);
        Ok(all.filter(|path| !path.starts_with(LOG)).collect())
    }

    /// Files at any depth, relative to `folder`, with their times.
    fn list(&self, folder: &Url) -> Result<Vec<(String, i64)>, TableError> {
        let files = match self.engine().storage_handler().list_from(folder) {
            Err(KernelError::FileNotFound(_)) => return Ok(Vec::new()),
            files => files?,
        };
        let mut found = Vec::new();
        for file in files {
            let file = file?;
            if let Some(path) = file.location.path().strip_prefix(folder.path()) {
                found.push((decoded(path), file.last_modified));
            }
        }
        Ok(found)
    }
}

/// A URI's path as it is meant.
pub fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_once() {
        for (encoded, path) in [("k=a%20b/x", "k=a b/x"), ("k=a%2520b", "k=a%20b"), ("%zz%", "%zz%"), ("%C3%A4", "ä")]
        {
            assert_eq!(decoded(encoded), path);
        }
    }
}
