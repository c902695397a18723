//! One engine process: its shards with what the reactor keeps around them, and its commit plane.

use crate::faults::{Fault, FaultCounts};
use crate::plane::{Mail, Plane};
use crate::shape::Shape;
use lakehead_engine::budget::Budget;
use lakehead_engine::columns::table_builder::RowGroupSize;
use lakehead_engine::handover::answer::Answer;
use lakehead_engine::handover::cut::Piece;
use lakehead_engine::handover::port::TablePort;
use lakehead_engine::handover::{ShardId, TableKey};
use lakehead_engine::shard::action::{Action, Outgoing};
use lakehead_engine::shard::connection::ConnectionId;
use lakehead_engine::shard::event::Event;
use lakehead_engine::shard::{Settings, Shard};
use std::collections::VecDeque;
use std::sync::Arc;

/// A running engine. Everything in it is lost when it crashes.
pub struct Engine {
    pub budget: Budget,
    pub hosts: Vec<Host>,
    pub plane: Plane,
    /// The step at which it began to drain.
    pub draining: Option<u64>,
    /// Nothing in it happens before this step.
    pub still_until: u64,
}

/// One core: the shard, its mailbox, and pieces that did not fit into the port.
pub struct Host {
    pub shard: Shard,
    pub mail: VecDeque<Answer>,
    port: Option<(TableKey, TablePort)>,
    held: VecDeque<Piece>,
    /// Epochs that cuts asked for and of which the shard has not heard yet.
    mints: Vec<(u64, Arc<str>)>,
}

/// A frame that a shard sends.
pub struct Sent {
    pub link: u64,
    pub frame: Outgoing,
    pub last: bool,
}

impl Engine {
    /// An engine that has just started.
    pub fn start(shape: &Shape, shards: u16) -> Self {
        let budget = Budget::new(shape.budget_bytes);
        let host = |shard| {
            let settings = Settings {
                row_group: RowGroupSize { rows: shape.row_group_rows, bytes: 1 << 20 },
                cut_rows: shape.cut_rows,
                credit_bytes: shape.credit_bytes,
                ..Settings::new(ShardId(shard))
            };
            let shard = Shard::new(settings, budget.clone());
            Host { shard, mail: VecDeque::new(), port: None, held: VecDeque::new(), mints: Vec::new() }
        };
        Self {
            hosts: (0..shards).map(host).collect(),
            plane: Plane::new(shape),
            draining: None,
            still_until: 0,
            budget,
        }
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

    /// Hands one answer to its shard.
    pub fn take_mail(&mut self, shard: usize, faults: &mut FaultCounts) -> Vec<Sent> {
        let Some(answer) = self.hosts.get_mut(shard).and_then(|host| host.mail.pop_front()) else { return Vec::new() };
        if let Some(host) = self.hosts.get_mut(shard) {
            match &answer {
                Answer::TableOpened { result: Ok(open), .. } => host.open(open.key, &open.port),
                Answer::Room { .. } => self.plane.pieces += host.push_on(faults),
                _ => {}
            }
        }
        let settled = match &answer {
            Answer::Committed { cut, .. } => *cut,
            Answer::Discarded { .. } | Answer::TableClosed { .. } => u64::MAX,
            _ => 0,
        };
        let closed = if let Answer::TableClosed { table, .. } = &answer { Some(*table) } else { None };
        let sent = self.event(shard, Event::Answer(answer), faults);
        if let Some(host) = self.hosts.get_mut(shard) {
            host.mints.retain(|(cut, _)| *cut > settled);
            closed.into_iter().for_each(|key| host.close(key));
        }
        sent
    }

    fn carry_out(&mut self, shard: usize, actions: Vec<Action>, faults: &mut FaultCounts) -> Vec<Sent> {
        let mut sent = Vec::new();
        for action in actions {
            match action {
                Action::Send(ConnectionId(link), frame) => sent.push(Sent { link, frame, last: false }),
                Action::Finish(ConnectionId(link), frame) => sent.push(Sent { link, frame, last: true }),
                Action::Request(request) => self.plane.requests.push_back(request),
                // There is no log here.
                Action::ReadLog { .. }
                | Action::ReadAgain(_)
                | Action::Alarm(_)
                | Action::Drained(_)
                | Action::Fatal(_) => {}
                Action::HandOver(key, piece) => {
                    let host = self.hosts.get_mut(shard);
                    let open = |host: &&mut Host| host.port.as_ref().is_some_and(|(known, _)| *known == key);
                    if let Some(host) = host.filter(open) {
                        if let Piece::CutDone(done) = &piece {
                            host.mints.extend(done.mints.iter().map(|stream| (done.cut, stream.clone())));
                        }
                        host.held.push_back(piece);
                        self.plane.pieces += host.push_on(faults);
                    }
                }
            }
        }
        sent
    }

    /// Puts answers into the shards' mailboxes.
    pub fn post(&mut self, mail: Mail) {
        for (shard, answer) in mail {
            if let Some(host) = self.hosts.get_mut(usize::from(shard.0)) {
                host.mail.push_back(answer);
            }
        }
    }

    /// Whether sockets with rows are read: not while the port is full.
    pub fn reads_rows(&self, shard: usize) -> bool {
        self.hosts.get(shard).is_some_and(|host| host.held.is_empty())
    }

    /// Whether a cut of this shard asks for an epoch of the stream.
    pub fn is_minting(&self, shard: usize, stream: &str) -> bool {
        self.hosts.get(shard).is_some_and(|host| host.mints.iter().any(|(_, name)| **name == *stream))
    }

    /// Whether nothing is on its way in it.
    pub fn is_settled(&self) -> bool {
        let quiet = |host: &Host| host.mail.is_empty() && host.held.is_empty() && host.shard.is_settled();
        self.plane.is_idle() && self.hosts.iter().all(quiet)
    }
}

impl Host {
    fn open(&mut self, key: TableKey, port: &TablePort) {
        if self.port.as_ref().is_none_or(|(known, _)| *known != key) {
            self.held.clear();
            self.port = Some((key, port.clone()));
        }
    }

    fn close(&mut self, key: TableKey) {
        if self.port.as_ref().is_some_and(|(known, _)| *known == key) {
            self.held.clear();
            self.port = None;
        }
    }

    /// Sends what is held as far as there is room; gives how many pieces went.
    fn push_on(&mut self, faults: &mut FaultCounts) -> usize {
        let Some((_, port)) = &self.port else { return 0 };
        let mut went = 0;
        while let Some(piece) = self.held.pop_front() {
            if let Err(piece) = port.try_send(piece) {
                faults.met(Fault::PortFull);
                self.held.push_front(piece);
                break;
            }
            went += 1;
        }
        went
    }
}
