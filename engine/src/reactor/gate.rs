//! When sockets are not read because memory is short.
//!
//! As long as nobody waits, connections read a large slice at once ([`Gate::may_read_much`]). When memory for that is
//! missing, or somebody waits, a connection reads no more than a header and then asks for its whole frame
//! ([`Gate::frame`]). So what a waiting peer holds is a header; only the one that found the memory gone behind a large read
//! holds more, at most one per core. Frames whose memory is reserved are read on, processed and freed: nobody waits for
//! somebody who waits.
//!
//! Large frames get at most half of the budget together, shared out over the cores: peers that begin many of them and then
//! dawdle hold up each other, until their patience ends, and nobody with small ones.

use super::receive::READ_BYTES;
use crate::budget::{Budget, Reservation};
use crate::shard::connection::ConnectionId;
use std::cell::{Cell, RefCell};
use std::collections::{HashSet, VecDeque};
use std::rc::Rc;
use std::task::Waker;

/// Frames above this share half of the budget.
const LARGE_BYTES: usize = 64 * 1024;

/// One core's gate.
pub struct Gate {
    budget: Budget,
    large_bytes_max: usize,
    large_bytes: Rc<Cell<usize>>,
    waiting: RefCell<HashSet<ConnectionId>>,
    queue: RefCell<VecDeque<Waker>>,
}

/// Memory of one frame, until dropped.
#[derive(Debug)]
pub struct FrameMemory {
    _reservation: Reservation,
    large: Option<(Rc<Cell<usize>>, usize)>,
}

/// The answer to one who asks for a frame's memory.
#[derive(Debug)]
pub enum Passage {
    Open(FrameMemory),
    /// Wait to be woken. `news` when this connection did not wait before: what waits only for the tick should be committed.
    Wait {
        news: bool,
    },
}

impl Gate {
    /// A gate of one of `cores` cores.
    pub fn new(budget: Budget, cores: usize) -> Self {
        let large_bytes_max = budget.limit() / 2 / cores.max(1);
        Self {
            budget,
            large_bytes_max,
            large_bytes: Rc::default(),
            waiting: RefCell::default(),
            queue: RefCell::default(),
        }
    }

    /// Whether a large slice may be read now; the reservation is for as long as its frames are taken in.
    pub fn may_read_much(&self) -> Option<Reservation> {
        if !self.waiting.borrow().is_empty() {
            return None;
        }
        self.budget.try_reserve(READ_BYTES)
    }

    /// Whether the budget is used up.
    pub fn is_spent(&self) -> bool {
        self.budget.used() >= self.budget.limit()
    }

    /// The budget itself.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Asks for the memory of a whole frame on behalf of a connection.
    pub fn frame(&self, connection: ConnectionId, bytes: usize, waker: &Waker) -> Passage {
        match self.try_frame(bytes) {
            Some(memory) => {
                self.leave(connection);
                Passage::Open(memory)
            }
            None => {
                self.queue.borrow_mut().push_back(waker.clone());
                Passage::Wait { news: self.waiting.borrow_mut().insert(connection) }
            }
        }
    }

    /// Memory for a frame that is too small to make anybody wait: a Hello.
    pub fn small_frame(&self, bytes: usize) -> FrameMemory {
        FrameMemory { _reservation: self.budget.reserve(bytes), large: None }
    }

    fn try_frame(&self, bytes: usize) -> Option<FrameMemory> {
        let is_large = bytes > LARGE_BYTES;
        let large_bytes = self.large_bytes.get();
        // One large frame fits always, whatever the share.
        if is_large && large_bytes > 0 && large_bytes + bytes > self.large_bytes_max {
            return None;
        }
        let reservation = self.budget.try_reserve(bytes)?;
        let large = is_large.then(|| {
            self.large_bytes.set(large_bytes + bytes);
            (self.large_bytes.clone(), bytes)
        });
        Some(FrameMemory { _reservation: reservation, large })
    }

    /// A connection is gone or served.
    pub fn leave(&self, connection: ConnectionId) {
        self.waiting.borrow_mut().remove(&connection);
    }

    /// Memory came back, or time passed: everyone who waits asks again.
    pub fn wake(&self) {
        let waiting = std::mem::take(&mut *self.queue.borrow_mut());
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl Drop for FrameMemory {
    fn drop(&mut self) {
        if let Some((large_bytes, bytes)) = &self.large {
            large_bytes.set(large_bytes.get() - bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(passage: Passage) -> FrameMemory {
        match passage {
            Passage::Open(memory) => memory,
            Passage::Wait { .. } => panic!("refused"),
        }
    }

    #[test]
    fn large_frames_leave_room_for_small_ones() {
        let gate = Gate::new(Budget::new(8 << 20), 1);
        let waker = Waker::noop();
        let large = open(gate.frame(ConnectionId(1), 3 << 20, waker));
        assert!(matches!(gate.frame(ConnectionId(2), 2 << 20, waker), Passage::Wait { news: true }));
        assert!(matches!(gate.frame(ConnectionId(2), 2 << 20, waker), Passage::Wait { news: false }));
        assert!(gate.may_read_much().is_none(), "somebody waits");
        drop(open(gate.frame(ConnectionId(3), 1000, waker)));
        drop(large);
        drop(open(gate.frame(ConnectionId(2), 2 << 20, waker)));
        assert!(gate.may_read_much().is_some());
    }

    #[test]
    fn who_leaves_holds_nobody_up() {
        let gate = Gate::new(Budget::new(4 << 20), 1);
        let held = open(gate.frame(ConnectionId(1), 2 << 20, Waker::noop()));
        assert!(matches!(gate.frame(ConnectionId(2), 2 << 20, Waker::noop()), Passage::Wait { .. }));
        gate.leave(ConnectionId(2));
        assert!(gate.may_read_much().is_some());
        drop(held);
    }
}
