//! Tables and the log: who speaks for it, up to where, and what becomes of rows whose table is not open.
//!
//! Before a table hears of the log it is in the log: so a table that shows a log which does not know the table is a sign that
//! the log was rolled back. A log speaks under a claim, which its first cut of a table makes.

use super::action::Action;
use super::canary::Canary;
use super::connection::{Connection, ConnectionId, Phase};
use super::log_book::{ClosedTable, LogBook};
use super::replaying::Replay;
use super::state::Shard;
use super::table::ShardTable;
use super::table_log::{Claim, LogPhase, TableLog};
use crate::handover::answer::{Held, OpenTable};
use crate::handover::log_part::{Base, LogPart, Remembered};
use crate::handover::request::{Request, Ticket};
use crate::handover::shown::Shown;
use crate::handover::{Refusal, TableKey};
use crate::log::{Position, Room, TableNumber, TableRecord};
use crate::number_map::NumberMap;
use lakehead_protocol::reject::RejectCode;
use std::sync::Arc;

impl LogBook {
    /// How a table that is opened now stands with the log; the log knows it from here on. Clients call it `name`.
    pub fn open_table(&mut self, open: &OpenTable, name: &Arc<str>) -> TableLog {
        let number = self.log.table_of(&open.id).unwrap_or_else(|| self.log.note_table(&open.id, name));
        let phase = if self.has_rows(number) || self.accepts(number) { LogPhase::Claiming } else { LogPhase::Live };
        TableLog {
            number,
            phase,
            claim: Claim::Wanted,
            handed_to: Position(self.remembered(number).position),
            stalled: false,
            anonymous: NumberMap::default(),
            layouts: NumberMap::default(),
        }
    }

    /// The newest that the table was heard to show.
    pub fn remembered(&self, table: TableNumber) -> Remembered {
        self.log.state().tables.get(&table).map(TableRecord::remembered).unwrap_or_default()
    }

    /// Whether the log has rows that the table is not known to have.
    pub fn has_rows(&self, table: TableNumber) -> bool {
        let position = Position(self.remembered(table).position);
        self.log.last_position(table).is_some_and(|last| last >= position)
    }
}

impl TableLog {
    /// The position of the last cut's end, after this cut of everything that is built.
    pub(super) fn cut_to(&self, book: &LogBook, canary: Canary) -> Position {
        let built = match &self.phase {
            LogPhase::Claiming => self.handed_to,
            LogPhase::Replaying(replay) if !canary.positions_run_ahead() => replay.next,
            _ => book.log.last_position(self.number).map_or(Position(0), |last| last.next()),
        };
        built.max(self.handed_to)
    }
}

impl Shard {
    /// Asks for the tables whose rows the log has, and for those that a person has decided about.
    pub fn start(&mut self, actions: &mut Vec<Action>) {
        let Some(book) = &self.log else { return };
        let wants = |number: &TableNumber| book.has_rows(*number) || book.accepts(*number);
        let numbers: Vec<TableNumber> = book.log.state().tables.keys().copied().filter(wants).collect();
        numbers.into_iter().for_each(|number| self.ask_for_table(number, actions));
    }

    fn ask_for_table(&mut self, number: TableNumber, actions: &mut Vec<Action>) {
        let Some(book) = &mut self.log else { return };
        let Some(record) = book.log.state().tables.get(&number) else { return };
        actions.push(Action::Request(Request::OpenTable {
            shard: self.settings.shard,
            ticket: Ticket::Log(number.0),
            name: record.name.clone(),
            create: None,
            insist: true,
        }));
        book.closed.insert(number, ClosedTable::Asked);
    }

    /// A table whose rows the log has was opened, or there is no such table.
    pub(super) fn logged_table_opened(
        &mut self,
        number: TableNumber,
        result: Result<OpenTable, Refusal>,
        actions: &mut Vec<Action>,
    ) {
        let Some(book) = &mut self.log else { return };
        let Some(record) = book.log.state().tables.get(&number).cloned() else { return };
        let refusal = match result {
            Ok(open) if open.id == record.id => {
                book.closed.remove(&number);
                match self.ensure_table(&open, &record.name, actions) {
                    Ok(()) => return,
                    Err(refusal) => refusal,
                }
            }
            Ok(open) => {
                let message =
                    format!("table {} was made anew: it is {} now and was {}", record.name, open.id, record.id);
                Refusal::new(RejectCode::TableChanged, message)
            }
            Err(refusal) => refusal,
        };
        self.stop_table(number, refusal, actions);
    }

    /// The log keeps the table's rows until a person has decided.
    pub(super) fn stop_table(&mut self, number: TableNumber, why: Refusal, actions: &mut Vec<Action>) {
        let Some(book) = &mut self.log else { return };
        let name = book.log.state().tables.get(&number).map_or_else(|| "?".into(), |table| table.name.clone());
        let rows = if book.has_rows(number) { "its rows stay in the log" } else { "the log has no rows for it" };
        let message = &why.message;
        actions.push(Action::Alarm(format!(
            "table {name} is not written any more: {message}; {rows}. `lakehead log held` shows what is kept"
        )));
        book.closed.insert(number, ClosedTable::Stopped(why));
    }

