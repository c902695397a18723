//! Logs that the log itself wrote, small, with a memory of what is in them.

use crate::assembled::LOG;
use crate::handover::log_part::Remembered;
use crate::log::fake::{Disk, Files, Random};
use crate::log::recovery::{Mode, Options};
use crate::log::{
    Canary, Decision, HeapBuffer, Log, LogAction, NewRows, Point, Position, Reason, Recovered, Room, Settings,
    StreamNumber, TableNumber, recover,
};
use crate::memory_disk::MemoryDisk;
use lakehead_protocol::header::Header;
use lakehead_protocol::kind::Kind;
use lakehead_protocol::schema::{DataType, Field, Schema};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

const SEGMENT_BYTES: u32 = 48 * 1024;
const TABLES: usize = 3;

/// An entry as it was appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `metaData.id`.
    pub table: Arc<str>,
    pub stream: Option<Arc<str>>,
    pub frame: Vec<u8>,
    /// What stands behind the frame.
    pub decision: Vec<u8>,
    point: Point,
}

/// A log's files, and what is in them.
#[derive(Debug)]
pub struct Written {
    pub disk: MemoryDisk,
    pub entries: BTreeMap<Position, Entry>,
    /// Every entry below this is durable.
    pub durable: Position,
    /// What is wrong with whoever wrote it, and reads it.
    pub canary: Canary,
}

/// One stream of a table.
struct Stream {
    name: Option<Arc<str>>,
    /// In the log, of this run's epoch.
    number: Option<StreamNumber>,
    next: u64,
}

struct Writer {
    random: Random,
    settings: Settings,
    disk: Disk,
    files: Files,
    log: Log,
    now_us: u64,
    run: u64,
    entries: BTreeMap<Position, Entry>,
    /// By table.
    streams: Vec<[Stream; 2]>,
}

/// The log of this seed: one or two runs, of which the last ended at rest or by a power cut.
///
/// # Panics
/// When the log does not keep its promises: then there is nothing to fuzz.
pub fn written(seed: u64, canary: Canary) -> Written {
    let mut writer = Writer::new(seed, canary);
    if writer.random.percent(50) {
        writer.append_for(80);
        writer.disk.cut_power();
        let recovered = writer.recovered();
        writer.disk.sync_all();
        writer.resume(recovered);
    }
    writer.append_for(120);
    if writer.random.percent(50) {
        writer.settle();
    }
    let point = writer.log.durable();
    let durable = writer.entries.iter().take_while(|(_, entry)| entry.point <= point).last();
    let durable = durable.map_or(Position(0), |(position, _)| position.next());
    writer.disk.cut_power();
    let disk = MemoryDisk::copy_of(&writer.disk).expect("a disk in memory can be read");
    Written { disk, entries: writer.entries, durable, canary }
}

impl Writer {
    fn new(seed: u64, canary: Canary) -> Self {
        let mut random = Random(seed);
        let mut salts = random.clone();
        let settings = Settings {
            bytes_max: u64::from(SEGMENT_BYTES) * 6,
            segment_bytes: SEGMENT_BYTES,
            block_bytes: [4096, 8192][random.below(2) as usize],
            linger_us: 0,
            buffers: Rc::new(|bytes| Box::new(HeapBuffer::new(bytes))),
            salts: Rc::new(RefCell::new(move || std::array::from_fn(|_| salts.draw() as u8))),
            canary,
        };
        let anonymous = || Stream { name: None, number: None, next: 0 };
        let named = |table| Stream { name: Some(Arc::from(format!("t{table}s1"))), ..anonymous() };
        Self {
            disk: Disk::new(random.draw(), u64::MAX / 2),
            log: Log::new(settings.clone(), LOG, 1),
            files: Files::default(),
            now_us: 1,
            run: 1,
            entries: BTreeMap::new(),
            streams: (0..TABLES).map(|table| [anonymous(), named(table)]).collect(),
            settings,
            random,
        }
    }

    fn append_for(&mut self, steps: u64) {
        for _ in 0..steps {
            let table = self.random.below(TABLES as u64) as usize;
            match self.random.below(10) {
                0..5 => self.append(table),
                5 => self.commit(table),
                6 if self.random.percent(50) => self.hold(table),
                6 => self.decide(table),
                7 => self.now_us += 30_000,
                _ => {}
            }
            for _ in 0..4 {
                self.step();
            }
        }
    }

    fn step(&mut self) {
        let mut actions: Vec<LogAction> = Vec::new();
        self.log.actions(self.now_us, &mut actions);
        actions.into_iter().for_each(|action| self.files.begin(action, &self.disk));
        if let Some(event) = self.files.step(&mut self.disk, &mut self.random) {
            self.log.on(event);
        }
    }

    fn settle(&mut self) {
        for _ in 0..5_000 {
            self.step();
            if self.files.is_idle() {
                let Some(wake) = self.log.wake_at_us() else { return };
                self.now_us = self.now_us.max(wake) + 1;
            }
        }
    }

