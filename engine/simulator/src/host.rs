//! One core: the shard, its mailbox, pieces that did not fit into the port, and what is under way with its log's files.

use crate::data_directory::LogStart;
use crate::faults::{Fault, FaultCounts};
use crate::routes::table_of_key;
use lakehead_engine::budget::Budget;
use lakehead_engine::handover::TableKey;
use lakehead_engine::handover::answer::Answer;
use lakehead_engine::handover::cut::Piece;
use lakehead_engine::handover::log_part::LogId;
use lakehead_engine::handover::port::TablePort;
use lakehead_engine::log::fake::Files;
use lakehead_engine::log::{BlockPlace, Log};
use lakehead_engine::shard::connection::ConnectionId;
use lakehead_engine::shard::logging::Intake;
use lakehead_engine::shard::{Settings, Shard};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Time without anything leaving a port after which its table's rows are only logged.
const STALLED_US: u64 = 1_000_000;

/// One core.
pub struct Host {
    pub shard: Shard,
    pub mail: VecDeque<Letter>,
    pub log: Option<LogDesk>,
    ports: BTreeMap<TableKey, Port>,
    /// Epochs that cuts asked for and of which the shard has not heard yet.
    pub mints: Vec<(TableKey, u64, Arc<str>)>,
}

/// A table's port, and what waits for it.
struct Port {
    port: TablePort,
    held: VecDeque<Piece>,
    /// Since when pieces are held and none has left; gone when the shard was told of it.
    stalled_since_us: Option<u64>,
}

impl Port {
    fn push_on(&mut self, now_us: u64, faults: &mut FaultCounts) -> usize {
        let mut went = 0;
        while let Some(piece) = self.held.pop_front() {
            if let Err(piece) = self.port.try_send(piece) {
                faults.met(Fault::PortFull);
                self.held.push_front(piece);
                break;
            }
            went += 1;
        }
        if went > 0 {
            self.stalled_since_us = None;
        }
        if !self.held.is_empty() {
            self.stalled_since_us.get_or_insert(now_us);
        }
        went
    }

    fn is_stalled(&self, now_us: u64) -> bool {
        !self.held.is_empty() && self.stalled_since_us.is_some_and(|since| now_us >= since + STALLED_US)
    }
}

/// What a core gets from others.
#[derive(Debug)]
pub enum Letter {
    Answer(Answer),
    /// A log that drains has no more rows for the table of this id.
    Drained(Arc<str>),
}

/// What is under way with a log's files.
pub struct LogDesk {
    pub id: LogId,
    pub files: Files,
    /// Blocks that replays want.
    pub reads: VecDeque<(TableKey, u64, BlockPlace)>,
}

impl Host {
    /// A core without a log.
    pub fn new(shard: Shard) -> Self {
        Self { shard, mail: VecDeque::new(), log: None, ports: BTreeMap::new(), mints: Vec::new() }
    }

    /// A core with this log.
    pub fn with_log(settings: Settings, budget: Budget, start: LogStart) -> Self {
        let LogStart { id, log, duty } = start;
        let desk = LogDesk { id, files: Files::default(), reads: VecDeque::new() };
        Self { log: Some(desk), ..Self::new(Shard::with_log(settings, budget, log, duty)) }
    }

    /// Notes a table's port.
    pub fn open(&mut self, key: TableKey, port: &TablePort) {
        if !self.has_open(key) {
            // A table that was opened again has another key.
            self.ports.retain(|known, _| table_of_key(*known) != table_of_key(key));
            self.ports.insert(key, Port { port: port.clone(), held: VecDeque::new(), stalled_since_us: None });
        }
    }

    /// Forgets a table's port.
    pub fn close(&mut self, key: TableKey) {
        self.ports.remove(&key);
    }

    /// Whether this is a table whose port is here.
    pub fn has_open(&self, key: TableKey) -> bool {
        self.ports.contains_key(&key)
    }

    /// Sends a piece, or holds it until there is room; gives how many pieces went.
    pub fn hand_over(&mut self, key: TableKey, piece: Piece, now_us: u64, faults: &mut FaultCounts) -> usize {
        if let Some(port) = self.ports.get_mut(&key) {
            port.held.push_back(piece);
        }
        self.push_on(key, now_us, faults)
    }

    /// Sends what is held as far as there is room; gives how many pieces went.
    pub fn push_on(&mut self, key: TableKey, now_us: u64, faults: &mut FaultCounts) -> usize {
        self.ports.get_mut(&key).map_or(0, |port| port.push_on(now_us, faults))
    }

    /// A table that takes nothing for so long that its store must be in trouble.
    pub fn stalled(&self, now_us: u64) -> Option<TableKey> {
        self.ports.iter().find(|(_, port)| port.is_stalled(now_us)).map(|(key, _)| *key)
    }

    /// That is told to the shard.
    pub fn take_stalled(&mut self, now_us: u64) -> Option<TableKey> {
        let key = self.stalled(now_us)?;
        self.ports.get_mut(&key)?.stalled_since_us = None;
        Some(key)
    }

    /// Whether nothing waits for the table's port.
    pub fn is_port_free(&self, table: usize) -> bool {
        self.ports.iter().all(|(key, port)| table_of_key(*key) != table || port.held.is_empty())
    }

    /// Whether rows of this connection are read: not while the port is full, the table is built again, or the log has no room.
    pub fn reads_rows(&self, connection: ConnectionId, table: usize) -> bool {
        match self.shard.intake(connection) {
            Intake::Built => self.is_port_free(table),
            Intake::Logged => true,
            Intake::Behind | Intake::Later => false,
        }
    }

    /// Whether nothing is on its way.
    pub fn is_settled(&self) -> bool {
        let reads = self.log.as_ref().is_none_or(|desk| desk.reads.is_empty());
        self.mail.is_empty() && self.ports.values().all(|port| port.held.is_empty()) && reads && self.shard.is_settled()
    }

    /// When the log wants to be asked.
    pub fn wake_at_us(&self) -> Option<u64> {
        self.shard.log().and_then(Log::wake_at_us)
    }
}
