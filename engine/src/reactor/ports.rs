//! The tables' ports as one reactor uses them: in order, never blocking, with the sockets stopped while one is full.

use crate::handover::TableKey;
use crate::handover::cut::Piece;
use crate::handover::port::TablePort;
use crate::number_map::NumberMap;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::task::Waker;
use std::time::{Duration, Instant};

/// A port of which nothing leaves for so long belongs to a table whose store is in trouble.
const STUCK: Duration = Duration::from_secs(1);

/// One core's ends of all ports.
#[derive(Default)]
pub struct Ports {
    ports: RefCell<NumberMap<TableKey, Port>>,
}

struct Port {
    port: TablePort,
    held: VecDeque<Piece>,
    waiting: Vec<Waker>,
    /// Since when something is held and nothing has left; gone when it was told of.
    stuck_since: Option<Instant>,
}

impl Ports {
    /// Notes a table's port.
    pub fn open(&self, key: TableKey, port: TablePort) {
        self.ports.borrow_mut().entry(key).or_insert_with(|| Port {
            port,
            held: VecDeque::new(),
            waiting: Vec::new(),
            stuck_since: None,
        });
    }

    /// Forgets a table; what was held for it is dropped, and those who waited go on to find out.
    pub fn close(&self, key: TableKey) {
        if let Some(port) = self.ports.borrow_mut().remove(&key) {
            port.waiting.into_iter().for_each(Waker::wake);
        }
    }

    /// Hands a piece over, or holds it until there is room. Held pieces are few: the sockets stop.
    pub fn send(&self, key: TableKey, piece: Piece, now: Instant) {
        let mut ports = self.ports.borrow_mut();
        let Some(port) = ports.get_mut(&key) else { return };
        let waited = !port.held.is_empty();
        port.held.push_back(piece);
        port.push_on();
        if !waited && !port.held.is_empty() {
            port.stuck_since = Some(now);
        }
    }

    /// The table's port has room again.
    pub fn room(&self, key: TableKey, now: Instant) {
        if let Some(port) = self.ports.borrow_mut().get_mut(&key) {
            if port.push_on() == Progress::Some {
                port.stuck_since = Some(now);
            }
            if port.held.is_empty() {
                port.waiting.drain(..).for_each(Waker::wake);
            }
        }
    }

    /// Tables of whose port nothing has left for [`STUCK`], each told of once until something leaves.
    pub fn stuck(&self, now: Instant) -> Vec<TableKey> {
        let mut ports = self.ports.borrow_mut();
        let is_stuck = |port: &&mut Port| {
            let long = port.stuck_since.is_some_and(|since| now.saturating_duration_since(since) >= STUCK);
            long && !port.held.is_empty()
        };
        let stuck = ports.iter_mut().filter_map(|(key, port)| {
            Some(port).filter(is_stuck).map(|port| {
                port.stuck_since = None;
                *key
            })
        });
        stuck.collect()
    }

    /// Has those who wait for the table's port look again.
    pub fn let_go(&self, key: TableKey) {
        if let Some(port) = self.ports.borrow_mut().get_mut(&key) {
            port.waiting.drain(..).for_each(Waker::wake);
        }
    }

    /// Whether something of this table waits for its port.
    pub fn is_full(&self, key: TableKey) -> bool {
        self.ports.borrow().get(&key).is_some_and(|port| !port.held.is_empty())
    }

    /// Whether rows for this table may be read now; if not, `waker` is woken when they may.
    pub fn may_read(&self, key: TableKey, waker: &Waker) -> bool {
        let mut ports = self.ports.borrow_mut();
        let Some(port) = ports.get_mut(&key).filter(|port| !port.held.is_empty()) else { return true };
        port.waiting.push(waker.clone());
        false
    }
}

/// Whether something left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Some,
    None,
}

impl Port {
    fn push_on(&mut self) -> Progress {
        let mut progress = Progress::None;
        while let Some(piece) = self.held.pop_front() {
            if let Err(piece) = self.port.try_send(piece) {
                self.held.push_front(piece);
                break;
            }
            progress = Progress::Some;
        }
        progress
    }
}
