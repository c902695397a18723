//! One engine process: its shards with what the reactor keeps around them, its commit plane, and its data directory.

use crate::canary::Canary as Planted;
use crate::data_directory::{DataDirectory, Logs};
use crate::faults::{Fault, FaultCounts};
use crate::host::{Host, Letter};
use crate::plane::{Mail, Plane};
use crate::routes::{table_of_key, table_of_request};
use crate::shape::Shape;
use lakehead_engine::budget::Budget;
use lakehead_engine::columns::table_builder::RowGroupSize;
use lakehead_engine::handover::answer::Answer;
use lakehead_engine::handover::cut::Piece;
use lakehead_engine::handover::{ShardId, TableKey};
use lakehead_engine::log::BlockBuffer;
use lakehead_engine::shard::action::{Action, Outgoing};
use lakehead_engine::shard::connection::ConnectionId;
use lakehead_engine::shard::event::Event;
use lakehead_engine::shard::{Settings, Shard};

/// A running engine. Everything in it but the directory is lost when it crashes.
pub struct Engine {
    pub budget: Budget,
    /// Those that serve connections, then those that only drain a log.
    pub hosts: Vec<Host>,
    /// How many of them serve connections.
    pub serving: usize,
    /// Commit planes, one for each table.
    pub planes: Vec<Plane>,
    pub directory: DataDirectory,
    pub now_us: u64,
    /// The step at which it began to drain.
    pub draining: Option<u64>,
    /// Nothing in it happens before this step.
    pub still_until: u64,
    /// What persons were told and nobody has looked at.
    pub alarms: Vec<String>,
    /// What logs wanted of their disks, for the trace.
    pub notes: Vec<String>,
    /// Why the process has to end.
    pub failed: Option<String>,
}

/// A frame that a shard sends.
pub struct Sent {
    pub link: u64,
    pub frame: Outgoing,
    pub last: bool,
}

impl Engine {
    /// An engine that has just started with so many shards, or one for each log that is served.
    pub fn start(
        shape: &Shape,
        shards: usize,
        directory: DataDirectory,
        logs: Logs,
        now_us: u64,
        planted: Option<Planted>,
    ) -> Self {
        let canary = Planted::of_shard(planted);
        let budget = Budget::new(shape.budget_bytes);
        let settings = |shard| Settings {
            row_group: RowGroupSize { rows: shape.row_group_rows, bytes: 1 << 20 },
            credit_bytes: shape.credit_bytes,
            canary,
            ..Settings::new(ShardId(shard))
        };
        let mut hosts = Vec::new();
        let serving = if logs.serving.is_empty() { shards } else { logs.serving.len() };
        let mut served = logs.serving.into_iter();
        for shard in 0..serving {
            hosts.push(match served.next() {
                Some(start) => Host::with_log(settings(shard as u16), budget.clone(), start),
                None => Host::new(Shard::new(settings(shard as u16), budget.clone())),
            });
        }
        for start in logs.draining {
            hosts.push(Host::with_log(settings(hosts.len() as u16), budget.clone(), start));
        }
        hosts.iter_mut().for_each(|host| host.shard.await_tables(logs.awaited.clone()));
        let planes = (0..shape.tables).map(|table| Plane::new(shape, table, planted)).collect();
        let (draining, still_until, alarms, notes, failed) = (None, 0, Vec::new(), Vec::new(), None);
        Self { budget, hosts, serving, planes, directory, now_us, draining, still_until, alarms, notes, failed }
    }

    /// Shards ask for what their logs have rows for.
    pub fn begin(&mut self, faults: &mut FaultCounts) -> Vec<Sent> {
        let mut sent = Vec::new();
        for shard in 0..self.hosts.len() {
            let mut actions = Vec::new();
            self.hosts[shard].shard.start(&mut actions);
            if !actions.is_empty() {
                faults.met(Fault::RowsRecovered);
            }
            sent.extend(self.carry_out(shard, actions, faults));
        }
        sent
    }

