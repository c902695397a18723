//! A log, its disk, its tables and everybody who appends, with a memory of what was promised.

use super::frames::frame;
use crate::handover::log_part::{LogId, Remembered};
use crate::log::fake::{Disk, Files, Random};
use crate::log::recovery::{Mode, Options, Tail};
use crate::log::{
    Canary, Decision, HeapBuffer, Log, LogAction, NewRows, Point, Position, Reason, Recovered, RecoveryError, Room,
    Settings, StreamNumber, TableNumber, recover,
};
use lakehead_protocol::schema::{DataType, Field, Schema};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

pub const LOG: LogId = LogId([7; 16]);

/// What was appended at a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub table: usize,
    pub stream: Arc<str>,
    pub epoch: u64,
    pub from: u64,
    pub next: u64,
    pub schema: usize,
    pub frame: (usize, u32),
    pub point: Point,
    pub is_acked: bool,
}

/// A table and its one committer.
#[derive(Debug, Clone)]
pub struct Table {
    pub id: Arc<str>,
    /// As the table itself shows.
    pub position: Position,
    pub version: u64,
    /// The log was told, durably.
    pub noted: (Position, Point),
    pub is_sick: bool,
    pub streams: Vec<Stream>,
}

#[derive(Debug, Clone)]
pub struct Stream {
    pub name: Arc<str>,
    pub epoch: u64,
    pub number: Option<StreamNumber>,
    pub next: u64,
}

/// A decision to hold an entry, and the point that makes it durable.
#[derive(Debug, Clone, Copy)]
pub struct Hold {
    pub point: Point,
    pub released: Option<Point>,
}

/// How often things happened, so that a test that never meets them fails.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Met {
    pub acked: u64,
    pub torn: u64,
    pub retired: u64,
    pub copies: u64,
    pub full: u64,
    pub share: u64,
    pub disk_full: u64,
    pub held: u64,
    pub recoveries: u64,
    pub damages: u64,
}

pub struct World {
    pub random: Random,
    pub disk: Disk,
    pub files: Files,
    pub log: Log,
    pub now_us: u64,
    pub run: u64,
    pub tables: Vec<Table>,
    pub schemas: Vec<Arc<Schema>>,
    pub entries: BTreeMap<Position, Entry>,
    pub holds: BTreeMap<Position, Hold>,
    pub settings: Settings,
    pub met: Met,
}

/// Small sizes: every limit is met within a few hundred steps.
pub fn settings(random: &mut Random, canary: Canary) -> Settings {
    let mut salts = random.clone();
    let salt = move || std::array::from_fn(|_| salts.draw() as u8);
    Settings {
        bytes_max: 65536 * (5 + random.below(6)),
        segment_bytes: 65536,
        block_bytes: [4096, 8192, 16384][random.below(3) as usize],
        linger_us: [0, 1000][random.below(2) as usize],
        buffers: Rc::new(|bytes| {
            let mut buffer = HeapBuffer::new(bytes);
            // Contents are undefined.
            crate::log::BlockBuffer::bytes_mut(&mut buffer).fill(0xAA);
            Box::new(buffer)
        }),
        salts: Rc::new(RefCell::new(salt)),
        canary,
    }
}

pub fn schema(columns: usize) -> Arc<Schema> {
    let field = |index| Field::flat(format!("column {index}"), DataType::Long, true);
    Arc::new(Schema::flat((0..columns).map(field).collect()))
}

impl World {
    pub fn new(seed: u64, canary: Canary) -> Self {
        let mut random = Random(seed);
        let settings = settings(&mut random, canary);
        let capacity = if random.percent(20) { 65536 * (4 + random.below(4)) } else { u64::MAX / 2 };
        let sick = random.below(4);
        let tables = (0..1 + random.below(4))
            .map(|table| Table {
                id: Arc::from(format!("id-{table}")),
                position: Position(0),
                version: 0,
                noted: (Position(0), Point(0)),
                is_sick: table == sick,
                streams: (0..1 + random.below(3))
                    .map(|stream| Stream {
                        name: Arc::from(format!("t{table}s{stream}")),
                        epoch: 1,
                        number: None,
                        next: 0,
                    })
                    .collect(),
            })
            .collect();
        Self {
            disk: Disk::new(random.draw(), capacity),
            log: Log::new(settings.clone(), LOG, 1),
            files: Files::default(),
            now_us: 1,
            run: 1,
            tables,
            schemas: (1..4).map(schema).collect(),
            entries: BTreeMap::new(),
            holds: BTreeMap::new(),
            met: Met::default(),
            settings,
            random,
        }
    }

    pub fn number(&mut self, table: usize) -> TableNumber {
        let table = &self.tables[table];
        self.log.note_table(&table.id, &Arc::from(format!("name of {}", table.id)))
    }

