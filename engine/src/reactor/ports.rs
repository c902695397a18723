//! The tables' ports as one reactor uses them: in order, never blocking, with the sockets stopped while one is full.

use crate::handover::TableKey;
use crate::handover::cut::Piece;
use crate::handover::port::TablePort;
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::task::Waker;

/// One core's ends of all ports.
#[derive(Default)]
pub struct Ports {
    ports: RefCell<HashMap<TableKey, Port>>,
}

struct Port {
    port: TablePort,
    held: VecDeque<Piece>,
    waiting: Vec<Waker>,
}

impl Ports {
    /// Notes a table's port.
    pub fn open(&self, key: TableKey, port: TablePort) {
        self.ports.borrow_mut().entry(key).or_insert_with(|| Port { port, held: VecDeque::new(), waiting: Vec::new() });
    }

    /// Forgets a table; what was held for it is dropped, and those who waited go on to find out.
    pub fn close(&self, key: TableKey) {
        if let Some(port) = self.ports.borrow_mut().remove(&key) {
            port.waiting.into_iter().for_each(Waker::wake);
        }
    }

    /// Hands a piece over, or holds it until there is room. Held pieces are few: the sockets stop.
    pub fn send(&self, key: TableKey, piece: Piece) {
        let mut ports = self.ports.borrow_mut();
        let Some(port) = ports.get_mut(&key) else { return };
        port.held.push_back(piece);
        port.push_on();
    }

    /// The table's port has room again.
    pub fn room(&self, key: TableKey) {
        if let Some(port) = self.ports.borrow_mut().get_mut(&key) {
            port.push_on();
            if port.held.is_empty() {
                port.waiting.drain(..).for_each(Waker::wake);
            }
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

impl Port {
    fn push_on(&mut self) {
        while let Some(piece) = self.held.pop_front() {
            if let Err(piece) = self.port.try_send(piece) {
                self.held.push_front(piece);
                return;
            }
        }
    }
}
