//! Opening one table, on a thread that may block.

use super::attempt::{Canary, Terms};
use super::context::Context;
use super::decide::Patience;
use super::directory::DirectoryMessage;
use super::encode::policy::ENCODING_PROPERTY;
use super::encode::{EncodingPlan, EncodingPolicy};
use super::partition::Partitioning;
use super::table_task::OpenedTable;
use crate::handover::bad_rows::{BAD_ROWS_PROPERTY, BadRowPolicy};
use crate::handover::port::table_port;
use crate::handover::{Refusal, TableKey};
use crate::table::delta::columns::Columns;
use crate::table::delta::places::local_folder;
use crate::table::delta::properties::NamedPolicy;
use crate::table::delta::{DeltaTable, TableError, Version};
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::Schema;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use url::Url;

/// How old the look may be that a put builds upon before the table has to show it. Others need at least that long to commit past it, write
/// a checkpoint and clean it away.
pub const UNKNOWN_MS_MAX: u64 = 60_000;

/// Why a table could not be opened.
#[derive(Debug, Clone)]
pub enum OpenFailure {
    /// There is none, and nobody said what to make it from.
    Missing,
    Refused(Refusal),
}

/// Opens the table at `place`, making it first from `create` when there is none. Blocks.
pub(super) fn open_table(
    context: &Arc<Context>,
    key: TableKey,
    place: &Url,
    create: Option<&Schema>,
    reopen: UnboundedSender<DirectoryMessage>,
) -> Result<OpenedTable, OpenFailure> {
    let looked_ms = context.now_ms();
    let properties: Vec<_> =
        context.settings.table_properties.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let table = DeltaTable::at(place, context.kernel.clone()).map_err(refused)?;
    let version = match (table.load().map_err(refused)?, create) {
        (Some(version), _) => version,
        (None, Some(schema)) => table.create_with(schema, &properties).map_err(refused)?,
        (None, None) => return Err(OpenFailure::Missing),
    };
    // Now that the folder is there, it has one true name. In an object store it has no other one.
    let real = local_folder(place).and_then(|path| path.canonicalize().ok());
    let real = real.and_then(|path| Url::from_directory_path(path).ok()).unwrap_or_else(|| place.clone());
    let table = DeltaTable::at(&real, context.kernel.clone()).map_err(refused)?;
    let view = version.view();
    if let Some(why) = &view.unsupported {
        return Err(OpenFailure::Refused(Refusal::new(RejectCode::TableUnsupported, why.as_ref())));
    }
    let TablePlan { columns, encoding, partitioning } = plan_of(context, &table, &version)?;
    let (pace, ignored) = version.pace(context.settings.pace);
    ignored.iter().for_each(|ignored| tracing::warn!(table = place.as_str(), "{ignored}"));
    let bad_rows = version.policy(context.settings.bad_rows);
    if bad_rows == BadRowPolicy::Divert && !context.settings.has_log {
        tracing::warn!(
            table = place.as_str(),
            "the table's way with bad rows ({BAD_ROWS_PROPERTY}) is divert, which needs the log: batches with bad rows are refused \
             until this engine is started with mode = \"on\" in [log]"
        );
    }
    let terms = Terms {
        id: view.id.clone(),
        schema: view.schema.clone(),
        streams_max: context.settings.streams_max,
        patience: Patience { unknown_ms_max: UNKNOWN_MS_MAX },
        canary: Canary::None,
    };
    let sent = Arc::new(Notify::new());
    let wake = sent.clone();
    let (port, pieces) = table_port(context.settings.port_capacity.max(1), Arc::new(move || wake.notify_one()));
    Ok(OpenedTable {
        key,
        table,
        columns,
        encoding,
        partitioning,
        pace,
        bad_rows,
        version,
        looked_ms,
        terms,
        port,
        pieces,
        sent,
        reopen,
    })
}

/// The columns of a version, and what becomes of them in files.
pub(super) struct TablePlan {
    pub columns: Columns,
    pub encoding: Arc<EncodingPlan>,
    pub partitioning: Option<Arc<Partitioning>>,
}

/// The plan of a version.
///
/// # Errors
/// When it has columns that cannot be written here.
pub(super) fn plan_of(context: &Context, table: &DeltaTable, version: &Version) -> Result<TablePlan, OpenFailure> {
    let columns = version.columns().map_err(refused)?;
    let partitioning = version.partitioning().map_err(refused)?;
    let of_files = partitioning.as_ref().map_or_else(|| columns.files.clone(), |kept| kept.kept_of(&columns.files));
    let wanted = table.wanted_statistics(version).map_err(refused)?;
    let policy = policy_of(version, table.url(), context.settings.encoding);
    let encoding = EncodingPlan::new(of_files, context.settings.compression)
        .map_err(|error| OpenFailure::Refused(Refusal::new(RejectCode::TableUnsupported, error.to_string())))?;
    let encoding = Arc::new(encoding.with_policy(policy).with_statistics(&wanted));
    Ok(TablePlan { columns, encoding, partitioning: partitioning.map(Arc::new) })
}

/// The policy that the table names, or the engine's own. A name that is none keeps nobody from writing.
fn policy_of(version: &Version, place: &Url, fallback: EncodingPolicy) -> EncodingPolicy {
    match version.encoding_policy() {
        NamedPolicy::Known(policy) => policy,
        NamedPolicy::None => fallback,
        NamedPolicy::Unknown(unknown) => {
            let table = place.as_str();
            tracing::warn!(
                table,
                "the table property {ENCODING_PROPERTY} is ignored: {unknown}; it is written by {fallback}"
            );
            fallback
        }
    }
}

fn refused(error: TableError) -> OpenFailure {
    let code = match &error {
        TableError::Location { .. } | TableError::Unsupported(_) => RejectCode::TableUnsupported,
        TableError::Schema(_) => RejectCode::SchemaMismatch,
        TableError::Kernel(_) | TableError::Store(_) | TableError::Commit { .. } | TableError::Remade { .. } => {
            RejectCode::TableUnavailable
        }
        TableError::Internal(_) => RejectCode::Internal,
    };
    OpenFailure::Refused(Refusal::new(code, error.to_string()))
}
