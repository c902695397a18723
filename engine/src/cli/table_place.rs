//! Where tables are, as a command is told: by a data directory, a root, or the engine's configuration.

use super::local_table::{LocalTable, LocalTableError, parse_root};
use crate::config::flags::Flags;
use crate::config::{Effective, Origin};
use crate::store::options::StoreOptions;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use url::Url;

/// Flags of commands that look at tables where they lie.
#[derive(Debug, Clone, clap::Args)]
pub struct TablePlace {
    /// The engine's data directory, or the folder of its tables.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Where tables are when not in the data directory: file:///absolute/path, s3://bucket/path, ...
    #[arg(long, value_name = "URI")]
    pub tables_root: Option<String>,
    /// The engine's configuration file, which may say where tables are and how their store is spoken
    /// to.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl TablePlace {
    /// The names of the flags: one of them has to be given.
    pub const FLAGS: [&str; 3] = ["data_dir", "tables_root", "config"];

    /// Whether it says anything.
    pub fn is_given(&self) -> bool {
        self.data_dir.is_some() || self.tables_root.is_some() || self.config.is_some()
    }

    /// The data directory, when nothing else says where tables are.
    pub fn data_dir_alone(&self) -> Option<&Path> {
        self.data_dir.as_deref().filter(|_| self.tables_root.is_none() && self.config.is_none())
    }

    /// The table of this name. Whether there is one shows when it is read.
    ///
    /// # Errors
    /// When the place cannot be one.
    pub fn table(&self, name: &str) -> Result<LocalTable, LocalTableError> {
        match self.data_dir_alone() {
            Some(data_dir) => LocalTable::at(name, data_dir),
            None => {
                let Self { data_dir, tables_root, config } = self;
                TablePlaces::find(data_dir.as_deref(), tables_root.as_deref(), config.as_deref())?.table(name)
            }
        }
    }
}

/// Where tables are.
pub struct TablePlaces {
    root: Url,
    uris: BTreeMap<String, Url>,
    store: StoreOptions,
}

impl TablePlaces {
    /// As an engine with this data directory, root and configuration file finds them, in this environment.
    ///
    /// # Errors
    /// When the configuration cannot be read, or nothing says where tables are.
    pub fn find(
        data_dir: Option<&Path>,
        tables_root: Option<&str>,
        config: Option<&Path>,
    ) -> Result<Self, LocalTableError> {
        let effective = Effective::read(config, &Flags::default())?;
        let config = effective.typed()?;
        let is_said = effective.origin("tables.root") != Origin::Default;
        // What was not said follows from the configured data directory, which counts when no other one was given.
        let configured = config.tables.root.filter(|_| is_said || data_dir.is_none());
        let root = match (tables_root, &configured, data_dir) {
            (Some(root), _, _) => parse_root(root)?,
            (None, Some(root), _) => parse_root(root)?,
            (None, None, Some(data_dir)) => {
                let folder = data_dir.join("tables");
                let folder = folder.canonicalize().unwrap_or(folder);
                Url::from_directory_path(&folder).map_err(|()| LocalTableError::Path { path: folder })?
            }
            (None, None, None) => return Err(LocalTableError::NoRoot),
        };
        let uris = config.tables.uris.iter().map(|(name, uri)| Ok((name.clone(), parse_root(uri)?)));
        let uris = uris.collect::<Result<_, LocalTableError>>()?;
        Ok(Self { root, uris, store: config.store.options })
    }

    /// The table of this name. Whether there is one shows when it is read.
    ///
    /// # Errors
    /// When the place cannot be one.
    pub fn table(&self, name: &str) -> Result<LocalTable, LocalTableError> {
        LocalTable::placed(name, &self.root, &self.uris, &self.store)
    }
}