    /// Appends rows to a table if there is room.
    pub fn append(&mut self, table: usize, payload: usize) -> Result<Room, String> {
        let number = self.number(table);
        let room = self.log.room(Some(number));
        match room {
            Room::Full => self.met.full += 1,
            Room::TableShare => self.met.share += 1,
            Room::Yes | Room::Behind => {}
        }
        if room != Room::Yes {
            return Ok(room);
        }
        let chosen = self.random.below(self.schemas.len() as u64) as usize;
        let schema = self.log.note_schema(number, &self.schemas[chosen]);
        let count = self.tables[table].streams.len() as u64;
        let stream = &mut self.tables[table].streams[self.random.below(count) as usize];
        let is_known = stream.number.is_some_and(|number| self.log.has_stream(number));
        let stream_number = match stream.number.filter(|_| is_known) {
            Some(number) => number,
            None => *stream.number.insert(self.log.note_stream(number, Some(&stream.name), stream.epoch)),
        };
        let rows = 1 + self.random.below(100) as u32;
        let skip = if self.random.percent(10) { (stream.next as u32).min(self.random.below(5) as u32) } else { 0 };
        let first = stream.next - u64::from(skip);
        let next = first + u64::from(rows + skip);
        let frame = frame(&mut self.random, first, rows + skip, payload);
        let mut decision = Vec::new();
        if self.random.percent(20) {
            let reason = Reason { code: 24, sentence: "a rule".into() };
            Decision::whole(rows + skip, reason).encode(&mut decision);
        }
        let new =
            NewRows { table: number, schema, stream: stream_number, skip, next, frame: &frame, decision: &decision };
        let appended = self.log.append(new);
        let payload = [frame, decision].concat();
        let entry = Entry {
            table,
            stream: stream.name.clone(),
            epoch: stream.epoch,
            from: stream.next,
            next,
            schema: chosen,
            frame: (payload.len(), crc32c::crc32c(&payload)),
            point: appended.point,
            is_acked: false,
        };
        stream.next = next;
        match self.entries.insert(appended.position, entry) {
            Some(old) => Err(format!("position {} was {old:?} and is given out again", appended.position)),
            None => Ok(Room::Yes),
        }
    }

    /// Asks the log what to do, begins it, and notes what is durable.
    pub fn turn(&mut self) -> Result<(), String> {
        let mut actions: Vec<LogAction> = Vec::new();
        self.log.actions(self.now_us, &mut actions);
        for action in actions {
            self.files.begin(action, &self.disk);
        }
        if let Some(why) = &self.files.stopped {
            return Err(format!("the log stops: {why}"));
        }
        let durable = self.log.durable();
        for entry in self.entries.values_mut().filter(|entry| !entry.is_acked && entry.point <= durable) {
            entry.is_acked = true;
            self.met.acked += 1;
        }
        Ok(())
    }

    pub fn step_files(&mut self) {
        if let Some(event) = self.files.step(&mut self.disk, &mut self.random) {
            self.log.on(event);
        }
    }

    /// The table takes in some of its durable entries; the log may be told only later.
    pub fn commit(&mut self, table: usize, tell: bool) {
        let number = self.number(table);
        let (from, run) = (self.tables[table].position, self.run);
        let mine = self.entries.range(from..).filter(|(_, entry)| entry.table == table);
        let durable: Vec<_> = mine.take_while(|(_, entry)| entry.is_acked).map(|(position, _)| *position).collect();
        let state = &mut self.tables[table];
        if !durable.is_empty() && !state.is_sick {
            state.position = durable[self.random.below(durable.len() as u64) as usize].next();
            state.version += 1;
        }
        if tell {
            let remembered = Remembered { claim: run, position: state.position.0, version: state.version };
            let point = self.log.committed(number, remembered);
            state.noted = (state.position, point);
        }
    }

    pub fn hold(&mut self, table: usize) {
        let number = self.number(table);
        let from = self.tables[table].position;
        let held = self.entries.range(from..).find(|(_, entry)| entry.table == table && entry.is_acked);
        let Some((position, entry)) = held.map(|(position, entry)| (*position, entry.clone())) else { return };
        let live = self.log.state().streams.values();
        let stream = live
            .filter(|live| live.record.table == number && live.record.epoch == entry.epoch)
            .find(|live| live.record.name.as_ref() == Some(&entry.stream))
            .map(|live| live.record.number);
        let Some(stream) = stream else { return };
        if !self.holds.contains_key(&position) {
            let point = self.log.hold(number, stream, position);
            self.holds.insert(position, Hold { point, released: None });
            self.met.held += 1;
        }
    }

    pub fn release(&mut self) {
        if let Some((position, hold)) = self.holds.iter_mut().find(|(_, hold)| hold.released.is_none()) {
            hold.released = Some(self.log.release(*position));
        }
    }

