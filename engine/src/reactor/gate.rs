//! When sockets are not read because memory is short.
//!
//! Before each read into the shared buffer there must be memory for what the read may bring; before a frame's own buffer
//! is made, the whole frame is reserved. A connection that is refused waits at the head of the gate, and while it waits no
//! other connection of this core begins to read: so at most one half-read frame per core waits for memory, and frames whose
//! memory is reserved are read on, processed and freed. Nobody waits for somebody who waits.

use crate::budget::{Budget, Reservation};
use crate::shard::connection::ConnectionId;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::task::Waker;

/// One core's gate.
pub struct Gate {
    budget: Budget,
    head: Cell<Option<ConnectionId>>,
    queue: RefCell<VecDeque<Waker>>,
}

/// What the gate says.
#[derive(Debug)]
pub enum Passage {
    /// Go on; the memory is held until dropped.
    Open(Reservation),
    /// Wait to be woken. `first` when this refusal is news: what waits only for the tick should be committed.
    Wait { first: bool },
}

impl Gate {
    /// An open gate.
    pub fn new(budget: Budget) -> Self {
        Self { budget, head: Cell::new(None), queue: RefCell::default() }
    }

    /// Asks for `bytes` on behalf of a connection.
    pub fn ask(&self, connection: ConnectionId, bytes: usize, waker: &Waker) -> Passage {
        let head = self.head.get();
        if head.is_none_or(|head| head == connection) {
            if let Some(reservation) = self.budget.try_reserve(bytes) {
                self.leave(connection);
                return Passage::Open(reservation);
            }
            self.head.set(Some(connection));
        }
        self.queue.borrow_mut().push_back(waker.clone());
        Passage::Wait { first: head.is_none() }
    }

    /// A connection is gone or served: if others waited behind it, they may go on.
    pub fn leave(&self, connection: ConnectionId) {
        if self.head.get() == Some(connection) {
            self.head.set(None);
            self.wake();
        }
    }

    /// Memory came back: everyone who waits asks again.
    pub fn wake(&self) {
        let waiting = std::mem::take(&mut *self.queue.borrow_mut());
        waiting.into_iter().for_each(Waker::wake);
    }
}
