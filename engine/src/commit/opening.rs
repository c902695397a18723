//! Opening one table, on a thread that may block.

use super::attempt::{Canary, Terms};
use super::context::Context;
use super::decide::Patience;
use super::directory::DirectoryMessage;
use super::encode::policy::ENCODING_PROPERTY;
use super::encode::{EncodingPlan, EncodingPolicy};
use super::table_task::OpenedTable;
use crate::handover::port::table_port;
use crate::handover::{Refusal, TableKey};
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
    let table = DeltaTable::at(place, context.kernel.clone()).map_err(refused)?;
    let version = match (table.load().map_err(refused)?, create) {
        (Some(version), _) => version,
        (None, Some(schema)) => table.create(schema).map_err(refused)?,
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
    let columns = version.columns().map_err(refused)?;
    let encoding = EncodingPlan::new(columns.arrow.clone(), context.settings.compression);
    let policy = policy_of(&version, place, context.settings.encoding);
    let encoding = encoding
        .map(|plan| plan.with_policy(policy))
        .map_err(|error| OpenFailure::Refused(Refusal::new(RejectCode::TableUnsupported, error.to_string())))?;
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
    let encoding = Arc::new(encoding);
    Ok(OpenedTable { key, table, columns, encoding, version, looked_ms, terms, port, pieces, sent, reopen })
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
