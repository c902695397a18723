//! Whether the places of tables can be spoken to, asked before an engine starts.
//!
//! What is wrong for good (no such bucket, credentials that are refused or missing) is told at once, instead of to each producer
//! that comes. A store that does not answer now may answer later: then the engine starts, and waits for it.

use crate::commit::settings::Settings;
use crate::store::trouble::may_pass;
use crate::table::delta::TableError;
use crate::table::delta::places::{Places, local_folder};
use std::collections::BTreeSet;
use url::{Position, Url};

/// Why an engine should not start.
#[derive(Debug, thiserror::Error)]
pub enum StoreCheckError {
    #[error("tables cannot be at {url}: {cause}")]
    Place { url: Url, cause: Box<TableError> },
    #[error("no runtime could be started: {0}")]
    Runtime(#[from] std::io::Error),
}

/// Looks once into each bucket that tables are configured to be in.
///
/// # Errors
/// [`StoreCheckError`] for what waiting does not mend.
pub fn check(settings: &Settings) -> Result<(), StoreCheckError> {
    let mut seen = BTreeSet::new();
    let all = std::iter::once(&settings.tables_root).chain(settings.table_uris.values());
    let elsewhere =
        all.filter(|url| local_folder(url).is_none() && seen.insert(url[..Position::BeforePath].to_owned()));
    let elsewhere: Vec<&Url> = elsewhere.collect();
    if elsewhere.is_empty() {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let places = Places::new(runtime.handle().clone(), settings.store.clone());
    for url in elsewhere {
        match places.check(url) {
            Err(TableError::Store(why)) if may_pass(&why) => {
                tracing::warn!(%url, why, "the tables' store does not answer; rows wait for it");
            }
            Err(cause) => return Err(StoreCheckError::Place { url: url.clone(), cause: Box::new(cause) }),
            Ok(()) => {}
        }
    }
    Ok(())
}