    /// Puts an event into a shard and carries out what it wants; gives the frames it sends.
    pub fn event(&mut self, shard: usize, event: Event<'_>, faults: &mut FaultCounts) -> Vec<Sent> {
        let mut actions = Vec::new();
        if let Some(host) = self.hosts.get_mut(shard) {
            host.shard.step(event, &mut actions);
        }
        self.carry_out(shard, actions, faults)
    }

    /// Refuses everyone: the engine is about to end.
    pub fn dismiss(&mut self, shard: usize, faults: &mut FaultCounts) -> Vec<Sent> {
        let mut actions = Vec::new();
        if let Some(host) = self.hosts.get_mut(shard) {
            host.shard.dismiss(&mut actions);
        }
        self.carry_out(shard, actions, faults)
    }

    /// Hands one letter to its shard.
    pub fn take_mail(&mut self, shard: usize, faults: &mut FaultCounts) -> Vec<Sent> {
        let Some(letter) = self.hosts.get_mut(shard).and_then(|host| host.mail.pop_front()) else { return Vec::new() };
        let answer = match letter {
            Letter::Answer(answer) => answer,
            Letter::Drained(id) => return self.event(shard, Event::TableDrained { id }, faults),
        };
        if let Some(host) = self.hosts.get_mut(shard) {
            match &answer {
                Answer::TableOpened { result: Ok(open), .. } => host.open(open.key, &open.port),
                Answer::Room { table } => {
                    self.planes[table_of_key(*table)].pieces += host.push_on(*table, self.now_us, faults);
                }
                Answer::Discarded { .. } if host.log.is_some() => faults.met(Fault::BuiltAgain),
                _ => {}
            }
        }
        let settled = match &answer {
            Answer::Committed { table, cut, .. } => Some((*table, *cut)),
            Answer::Discarded { table, .. } | Answer::TableClosed { table, .. } => Some((*table, u64::MAX)),
            _ => None,
        };
        let closed = if let Answer::TableClosed { table, .. } = &answer { Some(*table) } else { None };
        let sent = self.event(shard, Event::Answer(answer), faults);
        if let Some(host) = self.hosts.get_mut(shard) {
            let is_settled = |(key, cut, _): &(TableKey, u64, _)| {
                settled.is_some_and(|(table, settled)| *key == table && *cut <= settled)
            };
            host.mints.retain(|mint| !is_settled(mint));
            closed.into_iter().for_each(|key| host.close(key));
        }
        sent
    }

    /// The disk of a shard's log takes one small step.
    pub fn disk_step(&mut self, shard: usize, faults: &mut FaultCounts) -> Vec<Sent> {
        let Some(host) = self.hosts.get_mut(shard) else { return Vec::new() };
        let Some(desk) = &mut host.log else { return Vec::new() };
        let full = desk.files.disk_full;
        let event = self.directory.step(desk.id, &mut desk.files);
        if desk.files.disk_full > full {
            faults.met(Fault::DiskFull);
        }
        if let Some(why) = desk.files.stopped.take() {
            self.failed = Some(why);
            return Vec::new();
        }
        let Some(event) = event else { return Vec::new() };
        match &event {
            lakehead_engine::log::LogEvent::Retired { .. } => faults.met(Fault::SegmentRetired),
            lakehead_engine::log::LogEvent::Read { .. } => faults.met(Fault::CopiedForward),
            _ => {}
        }
        let mut actions = Vec::new();
        host.shard.log_event(event, &mut actions);
        self.carry_out(shard, actions, faults)
    }

    /// A block that a replay wants is read, once there is room for its rows.
    pub fn replay(&mut self, shard: usize, faults: &mut FaultCounts) -> Vec<Sent> {
        let is_spent = self.budget.used() >= self.budget.limit();
        let Some(host) = self.hosts.get_mut(shard) else { return Vec::new() };
        let next = host.log.as_ref().and_then(|desk| desk.reads.front());
        let table = next.map_or(0, |(key, ..)| table_of_key(*key));
        if is_spent || !host.is_port_free(table) {
            return self.event(shard, Event::MemoryShort, faults);
        }
        let Some(desk) = &mut host.log else { return Vec::new() };
        let Some((table, generation, place)) = desk.reads.pop_front() else { return Vec::new() };
        let read = self.directory.read(desk.id, &place);
        if read.is_none() {
            faults.met(Fault::ReplayBlockGone);
        }
        let bytes = read.as_ref().map_or(&[][..], |read| read.bytes());
        self.event(shard, Event::LogRead { table, generation, place, bytes }, faults)
    }

