//! One table: open, look again, freeze a commit, checkpoint.

use super::columns::{Columns, columns_of};
use super::entries::Shows;
use super::freeze::{Freezer, Slot, frozen};
use super::places::{self, Found, Places};
use super::support::unsupported;
use super::transactions::{self, CommitFile, Transaction};
use super::{add_files, creating, idle_features, logs, statistics, streams};
use crate::commit::attempt::Plan;
use crate::commit::encode::FileStatistics;
use crate::commit::ledger::{Entries, TableView};
use crate::commit::partition::Partitioning;
use crate::store::{PutOutcome, ReadOutcome, Store};
use bytes::Bytes;
use delta_kernel::actions::LOG_TXN_SCHEMA;
use delta_kernel::engine::arrow_data::EngineDataArrowExt;
use delta_kernel::snapshot::{Snapshot, SnapshotRef};
use delta_kernel::transaction::{CommitResult, Transaction as KernelTransaction, UpdateTableOperation};
use delta_kernel::{Engine, KernelError};
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;

pub use super::places::kernel_engine;

/// Who writes, in `commitInfo`.
pub(super) const ENGINE_INFO: &str = concat!("Lakehead/", env!("CARGO_PKG_VERSION"));
/// The folder of commits and checkpoints.
pub(super) const LOG: &str = "_delta_log";

/// Why an operation on a table failed.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("{why}")]
    Location { why: String },
    #[error("{0}")]
    Unsupported(String),
    #[error("the table's schema cannot be made: {0}")]
    Schema(String),
    #[error("the table's log could not be read or extended: {0}")]
    Kernel(#[from] delta_kernel::KernelError),
    #[error("the table's store cannot be used: {0}")]
    Store(String),
    #[error("version {version} of the table is not JSON: {cause}")]
    Commit { version: u64, cause: serde_json::Error },
    #[error("the table at {url} is not the one it was: version {version} is gone or another one")]
    Remade { url: Url, version: u64 },
    #[error("{0}")]
    Internal(&'static str),
}

/// A table at a place.
#[derive(Clone)]
pub struct DeltaTable {
    url: Url,
    store: Arc<dyn Store>,
    engine: Arc<dyn Engine>,
}

/// One version of a table, as the kernel and the commit machines see it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Version {
    pub(super) snapshot: SnapshotRef,
    view: TableView,
    /// The commit file of this version, to recognise the table by: another one may have been made in its place.
    anchor: Option<Bytes>,
    /// RESTOREs are known from this version on.
    looked_from: u64,
}

/// A file that a commit adds.
#[derive(Debug, Clone)]
pub struct AddedFile {
    /// Relative to the table, as the store names it.
    pub path: String,
    /// The values that all its rows have in the table's partition columns, in Delta's words, by the names of the columns.
    pub partition: Vec<(Arc<str>, Option<Arc<str>>)>,
    pub bytes: u64,
    pub modified_ms: i64,
    pub statistics: FileStatistics,
}

/// A commit that nobody has put yet.
#[derive(Debug, Clone)]
pub struct Frozen {
    pub bytes: Bytes,
    /// The table after it, should it land.
    pub after: Version,
}

impl Version {
    /// What commits depend upon.
    pub fn view(&self) -> &TableView {
        &self.view
    }

    /// The version that a commit of these bytes makes of this one.
    pub(super) fn followed(&self, snapshot: SnapshotRef, entries: &Entries, bytes: Bytes) -> Self {
        let view = self.view.after(snapshot.version(), entries);
        Self { snapshot, view, anchor: Some(bytes), looked_from: self.looked_from }
    }

    /// The version of the checkpoint that it was read from; 0 when it was read from the first commit on.
    pub fn checkpoint(&self) -> u64 {
        self.snapshot.log_segment().checkpoint_version.unwrap_or(0)
    }