    /// Lets everything under way end.
    pub fn settle(&mut self) -> Result<(), String> {
        let mut quiet = 0;
        let until_us = self.now_us + 5_000_000;
        self.turn()?;
        for _ in 0..20_000 {
            if self.now_us > until_us {
                // A full disk is tried again for ever.
                return Ok(());
            }
            if self.files.is_idle() {
                quiet += 1;
                // Nobody asks a log before it wants to be asked.
                let Some(wake) = self.log.wake_at_us() else { return self.is_at_rest() };
                self.now_us = self.now_us.max(wake) + 1;
                self.turn()?;
                if quiet > 50 {
                    return Ok(());
                }
            } else {
                quiet = 0;
                self.step_files();
                self.turn()?;
            }
        }
        Err("the log never comes to rest".to_owned())
    }

    /// A log that needs none of its segments has nothing that waits for one.
    fn is_at_rest(&self) -> Result<(), String> {
        let usage = self.log.usage();
        if self.log.is_drained() && usage.live_bytes == 0 && self.log.durable() < self.log.point() {
            return Err(format!("what is gathered is never written: {usage:?}"));
        }
        Ok(())
    }

    /// Every table works again, and takes in all there is: everything must become durable, and go.
    pub fn drain(&mut self) -> Result<(), String> {
        // Somebody makes room.
        self.disk.capacity = u64::MAX / 2;
        self.now_us += 2_000_000;
        while self.holds.values().any(|hold| hold.released.is_none()) {
            self.release();
        }
        for _ in 0..20 {
            for table in 0..self.tables.len() {
                let state = &mut self.tables[table];
                state.is_sick = false;
                let end = self.entries.iter().rev().find(|(_, entry)| entry.table == table && entry.is_acked);
                state.position = end.map_or(state.position, |(position, _)| state.position.max(position.next()));
                self.commit(table, true);
            }
            self.settle()?;
            let usage = self.log.usage();
            if self.log.is_drained() && usage.live_bytes == 0 && self.log.durable() == self.log.point() {
                return match (0..self.tables.len())
                    .map(|table| self.append(table, 100))
                    .find(|room| *room != Ok(Room::Yes))
                {
                    Some(room) => Err(format!("a drained log has no room: {room:?}, {usage:?}")),
                    None => Ok(()),
                };
            }
        }
        Err(format!("the log does not drain: {:?}, {:?}", self.log.usage(), self.log.index.segments))
    }

    pub fn recovered(&self, mode: Mode) -> Result<Recovered, RecoveryError> {
        recover(&self.disk, LOG, Options { mode, canary: self.settings.canary })
    }

    /// The process dies, perhaps with the machine, and the log is recovered, checked and resumed.
    pub fn crash(&mut self, is_power_cut: bool) -> Result<(), String> {
        self.met.retired += self.files.retired;
        self.met.copies += self.files.copies_read;
        self.met.disk_full += self.files.disk_full;
        let (durable, files) = (self.log.durable(), std::mem::take(&mut self.files));
        drop(files);
        if is_power_cut {
            self.disk.cut_power();
        }
        let recovered = self.recovered(Mode::Strict).map_err(|error| format!("after a crash: {error}"))?;
        if !recovered.damages.is_empty() {
            return Err(format!("damage after a mere crash: {:?}", recovered.damages));
        }
        if recovered.must_sync {
            if self.random.percent(20) {
                // Once more, before anything was made of it.
                self.disk.cut_power();
                return self.crash(false);
            }
            self.disk.sync_all();
        }
        self.check(&recovered, durable)?;
        self.resume(recovered);
        Ok(())
    }

    pub fn resume(&mut self, recovered: Recovered) {
        self.met.recoveries += 1;
        if recovered.tail != Tail::Clean {
            self.met.torn += 1;
        }
        self.run += 1;
        self.entries.split_off(&recovered.next_position);
        for table in 0..self.tables.len() {
            for stream in &mut self.tables[table].streams {
                let mine = |entry: &&Entry| entry.table == table && entry.stream == stream.name;
                stream.next = self.entries.values().filter(mine).map(|entry| entry.next).max().unwrap_or(0);
                stream.epoch += 1;
                stream.number = None;
            }
            let known = recovered.state.tables.values().find(|known| known.id == self.tables[table].id);
            self.tables[table].noted = (known.map_or(Position(0), |known| known.position), Point(0));
        }
        self.holds.retain(|position, _| recovered.state.held.contains_key(position));
        for hold in self.holds.values_mut() {
            *hold = Hold { point: Point(0), released: None };
        }
        for entry in self.entries.values_mut() {
            // Recovered and synced: as good as acked.
            entry.is_acked = true;
        }
        self.log = Log::resume(self.settings.clone(), self.run, recovered);
    }
}
