//! A table where it lies, without an engine.

use crate::commit::rejects::rows::place_beside;
use crate::config::ConfigError;
use crate::store::bucket::{BucketError, Cloud};
use crate::store::options::StoreOptions;
use crate::table::delta::places::Places;
use crate::table::delta::table::{DeltaTable, TableError};
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
    #[error("{0:?} is not a place for tables; write file:///absolute/path or, in an object store, s3://bucket/path")]
    Root(String),
    #[error("nothing says where tables are: say --tables-root, or set root in [tables] of the configuration")]
    NoRoot,
    #[error(transparent)]
    Place(#[from] BucketError),
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// A folder's URI; its path ends with a slash, so that names can be joined to it. Schemes that mean the same are made one.
///
/// # Errors
/// [`LocalTableError::Root`], [`LocalTableError::Place`].
pub fn parse_root(text: &str) -> Result<Url, LocalTableError> {
    let no_place = || LocalTableError::Root(text.to_owned());
    let mut url = Url::parse(text).map_err(|_| no_place())?;
    Cloud::of(&url)?;
    let one = match url.scheme() {
        "s3a" => Some("s3"),
        "abfs" => Some("abfss"),
        _ => None,
    };
    one.map_or(Ok(()), |scheme| url.set_scheme(scheme)).map_err(|()| no_place())?;
    url.path_segments_mut().map_err(|()| no_place())?.pop_if_empty().push("");
    Ok(url)
}

/// A table, and the runtime that its reader needs.
pub struct LocalTable {
    pub runtime: Runtime,
    pub url: Url,
    pub table: DeltaTable,
    /// Where its rejected rows are, if it has any.
    pub rejects: DeltaTable,
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
        Self::placed(table, &root, &BTreeMap::new(), &StoreOptions::none())
    }

    /// The table of this name, as an engine finds it that has its tables below `root`, but for those in `uris`.
    ///
    /// # Errors
    /// When the place cannot be one. Whether there is a table shows when it is read.
    pub fn placed(
        table: &str,
        root: &Url,
        uris: &BTreeMap<String, Url>,
        store: &StoreOptions,
    ) -> Result<Self, LocalTableError> {
        let url = resolve(table, root, uris)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(LocalTableError::Runtime)?;
        let places = Places::new(runtime.handle().clone(), store.clone());
        let rejects = DeltaTable::at(&place_beside(&url), places.clone())?;
        let table = DeltaTable::at(&url, places)?;
        Ok(Self { runtime, url, table, rejects })
    }

    /// That there is none here.
    pub fn missing(&self) -> LocalTableError {
        LocalTableError::Missing { url: self.url.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_end_in_a_slash_and_have_one_scheme() {
        for (text, url) in [
            ("file:///a/b", "file:///a/b/"),
            ("s3://bucket", "s3://bucket/"),
            ("s3a://bucket/a/", "s3://bucket/a/"),
            ("abfs://c@account.dfs.core.windows.net/t", "abfss://c@account.dfs.core.windows.net/t/"),
            ("az://container/t", "az://container/t/"),
            ("gs://bucket/t", "gs://bucket/t/"),
        ] {
            assert_eq!(parse_root(text).unwrap().as_str(), url);
        }
        for text in ["/a/b", "tables", "ftp://host/a", "s3://"] {
            assert!(parse_root(text).is_err(), "{text}");
        }
    }
}