    /// The table's columns.
    ///
    /// # Errors
    /// [`TableError::Unsupported`] for columns that cannot be written here.
    pub fn columns(&self) -> Result<Columns, TableError> {
        let schema = self.snapshot.schema();
        let columns = columns_of(&schema).map_err(|error| TableError::Unsupported(error.to_string()))?;
        Ok(columns.mapped(&schema, self.snapshot.table_configuration().column_mapping_mode()))
    }
}

impl Version {
    /// Names of the columns that the table is partitioned by, in the table's order.
    pub fn partition_columns(&self) -> &[String] {
        self.snapshot.table_configuration().metadata().partition_columns()
    }

    /// How the table is partitioned, if it is.
    ///
    /// # Errors
    /// [`TableError::Unsupported`] when it cannot be written here.
    pub fn partitioning(&self) -> Result<Option<Partitioning>, TableError> {
        creating::partitioned_by(&self.snapshot.schema(), self.partition_columns())
    }
}

impl DeltaTable {
    /// The table at `url`, which need not exist yet.
    ///
    /// # Errors
    /// As [`Places::find`].
    pub fn at(url: &Url, places: Arc<Places>) -> Result<Self, TableError> {
        let Found { store, engine } = places.find(url)?;
        Ok(Self { url: url.clone(), store, engine })
    }

    /// The same table in another store: for tests that let it fail.
    pub fn with_store(self, store: Arc<dyn Store>) -> Self {
        Self { store, ..self }
    }

    /// Where it is.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Its folder.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The kernel engine that reads it.
    pub(super) fn engine(&self) -> &dyn Engine {
        self.engine.as_ref()
    }

    /// The same, to be kept.
    pub(super) fn shared_engine(&self) -> Arc<dyn Engine> {
        self.engine.clone()
    }

