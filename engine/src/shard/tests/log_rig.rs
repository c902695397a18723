//! A shard with a log, whose disk is in memory and does everything when it is told to.

use super::rig::{Rig, TABLE, open_hello};
use crate::budget::Budget;
use crate::columns::table_builder::RowGroupSize;
use crate::handover::ShardId;
use crate::handover::answer::{Answer, OpenTable, StreamEntry};
use crate::handover::bad_rows::BadRowPolicy;
use crate::handover::cut::{CutDone, Piece};
use crate::handover::log_part::{LogEntry, LogId};
use crate::handover::rejected::RejectedRow;
use crate::handover::request::Request;
use crate::handover::shown::{Shown, StreamState};
use crate::log::recovery::{Mode, Options};
use crate::log::{
    BlockBuffer, Canary, HeapBuffer, Log, LogAction, LogEvent, ReadDisk, Settings as LogSettings, Spare, recover,
};
use crate::shard::action::Action;
use crate::shard::event::Event;
use crate::shard::logging::LogDuty;
use crate::shard::{Settings, Shard};
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use lakehead_protocol::arrow_schema::to_arrow;
use lakehead_protocol::schema::Schema;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

pub(super) const LOG: LogId = LogId([7; 16]);

/// Files of one log.
#[derive(Default)]
pub(super) struct Files {
    segments: BTreeMap<u64, Vec<u8>>,
    spares: BTreeMap<u64, Vec<u8>>,
}

/// The rig, its disk, and what the shard let out.
pub(super) struct LogRig {
    pub(super) rig: Rig,
    pub(super) files: Files,
    now_us: u64,
}

impl ReadDisk for Files {
    fn segments(&self) -> io::Result<Vec<u64>> {
        Ok(self.segments.keys().copied().collect())
    }

    fn spares(&self) -> io::Result<Vec<Spare>> {
        Ok(self.spares.iter().map(|(number, bytes)| Spare { number: *number, bytes: bytes.len() as u64 }).collect())
    }

    fn bytes(&self, segment: u64) -> io::Result<u64> {
        Ok(self.segments[&segment].len() as u64)
    }

