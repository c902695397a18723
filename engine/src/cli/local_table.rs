//! A table in a data directory, without an engine.

use crate::table::delta::table::{DeltaTable, TableError, kernel_engine};
use crate::table::name::{NameError, resolve};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tokio::runtime::Runtime;
use url::Url;

/// Why a table cannot be looked into.
#[derive(Debug, thiserror::Error)]
pub enum LocalTableError {
    #[error("{path} is not a folder that can be read: {source}. Give the engine's data directory with --data-dir")]
    Directory { path: PathBuf, source: std::io::Error },
    #[error("{path} is not a usable path")]
    Path { path: PathBuf },
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("there is no table at {url}; `lakehead table create`, `lakehead write` or a first stream makes it")]
    Missing { url: Url },
    #[error("no runtime could be started: {0}")]
    Runtime(std::io::Error),
    #[error("{0:?} is not a place for tables; write file:///absolute/path")]
    Root(String),
}

/// A folder's URI; its path ends with a slash, so that names can be joined to it.
///
/// # Errors
/// [`LocalTableError::Root`].
pub fn parse_root(text: &str) -> Result<Url, LocalTableError> {
    let slashed = if text.ends_with('/') { text.to_owned() } else { format!("{text}/") };
    let url = Url::parse(&slashed).ok().filter(|url| url.scheme() == "file");
    url.ok_or_else(|| LocalTableError::Root(text.to_owned()))
}

/// A table, and the runtime that its reader needs.
pub struct LocalTable {
    pub runtime: Runtime,
    pub url: Url,
    pub table: DeltaTable,
}

impl LocalTable {
    /// The table of this name below `data_dir`, which is an engine's data directory or the folder of its tables.
    ///
    /// # Errors
    /// When the place cannot be one. Whether there is a table shows when it is read.
    pub fn at(table: &str, data_dir: &Path) -> Result<Self, LocalTableError> {
        let tables = Some(data_dir.join("tables")).filter(|tables| tables.is_dir());
        let folder = tables.unwrap_or_else(|| data_dir.to_owned());
        let folder = folder.canonicalize().map_err(|source| LocalTableError::Directory { path: folder, source })?;
        let root = Url::from_directory_path(&folder).map_err(|()| LocalTableError::Path { path: folder })?;
        Self::placed(table, &root, &BTreeMap::new())
    }

    /// The table of this name, as an engine finds it that has its tables below `root`, but for those in `uris`.
    ///
    /// # Errors
    /// When the place cannot be one. Whether there is a table shows when it is read.
    pub fn placed(table: &str, root: &Url, uris: &BTreeMap<String, Url>) -> Result<Self, LocalTableError> {
        let url = resolve(table, root, uris)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(LocalTableError::Runtime)?;
        let table = DeltaTable::at(&url, kernel_engine(runtime.handle().clone()))?;
        Ok(Self { runtime, url, table })
    }

    /// That there is none here.
    pub fn missing(&self) -> LocalTableError {
        LocalTableError::Missing { url: self.url.clone() }
    }
}
