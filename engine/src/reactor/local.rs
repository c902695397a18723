//! What one reactor holds, and how it carries out what its shard wants.

use super::decompressor::Decompressor;
use super::draining::Draining;
use super::gate::Gate;
use super::log_tasks::LogDesk;
use super::mailbox::{Mail, Mailbox};
use super::outbox::Outbox;
use super::ports::Ports;
use super::receive::READ_BYTES;
use super::spare_buffers::SpareBuffers;
use crate::budget::Budget;
use crate::handover::answer::Answer;
use crate::handover::request::Request;
use crate::number_map::NumberMap;
use crate::shard::Shard;
use crate::shard::action::{Action, Outgoing};
use crate::shard::connection::ConnectionId;
use crate::shard::event::Event;
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::kind::PeerState;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

/// The way to the commit plane. Must not block.
pub type Submit = Arc<dyn Fn(Request) + Send + Sync>;

/// Ends the process, saying why: what is here cannot be relied on any more.
pub type Fatal = Arc<dyn Fn(&str) + Send + Sync>;

/// One core's reactor. Everything in it belongs to one thread.
pub struct Reactor {
    /// Index among the cores.
    pub core: usize,
    pub shard: RefCell<Shard>,
    pub gate: Gate,
    pub ports: Ports,
    /// All reactors' mailboxes: those of the cores in order, then those that only drain a log.
    pub mailboxes: Vec<Mailbox>,
    /// How many of them serve connections.
    pub cores: usize,
    /// Every connection reads into this one.
    pub shared_buffer: RefCell<FrameBuffer>,
    pub spare_buffers: SpareBuffers,
    pub decompressor: Decompressor,
    pub log: LogDesk,
    pub connections: RefCell<NumberMap<ConnectionId, Rc<Handle>>>,
    /// The time, as of the last tick or mail: good enough for deadlines.
    pub now: Cell<Instant>,
    /// Set once the engine stops: sockets are neither accepted nor read.
    pub draining: Draining,
    submit: Submit,
    fatal: Fatal,
    next_connection: Cell<u64>,
}

/// What a reactor has from outside.
#[derive(Clone)]
pub struct ReactorContext {
    pub budget: Budget,
    pub mailboxes: Vec<Mailbox>,
    pub cores: usize,
    pub submit: Submit,
    pub fatal: Fatal,
}

/// A connection as the rest of the reactor sees it.
pub struct Handle {
    pub id: ConnectionId,
    pub state: Cell<PeerState>,
    pub outbox: RefCell<Outbox>,
    /// The last frame is in the outbox.
    pub finishing: Cell<bool>,
    /// Nothing can be written any more: close at once.
    pub broken: Cell<bool>,
    /// When patience ends, for the step the connection is in.
    pub deadline: Cell<Option<Instant>>,
    waker: RefCell<Option<Waker>>,
}

impl Handle {
    /// Has the connection's task look again.
    pub fn wake(&self) {
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    /// Notes who is to be woken.
    pub fn watch(&self, waker: &Waker) {
        *self.waker.borrow_mut() = Some(waker.clone());
    }
}

impl Reactor {
    /// A reactor with nothing to do yet.
    pub fn new(shard: Shard, core: usize, context: ReactorContext, now: Instant) -> Self {
        let ReactorContext { budget, mailboxes, cores, submit, fatal } = context;
        let mut shared_buffer = FrameBuffer::with_capacity(READ_BYTES);
        shared_buffer.resize(READ_BYTES, 0);
        Self {
            core,
            shard: RefCell::new(shard),
            decompressor: Decompressor::new(budget.clone()),
            log: LogDesk::default(),
            gate: Gate::new(budget, cores),
            ports: Ports::default(),
            mailboxes,
            cores,
            shared_buffer: RefCell::new(shared_buffer),
            spare_buffers: SpareBuffers::default(),
            connections: RefCell::default(),
            now: Cell::new(now),
            draining: Draining::default(),
            submit,
            fatal,
            next_connection: Cell::new(0),
        }
    }

