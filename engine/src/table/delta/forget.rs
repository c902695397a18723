//! Forgetting a named stream.
//!
//! A table loses no entry, so forgetting commits other ones: -1 rows and the next epoch, in one conditional put, upon a
//! version that shows the stream as whoever wants it gone was shown it. From then on the stream is not listed and does not
//! count; a producer that has it is fenced when its next rows come; opening the name begins at row 0. Rows stay.
//!
//! Safe while engines write the table: they judge their cuts against the newest version, as this does.
//!
//! A table of rejected rows has entries of the same stream ([`forget_rejected`]): as long as it says that rows below N are there, bad
//! rows of the name's next life would be taken for them. So it goes first, under the epoch that it has: if the stream is not
//! forgotten after all, its producer goes on. Once it is, the table of rejected rows is told the epoch that was left behind, so that no
//! cut which is under way brings the stream back there.

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

/// How often a table of rejected rows is looked at that changes meanwhile.
const TRIES_MAX: u32 = 8;

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
    let shown = view.stream(&stream);
    commit(runtime, table, known, Forget { stream, shown, epoch: shown.epoch + 1 })
}

/// Forgets what a table of rejected rows knows of `stream`, and fences whoever has it under an epoch before `epoch`, or nobody who was
/// not fenced before. Nothing is to be done where there is no such table, or it knows no such stream.
///
/// # Errors
/// [`ForgetError`]; then the stream is as it was there.
pub fn forget_rejected(
    runtime: &Runtime,
    rejects: &DeltaTable,
    stream: &str,
    epoch: Option<u64>,
) -> Result<(), ForgetError> {
    let (stream, mut tries) = (Arc::<str>::from(stream), 0);
    loop {
        let Some(known) = rejects.load()? else { return Ok(()) };
        let shown = known.view().stream(&stream);
        let epoch = shown.epoch.max(epoch.unwrap_or(0));
        if !known.view().streams.contains_key(&stream) || shown == StreamState::forgotten(epoch) {
            return Ok(());
        }
        tries += 1;
        match commit(runtime, rejects, &known, Forget { stream: stream.clone(), shown, epoch }) {
            Err(ForgetError::Moved { .. }) if tries < TRIES_MAX => {}
            done => return done.map(drop),
        }
    }
}

fn commit(runtime: &Runtime, table: &DeltaTable, known: &Version, forget: Forget) -> Result<u64, ForgetError> {
    let view = known.view();
    let terms = Terms {
        id: view.id.clone(),
        schema: view.schema.clone(),
        streams_max: usize::MAX,
        patience: Patience { unknown_ms_max: UNKNOWN_MS_MAX },
        canary: Canary::None,
    };
    let proposal = Proposal { forgets: vec![forget], ..Proposal::default() };
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