    /// A shard hears that nothing has left its table's port for long.
    pub fn port_stalled(&mut self, shard: usize, faults: &mut FaultCounts) -> Vec<Sent> {
        let now_us = self.now_us;
        let Some(table) = self.hosts.get_mut(shard).and_then(|host| host.take_stalled(now_us)) else {
            return Vec::new();
        };
        faults.met(Fault::PortStalled);
        self.event(shard, Event::PortStalled { table }, faults)
    }

    /// Has a shard's log say what it wants.
    pub fn stir(&mut self, shard: usize) {
        let Some(host) = self.hosts.get_mut(shard) else { return };
        let Some(desk) = &mut host.log else { return };
        let Some(disk) = self.directory.disk(desk.id) else { return };
        let mut wanted = Vec::new();
        host.shard.log_actions(self.now_us, &mut wanted);
        for action in wanted {
            self.notes.push(format!("  log of shard {shard}: {action:?}"));
            desk.files.begin(action, disk);
        }
    }

    fn carry_out(&mut self, shard: usize, actions: Vec<Action>, faults: &mut FaultCounts) -> Vec<Sent> {
        let mut sent = Vec::new();
        for action in actions {
            match action {
                Action::Send(ConnectionId(link), frame) => sent.push(Sent { link, frame, last: false }),
                Action::Finish(ConnectionId(link), frame) => sent.push(Sent { link, frame, last: true }),
                Action::Request(request) => self.planes[table_of_request(&request)].requests.push_back(request),
                Action::ReadLog { table, generation, place } => {
                    if let Some(desk) = self.hosts.get_mut(shard).and_then(|host| host.log.as_mut()) {
                        desk.reads.push_back((table, generation, place));
                    }
                }
                Action::ReadAgain(_) | Action::Replayed { .. } => {}
                Action::Alarm(what) => self.alarms.push(what),
                Action::Drained(id) => {
                    self.hosts.iter_mut().for_each(|host| host.mail.push_back(Letter::Drained(id.clone())));
                }
                Action::Fatal(why) => self.failed = Some(why),
                Action::HandOver(key, piece) => {
                    let host = self.hosts.get_mut(shard);
                    if let Some(host) = host.filter(|host| host.has_open(key)) {
                        if let Piece::CutDone(done) = &piece {
                            host.mints.extend(done.mints.iter().map(|stream| (key, done.cut, stream.clone())));
                        }
                        let went = host.hand_over(key, piece, self.now_us, faults);
                        self.planes[table_of_key(key)].pieces += went;
                    }
                }
            }
        }
        self.stir(shard);
        sent
    }

    /// Puts answers into the shards' mailboxes.
    pub fn post(&mut self, mail: Mail) {
        for (shard, answer) in mail {
            if let Some(host) = self.hosts.get_mut(usize::from(shard.0)) {
                host.mail.push_back(Letter::Answer(answer));
            }
        }
    }

    /// Whether rows of this connection are read.
    pub fn reads_rows(&self, shard: usize, connection: ConnectionId, table: usize) -> bool {
        self.hosts.get(shard).is_some_and(|host| host.reads_rows(connection, table))
    }

    /// Whether a cut of this shard asks for an epoch of the stream.
    pub fn is_minting(&self, shard: usize, stream: &str) -> bool {
        self.hosts.get(shard).is_some_and(|host| host.mints.iter().any(|(_, _, name)| **name == *stream))
    }

    /// Whether nothing is on its way in it.
    pub fn is_settled(&self) -> bool {
        self.planes.iter().all(Plane::is_idle) && self.hosts.iter().all(Host::is_settled)
    }
}