    /// A table was closed; what becomes of its rows in the log.
    pub(super) fn logged_table_closed(
        &mut self,
        table: &ShardTable,
        why: &Refusal,
        held: Held,
        actions: &mut Vec<Action>,
    ) {
        let (Some(book), Some(table_log)) = (&self.log, &table.log) else { return };
        match held {
            Held::UntilReopened if book.has_rows(table_log.number) => self.ask_for_table(table_log.number, actions),
            Held::UntilReopened => {}
            Held::UntilDecided => self.stop_table(table_log.number, why.clone(), actions),
        }
    }

    /// Why streams of this table cannot be taken on now, if the log has a reason.
    pub(super) fn log_refusal(&self, open: &OpenTable) -> Option<Refusal> {
        let busy = |message: &str| Some(Refusal::new(RejectCode::Busy, message));
        if self.awaited.contains_key(&open.id) {
            return busy("rows of this table from before the number of cores changed are being committed; try again");
        }
        let book = self.log.as_ref()?;
        let number = book.log.table_of(&open.id)?;
        if let Some(ClosedTable::Stopped(why)) = book.closed.get(&number) {
            return Some(why.clone());
        }
        match book.log.room(Some(number)) {
            Room::Yes | Room::Behind => None,
            Room::TableShare => {
                busy("the log holds as many rows of this table as it may: its store does not take them; try later")
            }
            Room::Full => busy("the log is full: tables do not take their rows; try later"),
        }
    }

    /// An earlier log has no more rows for the table of this id.
    pub(super) fn table_drained(&mut self, id: &str) {
        if let Some(logs) = self.awaited.get_mut(id) {
            *logs -= 1;
            if *logs == 0 {
                self.awaited.remove(id);
            }
        }
    }

    /// What the log brings into the next cut of this table; `None` while a claim that everything waits for is on its way.
    pub(super) fn log_part(&mut self, key: TableKey) -> Option<LogPart> {
        let book = self.log.as_mut()?;
        let table_log = self.tables.get_mut(&key)?.log.as_mut()?;
        let (from, to) = (table_log.handed_to, table_log.cut_to(book, self.settings.canary));
        let (claim, base) = match table_log.claim {
            Claim::Wanted => {
                let (number, next) = (table_log.number, book.log.next_position());
                let record = book.log.state().tables.get(&number);
                let spoken = record.into_iter().flat_map(|record| record.claims.spoken(next)).collect();
                let base = Base::Unclaimed { remembered: book.remembered(number), spoken, adopt: book.accepts(number) };
                // In the log before the cut's end leaves the shard: it may land without our hearing of it.
                let claim = book.log.claim(number);
                table_log.claim = Claim::InFlight(claim);
                (claim, base)
            }
            Claim::InFlight(_) if matches!(table_log.phase, LogPhase::Claiming) => return None,
            Claim::InFlight(claim) | Claim::Granted(claim) => (claim, Base::Claimed { position: from.0 }),
        };
        table_log.handed_to = to;
        Some(LogPart { log: book.log.id(), claim, to: to.0, base })
    }

    /// A cut with entries of the log was committed.
    pub(super) fn log_committed(&mut self, key: TableKey, claim: u64, shown: &Shown, actions: &mut Vec<Action>) {
        let (Some(book), Some(table)) = (&mut self.log, self.tables.get_mut(&key)) else { return };
        let Some(table_log) = &mut table.log else { return };
        let position = Position(shown.log(book.log.id()).position);
        let remembered = Remembered { claim, position: position.0, version: shown.version };
        table_log.claim = Claim::Granted(claim);
        book.log.committed(table_log.number, remembered);
        if let Some(record) = book.log.state().tables.get(&table_log.number) {
            book.accepted.remove(&record.id);
        }
        if matches!(table_log.phase, LogPhase::Claiming) {
            table_log.handed_to = position;
            let mut next = position;
            if self.settings.canary.recuts_overlap() {
                next = Position(0);
            } else if book.drains && self.settings.canary.skips_replays() {
                next = book.log.next_position();
            }
            table_log.phase = LogPhase::Replaying(Replay::from(next, shown.clone()));
            self.replay_on(actions);
        }
        let Some(book) = &mut self.log else { return };
        let number = self.tables.get(&key).and_then(|table| Some(table.log.as_ref()?.number));
        if let (true, Some(number)) = (book.drains, number)
            && !book.has_rows(number)
            && let Some(record) = book.log.state().tables.get(&number)
            && book.drained.insert(number)
        {
            // Once: others count the logs that they wait for.
            actions.push(Action::Drained(record.id.clone()));
        }
    }

    /// Lets in those who waited for the table's rows in the log to be built.
    pub(super) fn table_is_live(&mut self, key: TableKey, actions: &mut Vec<Action>) {
        actions.push(Action::ReadAgain(key));
        let waits =
            |connection: &Connection| matches!(connection.phase, Phase::AwaitingReplay { table } if table == key);
        let mut waiting: Vec<ConnectionId> =
            self.connections.iter().filter(|(_, connection)| waits(connection)).map(|(id, _)| *id).collect();
        waiting.sort_unstable();
        waiting.into_iter().for_each(|id| self.admit(id, key, actions));
    }
}
