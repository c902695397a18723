//! Forgetting a named stream.
//!
//! A table loses no entry, so forgetting commits other ones: -1 rows and the next epoch, in one conditional put, upon a
//! version that shows the stream as whoever wants it gone was shown it. From then on the stream is not listed and does not
//! count; a producer that has it is fenced when its next rows come; opening the name begins at row 0. Rows stay.
//!
//! Safe while engines write the table: they judge their cuts against the newest version, as this does.

use super::table::{DeltaTable, TableError, Version, kernel_engine};
use crate::budget::Budget;
use crate::commit::attempt::{Canary, Outcome, Stop, Terms};
use crate::commit::context::Context;
use crate::commit::decide::Patience;

use crate::commit::drive::{Job, drive};
use crate::commit::encode::Encoders;
use crate::commit::ledger::{Forget, Proposal, StreamState};
use crate::commit::opening::UNKNOWN_MS_MAX;
use crate::commit::settings::Settings;
use std::io;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::time::Instant;

/// Why a stream was not forgotten.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    #[error("the table has no named stream {stream:?}; `lakehead stream list` shows those it has")]
    Unknown { stream: Arc<str> },
    #[error("nothing was forgotten: {why}. Somebody writes to the stream; look again, and stop its producer first")]
    Moved { why: String },
    #[error("nothing was forgotten: {0}")]
    Table(String),
    #[error(transparent)]
    Read(#[from] TableError),
    #[error("no thread could be started: {0}")]
    Threads(#[from] io::Error),
}

/// Forgets `stream`, if the newest version of the table still shows it as `known` does; gives the version that says so.
///
/// # Errors
/// [`ForgetError`]; then the stream is as it was.
pub fn forget(runtime: &Runtime, table: &DeltaTable, known: &Version, stream: &str) -> Result<u64, ForgetError> {
    let (stream, view) = (Arc::<str>::from(stream), known.view());
    if !view.has_stream(&stream) {
        return Err(ForgetError::Unknown { stream });
    }
    let shown: StreamState = view.stream(&stream);
    let terms = Terms {
        id: view.id.clone(),
        schema: view.schema.clone(),
        streams_max: usize::MAX,
        patience: Patience { unknown_ms_max: UNKNOWN_MS_MAX },
        canary: Canary::None,
    };
    let proposal = Proposal { forgets: vec![Forget { stream, shown }], ..Proposal::default() };
    let context = Arc::new(Context {
        settings: Settings::new(table.url().clone()),
        budget: Budget::new(0),
        shards: Vec::new(),
        encoders: Encoders::start(1)?,
        runtime: runtime.handle().clone(),
        kernel: kernel_engine(runtime.handle().clone()),
        upkeep: None,
        started: Instant::now(),
    });
    // Read a moment ago, which is when this context's time begins.
    let job = Job { terms, proposal, files: Vec::new(), known: known.clone(), known_ms: 0 };
    match runtime.block_on(drive(&context, table, job)).outcome {
        Outcome::Committed { version, .. } | Outcome::Nothing { version, .. } => Ok(version),
        Outcome::Discard { why, .. } => Err(ForgetError::Moved { why }),
        Outcome::Stop { why } => Err(ForgetError::Table(match why {
            Stop::Remade => "the table was made anew meanwhile; look at it again".to_owned(),
            Stop::SchemaChanged => "the table's columns were changed meanwhile; try again".to_owned(),
            other => other.to_string(),
        })),
    }
}