    fn read(&self, segment: u64, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let bytes = self.segments[&segment].get(offset as usize..offset as usize + into.len());
        into.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

impl Files {
    fn perform(&mut self, action: LogAction) -> LogEvent {
        match action {
            LogAction::MakeSpare { number, bytes } => {
                self.spares.insert(number, vec![0; bytes as usize]);
                LogEvent::SpareMade { number, result: Ok(()) }
            }
            LogAction::OpenSegment { number, spare, header, .. } => {
                let mut bytes = self.spares.remove(&spare).unwrap();
                bytes[..header.len()].copy_from_slice(&header[..]);
                self.segments.insert(number, bytes);
                LogEvent::SegmentOpened { number }
            }
            LogAction::Write { ticket, segment, offset, block, bytes } => {
                let at = offset as usize;
                self.segments.get_mut(&segment).unwrap()[at..at + bytes].copy_from_slice(&block.bytes()[..bytes]);
                LogEvent::Written { ticket, block }
            }
            LogAction::Sync { ticket, .. } => LogEvent::Synced { ticket },
            LogAction::Retire { segment, spare } => {
                let bytes = self.segments.remove(&segment).unwrap();
                self.spares.insert(spare, bytes);
                LogEvent::Retired { segment }
            }
            LogAction::Delete { segment } => {
                self.segments.remove(&segment);
                LogEvent::Deleted { segment }
            }
            LogAction::DeleteSpare { spare } => {
                self.spares.remove(&spare);
                LogEvent::SpareDeleted { spare }
            }
            LogAction::Read { ticket, place } => {
                let mut bytes = vec![0; place.bytes as usize];
                self.read(place.segment, place.offset, &mut bytes).unwrap();
                LogEvent::Read { ticket, bytes }
            }
            LogAction::Stop { why } => panic!("{why}"),
        }
    }
}

fn log_settings() -> LogSettings {
    LogSettings {
        bytes_max: 64 << 20,
        segment_bytes: 1 << 20,
        block_bytes: 64 << 10,
        linger_us: 0,
        buffers: Rc::new(|bytes| Box::new(HeapBuffer::new(bytes)) as Box<dyn BlockBuffer>),
        salts: Rc::new(RefCell::new(|| [9; 16])),
        canary: Canary::None,
    }
}

impl LogRig {
    /// A shard with a new log.
    pub(super) fn new() -> Self {
        Self::with(Log::new(log_settings(), LOG, 1), Files::default(), LogDuty::Serves)
    }

    fn with(log: Log, files: Files, duty: LogDuty) -> Self {
        let budget = Budget::new(1 << 30);
        let settings = Settings { row_group: RowGroupSize { rows: 100, bytes: 1 << 20 }, ..Settings::new(ShardId(0)) };
        let shard = Shard::with_log(settings, budget.clone(), log, duty);
        Self {
            rig: Rig { shard, budget, next_cut: 1, generation: 0, bad_rows: BadRowPolicy::Divert },
            files,
            now_us: 0,
        }
    }

    /// The process is gone; the next one finds what is in the files.
    pub(super) fn restart(self) -> (Self, Vec<Action>) {
        self.restart_with(LogDuty::Serves)
    }

    /// The same, with this duty.
    pub(super) fn restart_with(self, duty: LogDuty) -> (Self, Vec<Action>) {
        let recovered =
            recover(&self.files, LOG, Options { mode: Mode::Strict, canary: Canary::None }).expect("recovers");
        let run = self.rig.shard.log().map_or(1, |log| log.run() + 1);
        let mut rig = Self::with(Log::resume(log_settings(), run, recovered), self.files, duty);
        let mut actions = Vec::new();
        rig.rig.shard.start(&mut actions);
        (rig, actions)
    }

    pub(super) fn step(&mut self, event: Event<'_>) -> Vec<Action> {
        self.rig.step(event)
    }

    /// Lets the disk do all that is wanted of it, reads for replays included; gives what the shard wants besides.
    pub(super) fn settle(&mut self, mut actions: Vec<Action>) -> Vec<Action> {
        loop {
            let (reads, others): (Vec<_>, Vec<_>) =
                actions.into_iter().partition(|action| matches!(action, Action::ReadLog { .. }));
            actions = others;
            for read in &reads {
                let Action::ReadLog { table, generation, place } = *read else { continue };
                let mut bytes = HeapBuffer::new(place.bytes as usize);
                self.files.read(place.segment, place.offset, bytes.bytes_mut()).unwrap();
                actions.extend(self.step(Event::LogRead { table, generation, place, bytes: bytes.bytes() }));
            }
            self.now_us += 100;
            let mut wanted = Vec::new();
            self.rig.shard.log_actions(self.now_us, &mut wanted);
            if reads.is_empty() && wanted.is_empty() {
                return actions;
            }
            for action in wanted {
                let event = self.files.perform(action);
                self.rig.shard.log_event(event, &mut actions);
            }
        }
    }

    /// Asks for a cut; gives what comes before anything more is durable.
    pub(super) fn want_cut(&mut self) -> Vec<Action> {
        let (generation, cut) = (self.rig.generation, self.rig.next_cut);
        self.rig.next_cut += 1;
        self.step(Event::Answer(Answer::CutWanted { table: TABLE, generation, cut }))
    }

    /// A cut, and the values of its rows.
    pub(super) fn cut(&mut self, before: Vec<Action>) -> (CutDone, Vec<i64>) {
        let (done, values, _) = self.cut_with_rejects(before);
        (done, values)
    }

    /// The same, with its rejected rows.
    pub(super) fn cut_with_rejects(&mut self, before: Vec<Action>) -> (CutDone, Vec<i64>, Vec<RejectedRow>) {
        let mut rejected = Vec::new();
        let mut actions = before;
        let wanted = self.want_cut();
        actions.extend(self.settle(wanted));
        let (mut values, mut done) = (Vec::new(), None);
        for action in actions {
            match action {
                Action::HandOver(TABLE, Piece::RowGroup(group)) => {
                    values.extend(group.rows.column(0).as_primitive::<Int64Type>().values().iter());
                }
                Action::HandOver(TABLE, Piece::Rejected(rows)) => rejected.extend(rows.rows),
                Action::HandOver(TABLE, Piece::CutDone(marker)) => done = Some(marker),
                _ => {}
            }
        }
        (done.expect("a marker"), values, rejected)
    }

    /// What was asked for at a start is a table with these columns, which shows that its stream `a` has no rows under epoch 1;
    /// gives the cut of what was replayed into it.
    pub(super) fn replayed(&mut self, asked: &[Action], columns: &Schema) -> (CutDone, Vec<i64>, Vec<RejectedRow>) {
        let ticket = asked.iter().find_map(|action| match action {
            Action::Request(Request::OpenTable { ticket, .. }) => Some(*ticket),
            _ => None,
        });
        let ticket = ticket.expect("the log asks for its table");
        let arrow_schema = Arc::new(to_arrow(columns).unwrap());
        let opened = OpenTable { schema: Arc::new(columns.clone()), arrow_schema, ..self.rig.table() };
        let actions = self.step(Event::Answer(Answer::TableOpened { ticket, result: Ok(opened) }));
        self.settle(actions);
        let (done, _) = self.cut(vec![]);
        let claim = done.log.expect("a claim").claim;
        let actions = self.commit(done.cut, vec![], shown(5, claim, 0, &[("a", 0, 1)]));
        self.cut_with_rejects(actions)
    }

    /// The cut is in a table that shows this now.
    pub(super) fn commit(&mut self, cut: u64, minted: Vec<StreamEntry>, shown: Shown) -> Vec<Action> {
        let (generation, version) = (self.rig.generation, 100 + cut);
        let minted = minted.into();
        let actions =
            self.step(Event::Answer(Answer::Committed { table: TABLE, generation, cut, version, minted, shown }));
        self.settle(actions)
    }

    /// Opens stream `a` under epoch 1 on connection 1 and announces its schema.
    pub(super) fn open(&mut self) {
        self.rig.hello(1, open_hello("a", 1, 1));
        let (done, _) = self.cut(vec![]);
        let entry = StreamEntry { stream: "a".into(), committed: 0, epoch: 1, version: 1 };
        let claim = done.log.as_ref().map_or(0, |part| part.claim);
        self.commit(done.cut, vec![entry], shown(1, claim, 0, &[("a", 0, 1)]));
        self.rig.announce(1);
    }
}

/// A table that shows these streams (rows, epoch) and the log with this claim and position.
pub(super) fn shown(version: u64, claim: u64, position: u64, streams: &[(&str, u64, u64)]) -> Shown {
    let streams = streams.iter().map(|(name, rows, epoch)| (Arc::from(*name), StreamState::live(*rows, *epoch)));
    Shown {
        version,
        streams: Arc::new(streams.collect()),
        logs: Arc::new([(LOG, LogEntry { claim, position })].into()),
    }
}
