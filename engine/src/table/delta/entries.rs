//! What a table shows of streams and logs, gathered from its `txn` actions.

use super::transactions::CommitFile;
use super::{logs, streams};
use crate::commit::ledger::{Logs, Restored, Streams, TableView};
use std::sync::Arc;

/// Streams and logs of one version.
#[derive(Debug, Clone, Default)]
pub(super) struct Shows {
    pub streams: Arc<Streams>,
    pub logs: Arc<Logs>,
    pub restored: Arc<Restored>,
}

impl Shows {
    /// What `view` shows.
    pub fn of(view: &TableView) -> Self {
        Self { streams: view.streams.clone(), logs: view.logs.clone(), restored: view.restored.clone() }
    }

    /// Takes one entry over.
    pub fn take(&mut self, app_id: &str, version: i64) {
        if streams::parse(app_id).is_some() {
            streams::take(Arc::make_mut(&mut self.streams), app_id, version);
        } else {
            logs::take(Arc::make_mut(&mut self.logs), app_id, version);
        }
    }

    /// Takes the commit of `version` over, which follows what is shown here.
    pub fn take_commit(&mut self, version: u64, file: &CommitFile) {
        for (app_id, number) in &file.transactions {
            self.take(app_id, *number);
            // A log that writes behind a RESTORE knows of it.
            if let Some(log) = logs::log_of(app_id).filter(|log| self.restored.contains_key(log)) {
                Arc::make_mut(&mut self.restored).remove(&log);
            }
        }
        if file.restores {
            self.restored = Arc::new(self.logs.keys().map(|log| (*log, version)).collect());
        }
    }
}