    fn append(&mut self, table: usize) {
        let id: Arc<str> = Arc::from(format!("id-{table}"));
        let number = self.log.note_table(&id, &Arc::from(format!("table{table}")));
        if self.log.room(Some(number)) != Room::Yes {
            return;
        }
        let columns = 1 + self.random.below(2) as usize;
        let field = |index| Field::flat(format!("c{index}"), DataType::Long, true);
        let schema = self.log.note_schema(number, &Arc::new(Schema::flat((0..columns).map(field).collect())));
        let chosen = self.random.below(2) as usize;
        let Stream { name, number: known, next } = &mut self.streams[table][chosen];
        let stream = match known.filter(|number| self.log.has_stream(*number)) {
            Some(number) => number,
            None => *known.insert(self.log.note_stream(number, name.as_ref(), self.run)),
        };
        let rows = 1 + self.random.below(9) as u32;
        let most = if self.random.percent(10) { 200 } else { 20 };
        let payload = 16 * self.random.below(most) as usize;
        let header =
            Header { payload_bytes: payload as u32, first_offset: *next, rows, ..Header::control(Kind::Batch) };
        let mut frame = header.encode().to_vec();
        frame.resize_with(frame.len() + payload, || self.random.draw() as u8);
        *next += u64::from(rows);
        let mut decision = Vec::new();
        if self.random.percent(20) {
            some_of(&mut self.random, rows).encode(&mut decision);
        }
        let rows = NewRows { table: number, schema, stream, skip: 0, next: *next, frame: &frame, decision: &decision };
        let appended = self.log.append(rows);
        let entry = Entry { table: id, stream: name.clone(), frame, decision, point: appended.point };
        self.entries.insert(appended.position, entry);
    }

    /// The durable entries of a table, or some of them, come into it.
    fn commit(&mut self, table: usize) {
        let id = format!("id-{table}");
        let (Some(number), durable) = (self.log.table_of(&id), self.log.durable()) else { return };
        let mut mine = self.entries.iter().filter(|(_, entry)| *entry.table == *id && entry.point <= durable);
        let Some((last, _)) = mine.next_back() else { return };
        let position = last.0 + 1 - self.random.below(3).min(last.0);
        let known = self.log.state().tables[&number].position.0;
        let remembered = Remembered { claim: self.run, position: position.max(known), version: self.now_us };
        self.log.committed(number, remembered);
    }

    /// Rows of an entry that is in the log turn out not to fit their table.
    fn decide(&mut self, table: usize) {
        let Some(number) = self.log.table_of(&format!("id-{table}")) else { return };
        let Some((position, stream, rows)) = self.waiting(table, number) else { return };
        let decision = some_of(&mut self.random, rows);
        self.log.decide(number, stream, position, &decision);
    }

    fn hold(&mut self, table: usize) {
        let Some(number) = self.log.table_of(&format!("id-{table}")) else { return };
        if let Some(position) = self.log.state().held.keys().next().copied() {
            self.log.release(position);
            return;
        }
        if let Some((position, stream, _)) = self.waiting(table, number) {
            self.log.hold(number, stream, position);
        }
    }

    /// A durable entry that the table does not have, its stream, and its rows.
    fn waiting(&self, table: usize, number: TableNumber) -> Option<(Position, StreamNumber, u32)> {
        let (from, durable) = (self.log.state().tables[&number].position, self.log.durable());
        let mine = |(_, entry): &(&Position, &Entry)| *entry.table == *format!("id-{table}") && entry.point <= durable;
        let (position, entry) = self.entries.range(from..).find(mine)?;
        let stream = self.log.state().streams.values().find(|live| {
            live.record.table == number && live.record.name == entry.stream && live.record.epoch == self.run
        });
        let rows = Header::decode(entry.frame.first_chunk()?).ok()?.rows;
        Some((*position, stream?.record.number, rows))
    }

    fn recovered(&self) -> Recovered {
        let options = Options { mode: Mode::Strict, canary: self.settings.canary };
        recover(&self.disk, LOG, options).expect("what the log wrote can be recovered")
    }

    fn resume(&mut self, recovered: Recovered) {
        self.run += 1;
        self.entries.split_off(&recovered.next_position);
        self.entries.values_mut().for_each(|entry| entry.point = Point(0));
        self.files = Files::default();
        for stream in self.streams.iter_mut().flatten() {
            stream.number = None;
            let mut mine = self.entries.values().filter(|entry| entry.stream == stream.name && stream.name.is_some());
            let last = mine.next_back().and_then(|entry| Header::decode(entry.frame.first_chunk()?).ok());
            stream.next = last.map_or(0, |header| header.first_offset + u64::from(header.rows));
        }
        self.log = Log::resume(self.settings.clone(), self.run, recovered);
    }
}

/// Rejects the first of so many rows and some of the others.
fn some_of(random: &mut Random, rows: u32) -> Decision {
    let reason = |number: u64| Reason { code: 20 + number as u16, sentence: format!("rule {number}").into() };
    Decision::of((0..rows).filter_map(|row| (row == 0 || random.percent(30)).then(|| (row, reason(random.below(3))))))
}