    /// The newest version, if the table exists. Durable when this returns.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn load(&self) -> Result<Option<Version>, TableError> {
        if !self.exists()? {
            return Ok(None);
        }
        let snapshot = Snapshot::builder_for(self.url.as_str()).build(self.engine()).map_err(of_load)?;
        self.settle()?;
        let mut shows = Shows::default();
        for transaction in self.transactions(&snapshot)? {
            shows.take(&transaction.app_id, transaction.version);
        }
        let anchor = self.commit_file(snapshot.version())?;
        let looked_from = snapshot.version() + 1;
        Ok(Some(self.version_of(snapshot, shows, anchor, looked_from)?))
    }

    /// The newest `txn` action of each app id.
    pub(super) fn transactions(&self, snapshot: &Snapshot) -> Result<Vec<Transaction>, TableError> {
        let mut found = BTreeMap::new();
        for batch in snapshot.log_segment().read_actions(self.engine(), LOG_TXN_SCHEMA.clone())? {
            let batch = batch?.actions.try_into_record_batch()?;
            for transaction in transactions::of_batch(&batch) {
                // Newest first: the first one counts.
                found.entry(transaction.app_id.clone()).or_insert(transaction);
            }
        }
        Ok(found.into_values().collect())
    }

    /// The newest version, read from `known` on. Durable when this returns.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn refresh(&self, known: &Version) -> Result<Version, TableError> {
        if self.is_remade(known)? {
            return self.reload(known, known.view.version);
        }
        let snapshot = Snapshot::builder_from(known.snapshot.clone()).build(self.engine()).map_err(of_load)?;
        self.settle()?;
        if snapshot.version() == known.view.version {
            return Ok(known.clone());
        }
        let mut shows = Shows::of(&known.view);
        let mut anchor = None;
        for version in known.view.version + 1..=snapshot.version() {
            let Some(commit) = self.commit_file(version)? else {
                return self.reload(known, version);
            };
            shows.take_commit(version, &of_commit(version, &commit)?);
            anchor = Some(commit);
        }
        self.version_of(snapshot, shows, anchor, known.looked_from)
    }

    /// The newest version, when `gone` is not there any more: cleaned away, so that only a checkpoint knows of it, or another
    /// table's.
    fn reload(&self, known: &Version, gone: u64) -> Result<Version, TableError> {
        let remade = || TableError::Remade { url: self.url.clone(), version: gone };
        let loaded = self.load()?.ok_or_else(remade)?;
        if loaded.view.id != known.view.id {
            return Ok(loaded);
        }
        let mut found = self.look_back(&loaded, known.looked_from)?;
        // What was seen may be cleaned away by now. It holds for logs that have written nothing since.
        for (log, version) in known.view.restored.iter() {
            if found.view.log(*log) == known.view.log(*log) {
                Arc::make_mut(&mut found.view.restored).entry(*log).or_insert(*version);
            }
        }
        Ok(found)
    }

    /// The same version, with the RESTOREs from version `from` on, as far as commit files still say so.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn look_back(&self, known: &Version, from: u64) -> Result<Version, TableError> {
        if from >= known.looked_from {
            return Ok(known.clone());
        }
        // Whom a RESTORE concerns is whoever has an entry now and did not write behind it.
        let mut shows = Shows { logs: known.view.logs.clone(), ..Shows::default() };
        for version in from..=known.view.version {
            if let Some(commit) = self.commit_file(version)? {
                shows.take_commit(version, &of_commit(version, &commit)?);
            }
        }
        let view = TableView { restored: shows.restored, ..known.view.clone() };
        Ok(Version { view, looked_from: from, ..known.clone() })
    }

    /// Whether another table stands where `known` was: its last commit file is not what it was. Appending behind the known
    /// version of such a table would make a file that no reader follows.
    ///
    /// # Errors
    /// When the store does not say.
    pub fn is_remade(&self, known: &Version) -> Result<bool, TableError> {
        match &known.anchor {
            Some(anchor) => Ok(self.commit_file(known.view.version)?.as_ref() != Some(anchor)),
            None => Ok(false),
        }
    }

    /// The bytes of version `plan.version` upon `known`, and the table after it. Puts nothing.
    ///
    /// # Errors
    /// When the kernel does not make such a commit.
    pub fn freeze(&self, known: &Version, plan: &Plan, files: &[AddedFile]) -> Result<Frozen, TableError> {
        if plan.version != known.view.version + 1 {
            return Err(TableError::Internal("a commit follows the version that it was judged upon"));
        }
        if !plan.columns.is_empty() {
            let (transaction, slot) = self.alter(known, &plan.columns)?;
            return self.frozen(known, plan, files, transaction, &slot);
        }
        let (freezer, slot) = Freezer::new();
        let upon = idle_features::to_write_upon(&known.snapshot)?;
        let mut builder = upon.update_table(UpdateTableOperation::StreamingUpdate, ENGINE_INFO, true);
        let of_logs = logs::transactions(&plan.entries, &known.view.logs);
        for (app_id, version) in streams::transactions(&plan.entries).chain(of_logs) {
            builder = builder.with_transaction_id(app_id, version);
        }
        if !files.is_empty() {
            builder = builder.with_blind_append().with_operation_metrics(add_files::metrics(files));
        }
        let mut transaction = builder.build(self.engine(), freezer)?;
        if !files.is_empty() {
            transaction.add_files(add_files::of_snapshot(&known.snapshot, files)?);
        }
        self.frozen(known, plan, files, transaction, &slot)
    }

    /// The bytes of a finished transaction, and the table after it.
    fn frozen(
        &self,
        known: &Version,
        plan: &Plan,
        files: &[AddedFile],
        transaction: KernelTransaction,
        slot: &Slot,
    ) -> Result<Frozen, TableError> {
        let CommitResult::Committed(committed) = transaction.commit(self.engine())? else {
            return Err(TableError::Internal("the kernel did not take the committer's answer"));
        };
        let mut bytes = frozen(slot).ok_or(TableError::Internal("the kernel made no commit"))?;
        if files.iter().any(|file| file.statistics.has_stand_ins()) {
            let told = statistics::with_statistics(&bytes, files);
            bytes = told.map_err(|cause| TableError::Commit { version: plan.version, cause })?;
        }
        let snapshot = committed.post_commit_snapshot().cloned();
        let snapshot = snapshot.ok_or(TableError::Internal("the kernel gave no snapshot after the commit"))?;
        let snapshot = idle_features::as_it_is(&known.snapshot, snapshot)?;
        let mut after = known.followed(snapshot, &plan.entries, bytes.clone());
        if !plan.columns.is_empty() {
            after.view.schema = self.schema_of(&after.snapshot)?;
        }
        Ok(Frozen { after, bytes })
    }

    /// Puts the bytes of a version, if it is free.
    pub fn put(&self, version: u64, bytes: &Bytes) -> PutOutcome {
        self.store.put_if_absent(&commit_path(version), bytes)
    }

    /// Reads the bytes of a version.
    pub fn read(&self, version: u64) -> ReadOutcome {
        self.store.read(&commit_path(version))
    }

    /// Writes a checkpoint of `known`; gives the same version, which lists from the checkpoint on.
    ///
    /// # Errors
    /// When that fails, which costs nothing but a longer log.
    pub fn checkpoint(&self, known: &Version) -> Result<Version, TableError> {
        let (_written, snapshot) = idle_features::to_write_upon(&known.snapshot)?.checkpoint(self.engine(), None)?;
        Ok(Version { snapshot: idle_features::as_it_is(&known.snapshot, snapshot)?, ..known.clone() })
    }

    /// Whether there is a log with anything in it.
    fn exists(&self) -> Result<bool, TableError> {
        let log = self.url.join(&format!("{LOG}/")).map_err(url_error)?;
        places::look(self.engine(), &log)
    }

    fn settle(&self) -> Result<(), TableError> {
        self.store.settle(LOG).map_err(|error| TableError::Store(error.to_string()))
    }

    fn commit_file(&self, version: u64) -> Result<Option<Bytes>, TableError> {
        match self.store.read(&commit_path(version)) {
            ReadOutcome::Found(bytes) => Ok(Some(bytes)),
            ReadOutcome::Missing => Ok(None),
            ReadOutcome::Unknown(why) => Err(TableError::Store(why)),
        }
    }

    /// The schema as a text that changes whenever files have to look otherwise.
    fn schema_of(&self, snapshot: &SnapshotRef) -> Result<Arc<str>, TableError> {
        let schema = snapshot.table_configuration().metadata().schema_string();
        // What a table is clustered by decides on statistics.
        Ok(match self.clustering(snapshot)?.as_slice() {
            [] => schema.as_str().into(),
            columns => format!("{schema}\nclustered by {columns:?}").into(),
        })
    }

    fn version_of(
        &self,
        snapshot: SnapshotRef,
        shows: Shows,
        anchor: Option<Bytes>,
        looked_from: u64,
    ) -> Result<Version, TableError> {
        let metadata = snapshot.table_configuration().metadata();
        let view = TableView {
            id: metadata.id().into(),
            version: snapshot.version(),
            schema: self.schema_of(&snapshot)?,
            streams: shows.streams,
            logs: shows.logs,
            restored: shows.restored,
            unsupported: unsupported(&snapshot).map(Arc::from),
        };
        Ok(Version { snapshot, view, anchor, looked_from })
    }
}

/// A table that asks of its readers what nobody here knows is refused, not waited for.
fn of_load(error: KernelError) -> TableError {
    match error {
        KernelError::Unsupported(why) => TableError::Unsupported(format!(
            "{why} here, and the table asks it of everybody; drop it (ALTER TABLE … DROP FEATURE), or write to another table"
        )),
        error => error.into(),
    }
}

fn of_commit(version: u64, commit: &Bytes) -> Result<CommitFile, TableError> {
    transactions::of_commit(commit).map_err(|cause| TableError::Commit { version, cause })
}

pub(super) fn commit_path(version: u64) -> String {
    format!("{LOG}/{version:020}.json")
}

pub(super) fn url_error(error: url::ParseError) -> TableError {
    TableError::Store(error.to_string())
}
