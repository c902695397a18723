//! Whether a log's rows can go on into a table: what the engine would find at its next start, by the same rules.

use super::place::LogPlace;
use super::reading::{Seen, look};
use crate::cli::table_place::TablePlaces;
use crate::columns::layout::Layout;
use crate::commit::ledger::{Judgement, LogProposal, Proposal, TableView, judge};
use crate::commit::stop::Stop;
use crate::handover::log_part::{Base, LogPart};
use crate::log::{Position, TableRecord, first_claim};
use crate::log_directory::manifest::Manifest;
use crate::table::delta::table::{DeltaTable, TableError, Version};

/// Why a table is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Missing,
    Remade,
    Restored,
    Copied,
    RolledBack,
    Unsupported,
    Columns,
}

/// What would become of a table at the next start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is written.
    Fits,
    /// It would not fit, and a person has accepted it as it is.
    Accepted,
    Stopped {
        reason: Reason,
        why: String,
    },
    /// Nobody can tell now.
    Unknown(String),
}

impl Reason {
    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Remade => "remade",
            Self::Restored => "restored",
            Self::Copied => "copied",
            Self::RolledBack => "rolled back",
            Self::Unsupported => "unsupported",
            Self::Columns => "columns",
        }
    }

    /// What to do about it.
    pub fn next_step(self, table: &str) -> String {
        match self {
            Self::Missing => format!(
                "put the table back, or say with --tables-root or --config where tables are; without it, save the rows with \
                 `held export --table {table} --all` and then `held discard --table {table} --all`"
            ),
            Self::Remade => format!(
                "the rows were for the table that is gone: save them with `held export --table {table} --all`, `held discard \
                 --table {table} --all`, and write them into the new table if they belong there"
            ),
            Self::Restored => format!(
                "when the table is as it should be, `held accept --table {table}` and start the engine: the log goes on with \
                 the rows it has; what else the restore took away is not in the log"
            ),
            Self::Copied | Self::RolledBack => format!(
                "this data directory is not the newest one: stop the other engine or put the newest directory back. To give \
                 this one up, save its rows with `held export --table {table} --all` and begin with an empty data directory"
            ),
            Self::Unsupported | Self::Columns => format!(
                "undo the change of the table and start the engine, or save the rows with `held export --table {table} --all` \
                 and then `held discard --table {table} --all`"
            ),
        }
    }
}

/// Judges one table of a log; also gives what the table shows, when it is the log's table.
pub fn judge_table(
    tables: &TablePlaces,
    manifest: &Manifest,
    (place, seen): (&LogPlace, &Seen),
    record: &TableRecord,
) -> (Verdict, Option<TableView>) {
    let stopped = |reason, why: String| (Verdict::Stopped { reason, why }, None);
    let local = match tables.table(&record.name) {
        Ok(local) => local,
        Err(error) => return (Verdict::Unknown(error.to_string()), None),
    };
    let version = match shown(&local.table, record) {
        Ok(Some(version)) => version,
        Ok(None) => return stopped(Reason::Missing, format!("there is no table at {}", local.url)),
        Err(error) => return (Verdict::Unknown(error.to_string()), None),
    };
    let view = version.view();
    if view.id != record.id {
        let why = format!("the table is {} now and was {} when the rows were written", view.id, record.id);
        return stopped(Reason::Remade, why);
    }
    let verdict = match unwritable(seen, record, &version) {
        Some((reason, why)) => Verdict::Stopped { reason, why },
        None => judged(manifest, (place, seen), record, view),
    };
    (verdict, Some(view.clone()))
}

/// The newest version, with the RESTOREs since the log last heard of the table.
fn shown(table: &DeltaTable, record: &TableRecord) -> Result<Option<Version>, TableError> {
    let Some(newest) = table.load()? else { return Ok(None) };
    table.look_back(&newest, record.version + 1).map(Some)
}

fn unwritable(seen: &Seen, record: &TableRecord, version: &Version) -> Option<(Reason, String)> {
    if let Some(why) = &version.view().unsupported {
        return Some((Reason::Unsupported, why.to_string()));
    }
    let columns = match version.columns() {
        Ok(columns) => columns,
        Err(error) => return Some((Reason::Unsupported, error.to_string())),
    };
    let schemas = seen.recovered.state.schemas.values();
    let mut used = schemas.filter(|live| live.record.table == record.number && live.last >= Some(record.position));
    used.find_map(|live| {
        let error = Layout::match_columns(&live.record.schema, &columns.wire).err()?;
        Some((Reason::Columns, format!("rows in the log do not fit the table's columns any more: {error}")))
    })
}

fn judged(manifest: &Manifest, (place, seen): (&LogPlace, &Seen), record: &TableRecord, view: &TableView) -> Verdict {
    let mut stop = judge_claim(manifest, place, record, view, seen.recovered.next_position);
    if let Some(Stop::RolledBack { .. } | Stop::Copied { .. }) = stop
        && let Ok(later) = look(place)
        && let Some(record) = later.recovered.state.tables.get(&record.number)
    {
        // What came between the two looks is in the table by now.
        stop = judge_claim(manifest, place, record, view, later.recovered.next_position);
    }
    let is_accepted = manifest
        .accepted
        .iter()
        .any(|acceptance| acceptance.table == *record.id && record.claim < first_claim(acceptance.run + 1));
    match stop {
        None => Verdict::Fits,
        Some(Stop::Restored { .. }) if is_accepted => Verdict::Accepted,
        Some(Stop::Restored { how, .. }) => Verdict::Stopped { reason: Reason::Restored, why: how.to_string() },
        Some(Stop::Copied { shown, .. }) => Verdict::Stopped {
            reason: Reason::Copied,
            why: format!(
                "the table shows claim {shown} of this log, which this log has never made: another copy of this data directory \
                 wrote to the table, or this one is older"
            ),
        },
        Some(Stop::RolledBack { shown, end, .. }) => Verdict::Stopped {
            reason: Reason::RolledBack,
            why: format!(
                "the table shows position {} of this log, which had come to {end} under that claim",
                shown.position
            ),
        },
        Some(other) => Verdict::Unknown(other.to_string()),
    }
}

/// What stops the claim that the next start makes, if anything.
fn judge_claim(
    manifest: &Manifest,
    place: &LogPlace,
    record: &TableRecord,
    view: &TableView,
    end: Position,
) -> Option<Stop> {
    let part = LogPart {
        log: place.id,
        claim: first_claim(manifest.run + 1),
        to: record.position.0,
        base: Base::Unclaimed {
            remembered: record.remembered(),
            spoken: record.claims.spoken(end).collect(),
            adopt: false,
        },
    };
    let proposal = Proposal { logs: vec![LogProposal { part, rows: 0 }], ..Proposal::default() };
    match judge(&proposal, view, usize::MAX) {
        Judgement::Stop(stop) => Some(stop),
        Judgement::Proceed { .. } | Judgement::Conflict { .. } => None,
    }
}