    /// A handle for a new connection, in the state its peer is in.
    pub fn register(&self, state: PeerState) -> Rc<Handle> {
        let id = ConnectionId(self.next_connection.replace(self.next_connection.get() + 1));
        let handle = Rc::new(Handle {
            id,
            state: Cell::new(state),
            outbox: RefCell::default(),
            finishing: Cell::new(false),
            broken: Cell::new(false),
            deadline: Cell::new(None),
            waker: RefCell::default(),
        });
        self.connections.borrow_mut().insert(id, handle.clone());
        handle
    }

    /// Forgets a connection whose task ends.
    pub fn unregister(&self, id: ConnectionId) {
        self.connections.borrow_mut().remove(&id);
        self.gate.leave(id);
        self.step(Event::Lost { connection: id });
    }

    /// Puts an event into the shard and carries out what it wants.
    pub fn step(&self, event: Event<'_>) {
        let mut actions = Vec::new();
        self.shard.borrow_mut().step(event, &mut actions);
        self.carry_out(actions);
        self.log.stir();
    }

    /// Ends the process.
    pub fn end(&self, why: &str) {
        (self.fatal)(why);
    }

    /// Carries out a shard's actions, in order.
    pub fn carry_out(&self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Send(id, outgoing) => self.write(id, &outgoing, false),
                Action::Finish(id, outgoing) => self.write(id, &outgoing, true),
                Action::Request(request) => (self.submit)(request),
                Action::HandOver(key, piece) => self.ports.send(key, piece, self.now.get()),
                Action::ReadLog { table, generation, place } => self.log.read_for_replay(table, generation, place),
                Action::Replayed { table, name, bytes } => self.log.replayed(table, &name, bytes),
                Action::ReadAgain(_) => self.log.wake_waiting(),
                Action::Alarm(what) => tracing::error!(core = self.core, "{what}"),
                Action::Drained(id) => {
                    self.mailboxes.iter().for_each(|mailbox| mailbox.send(Mail::TableDrained(id.clone())));
                }
                Action::Fatal(why) => self.end(&why),
            }
        }
    }

    fn write(&self, id: ConnectionId, outgoing: &Outgoing, last: bool) {
        let Some(handle) = self.connections.borrow().get(&id).cloned() else { return };
        if matches!(outgoing, Outgoing::Welcome(_)) {
            handle.state.set(PeerState::Streaming);
            handle.deadline.set(None);
        }
        if handle.outbox.borrow_mut().push(outgoing).is_err() {
            handle.broken.set(true);
        }
        handle.finishing.set(handle.finishing.get() || last);
        handle.wake();
    }

    /// Takes in one piece of mail that concerns the shard or its memory.
    pub fn mail(&self, mail: Mail) {
        match mail {
            Mail::Answer(answer) => {
                match &answer {
                    Answer::TableOpened { result: Ok(open), .. } => self.ports.open(open.key, open.port.clone()),
                    Answer::Room { table } => self.ports.room(*table, self.now.get()),
                    _ => {}
                }
                let closed = match &answer {
                    Answer::TableClosed { table, .. } => Some(*table),
                    _ => None,
                };
                let frees_log = matches!(answer, Answer::Committed { .. });
                self.step(Event::Answer(answer));
                if frees_log {
                    self.log.wake_waiting();
                }
                if let Some(table) = closed {
                    self.ports.close(table);
                    self.log.forget_replay(table);
                }
            }
            Mail::TableDrained(id) => self.step(Event::TableDrained { id }),
            Mail::MemoryFreed => self.gate.wake(),
            Mail::Drain => {
                self.draining.begin();
                self.step(Event::Drain);
                self.wake_all();
            }
            // The mail loop adopts sockets itself: that starts a task.
            Mail::Adopt(_) => {}
        }
    }

    /// Says goodbye to every connection.
    pub fn dismiss(&self) {
        let mut actions = Vec::new();
        self.shard.borrow_mut().dismiss(&mut actions);
        self.carry_out(actions);
        self.wake_all();
    }

    fn wake_all(&self) {
        let handles: Vec<_> = self.connections.borrow().values().cloned().collect();
        handles.iter().for_each(|handle| handle.wake());
    }
}
