//! One connection's task: writes what waits, and reads when it may.

use super::frames::read_hello;
use super::gate::Passage;
use super::local::{Handle, Reactor};
use super::mailbox::{Handoff, Mail};
use super::receive::{GREETING_BYTES, Kept, PartialFrame, READ_BYTES, Rest};
use crate::handover::Refusal;
use crate::shard::event::Event;
use crate::shard::logging::Intake;
use futures_lite::io::{AsyncRead, AsyncWrite};
use glommio::net::TcpStream;
use lakehead_protocol::frame::{self, Progress};
use lakehead_protocol::hello::Hello;
use lakehead_protocol::kind::{Kind, PeerState};
use lakehead_protocol::limits::HEADER_BYTES;
use lakehead_protocol::reject::RejectCode;
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// From accept to a complete Hello.
const HELLO_PATIENCE: Duration = Duration::from_secs(10);
/// From the first byte of a frame to its last, and for a peer that does not read what we write.
pub(super) const FRAME_PATIENCE: Duration = Duration::from_secs(30);
/// How long a refused peer's further bytes are read and dropped, so that it can read why.
const LINGER: Duration = Duration::from_secs(2);

/// A socket and where its peer stands.
pub struct Connection {
    pub(super) reactor: Rc<Reactor>,
    stream: TcpStream,
    pub(super) handle: Rc<Handle>,
    kept: Kept,
    lingering: bool,
}

/// What one turn of a connection came to.
enum Turn {
    /// Something was read or written; there may be more.
    Progress,
    /// The connection is over.
    Over,
    /// The stream lives on another core.
    Elsewhere { core: usize, hello: Box<Hello>, unread: Vec<u8> },
}

impl Connection {
    /// A connection of this reactor, known to it as `handle`.
    pub fn new(reactor: Rc<Reactor>, stream: TcpStream, handle: Rc<Handle>) -> Self {
        handle.deadline.set(Some(reactor.now.get() + HELLO_PATIENCE));
        Self { reactor, stream, handle, kept: Kept::Nothing, lingering: false }
    }

    /// Serves the connection to its end. `unread` came in before it was ours.
    pub async fn run(mut self, unread: Vec<u8>) {
        if !unread.is_empty() {
            self.take_over(&unread);
        }
        loop {
            match std::future::poll_fn(|context| self.turn(context)).await {
                Turn::Progress => glommio::yield_if_needed().await,
                Turn::Over => return self.reactor.unregister(self.handle.id),
                Turn::Elsewhere { core, hello, unread } => return self.move_to(core, *hello, unread),
            }
        }
    }

    /// Bytes that another core read behind the Hello: at most a Schema frame and pings, or the peer broke the rules.
    fn take_over(&mut self, unread: &[u8]) {
        let mut shared = self.reactor.clone().shared_buffer.take();
        shared.clear();
        shared.extend_from_slice(unread);
        self.consume(&shared);
        shared.resize(READ_BYTES, 0);
        self.reactor.shared_buffer.replace(shared);
    }

    #[expect(unsafe_code, reason = "glommio gives a socket back only as a raw descriptor")]
    fn move_to(self, core: usize, hello: Hello, unread: Vec<u8>) {
        let reactor = self.reactor.clone();
        reactor.unregister(self.handle.id);
        // SAFETY: into_raw_fd gives up the descriptor after glommio let go of it; it is ours alone from here on.
        let socket = unsafe { OwnedFd::from_raw_fd(self.stream.into_raw_fd()) };
        reactor.mailboxes[core].send(Mail::Adopt(Handoff { socket, hello, unread }));
    }

    fn turn(&mut self, context: &mut Context<'_>) -> Poll<Turn> {
        self.handle.watch(context.waker());
        if self.handle.broken.get() {
            return Poll::Ready(Turn::Over);
        }
        if self.deadline_passed() {
            if self.lingering || self.handle.finishing.get() {
                return Poll::Ready(Turn::Over);
            }
            self.refuse(&Refusal::new(RejectCode::TimedOut, "nothing came for too long in the middle of something"), 0);
        }
        if let Poll::Ready(Err(_)) = self.write(context) {
            return Poll::Ready(Turn::Over);
        }
        self.read(context)
    }

    fn deadline_passed(&self) -> bool {
        self.handle.deadline.get().is_some_and(|deadline| self.reactor.now.get() >= deadline)
    }

    /// Writes until the outbox is empty or the socket full. After the last frame our side is shut and the rest read away:
    /// closing on unread bytes would reset the connection before the peer has read the reason.
    fn write(&mut self, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let mut outbox = self.handle.outbox.borrow_mut();
        loop {
            let bytes = outbox.unwritten();
            if bytes.is_empty() {
                break;
            }
            let Poll::Ready(written) = Pin::new(&mut self.stream).poll_write(context, bytes) else {
                let patience = self.reactor.now.get() + FRAME_PATIENCE;
                self.handle.deadline.set(self.handle.deadline.get().or(Some(patience)));
                return Poll::Pending;
            };
            outbox.wrote(written?);
        }
        drop(outbox);
        if self.handle.finishing.get() && !self.lingering {
            ready!(Pin::new(&mut self.stream).poll_close(context))?;
            self.lingering = true;
            self.kept = Kept::Nothing;
            self.handle.deadline.set(Some(self.reactor.now.get() + LINGER));
        } else if self.handle.state.get() == PeerState::Streaming && !self.kept.is_begun() && !self.lingering {
            self.handle.deadline.set(None);
        }
        Poll::Ready(Ok(()))
    }

    fn read(&mut self, context: &mut Context<'_>) -> Poll<Turn> {
        let reactor = self.reactor.clone();
        if self.lingering {
            let mut shared = reactor.shared_buffer.borrow_mut();
            let count = ready!(Pin::new(&mut self.stream).poll_read(context, &mut shared)).unwrap_or(0);
            return Poll::Ready(if count == 0 { Turn::Over } else { Turn::Progress });
        }
        if self.handle.finishing.get() || reactor.draining.has_begun() {
            return Poll::Pending;
        }
        if let Kept::Frame(partial) = &mut self.kept {
            let count = match ready!(Pin::new(&mut self.stream).poll_read(context, partial.missing())) {
                Ok(0) | Err(_) => return Poll::Ready(Turn::Over),
                Ok(count) => count,
            };
            if partial.came(count) {
                return Poll::Ready(self.complete_frame());
            }
            return Poll::Ready(Turn::Progress);
        }
        if !self.may_begin(context) {
            return Poll::Pending;
        }
        if matches!(self.kept, Kept::Waiting { .. }) && !self.kept.is_head_of_small_frame() {
            return self.begin_frame(context);
        }
        if matches!(self.kept, Kept::Unread { .. }) {
            return self.go_on(context);
        }
        let (_memory, bytes) = match self.handle.state.get() {
            PeerState::Greeting => (None, GREETING_BYTES),
            _ => match reactor.gate.may_read_much() {
                Some(memory) => (Some(memory), READ_BYTES),
                None if matches!(self.kept, Kept::Waiting { .. }) => return self.begin_frame(context),
                None => (None, HEADER_BYTES),
            },
        };
        let mut shared = reactor.shared_buffer.take();
        let turn = self.read_shared(context, &mut shared[..bytes]);
        reactor.shared_buffer.replace(shared);
        turn
    }

    /// A frame whose header is here gets a buffer, once there is memory for it.
    fn begin_frame(&mut self, context: &Context<'_>) -> Poll<Turn> {
        let Kept::Waiting { bytes, frame_bytes } = &self.kept else { return Poll::Ready(Turn::Progress) };
        let (id, reactor) = (self.handle.id, &self.reactor);
        let memory = match self.handle.state.get() {
            PeerState::Greeting => reactor.gate.small_frame(*frame_bytes),
            _ => match reactor.gate.frame(id, *frame_bytes, context.waker()) {
                Passage::Open(memory) => memory,
                Passage::Wait { news } => {
                    // The peer is not at fault while we do not read.
                    self.handle.deadline.set(None);
                    if news {
                        reactor.step(Event::MemoryShort);
                    }
                    return Poll::Pending;
                }
            },
        };
        let partial = PartialFrame::new(bytes, *frame_bytes, memory, &reactor.spare_buffers);
        self.kept = Kept::Frame(Box::new(partial));
        if self.handle.state.get() != PeerState::Greeting {
            self.handle.deadline.set(Some(reactor.now.get() + FRAME_PATIENCE));
        }
        Poll::Ready(Turn::Progress)
    }

    /// Takes in more of what was read before, once the budget is not overdrawn. No more memory is asked for: all who hold unread
    /// frames together fit the budget, so that when everything else has been freed one of them can always go on.
    fn go_on(&mut self, context: &Context<'_>) -> Poll<Turn> {
        let (id, reactor) = (self.handle.id, self.reactor.clone());
        match reactor.gate.frame(id, 0, context.waker()) {
            Passage::Open(_) => match std::mem::take(&mut self.kept) {
                Kept::Unread { bytes, .. } => Poll::Ready(self.consume(&bytes)),
                kept => {
                    self.kept = kept;
                    Poll::Ready(Turn::Progress)
                }
            },
            Passage::Wait { news } => {
                if news {
                    reactor.step(Event::MemoryShort);
                }
                Poll::Pending
            }
        }
    }

    /// Rows are not read while their table's port is full or its rows in the log are built first, nor while the log has no
    /// room for them.
    fn may_begin(&self, context: &Context<'_>) -> bool {
        if self.handle.state.get() != PeerState::Streaming {
            return true;
        }
        let shard = self.reactor.shard.borrow();
        match shard.intake(self.handle.id) {
            Intake::Built => {}
            Intake::Logged => return true,
            Intake::Behind => {
                self.reactor.log.wait_for_disk(context.waker());
                return false;
            }
            Intake::Later => {
                self.reactor.log.wait_for_room(context.waker());
                return false;
            }
        }
        let table = shard.table_of(self.handle.id);
        table.is_none_or(|table| self.reactor.ports.may_read(table, context.waker()))
    }

    fn read_shared(&mut self, context: &mut Context<'_>, shared: &mut [u8]) -> Poll<Turn> {
        let begun = self.kept.copy_head(shared);
        let count = match ready!(Pin::new(&mut self.stream).poll_read(context, &mut shared[begun..])) {
            Ok(0) | Err(_) => return Poll::Ready(Turn::Over),
            Ok(count) => count,
        };
        self.kept = Kept::Nothing;
        Poll::Ready(self.consume(&shared[..begun + count]))
    }

    fn complete_frame(&mut self) -> Turn {
        match std::mem::take(&mut self.kept) {
            Kept::Frame(partial) => {
                let turn = self.consume(partial.bytes());
                self.reactor.spare_buffers.put(partial.into_buffer());
                turn
            }
            kept => {
                self.kept = kept;
                Turn::Progress
            }
        }
    }

    /// Takes in whole frames and keeps the rest.
    fn consume(&mut self, bytes: &[u8]) -> Turn {
        match self.consume_frames(bytes) {
            Rest::Head { at } => {
                self.keep_deadline(at == bytes.len());
                self.kept = Kept::head(&bytes[at..]);
            }
            Rest::Frame { at, header, frame_bytes } => {
                let judged = match header.kind {
                    Kind::Batch => self.reactor.shard.borrow().judge_header(self.handle.id, &header),
                    _ => Ok(()),
                };
                match judged {
                    Ok(()) => {
                        self.keep_deadline(false);
                        self.kept = Kept::waiting(&bytes[at..], frame_bytes);
                    }
                    Err(refusal) => self.refuse(&refusal, header.first_offset),
                }
            }
            Rest::Unread { at } => {
                // The peer is not at fault while we do not take its frames in.
                self.handle.deadline.set(None);
                self.kept = Kept::unread(&bytes[at..], self.reactor.gate.budget());
            }
            Rest::Discard => {}
            Rest::Elsewhere { at, core } => return self.elsewhere(bytes, at, core),
        }
        Turn::Progress
    }

    /// A begun frame must be completed in time; between frames a welcome peer may be silent as long as it likes.
    fn keep_deadline(&self, complete: bool) {
        if self.handle.state.get() != PeerState::Streaming {
            return;
        }
        let patience = self.reactor.now.get() + FRAME_PATIENCE;
        self.handle.deadline.set(if complete { None } else { Some(patience) });
    }

    fn elsewhere(&mut self, bytes: &[u8], at: usize, core: usize) -> Turn {
        let hello = match frame::next(bytes, PeerState::Greeting) {
            Ok(Progress::Frame { frame, .. }) => read_hello(frame.payload).ok(),
            _ => None,
        };
        match hello {
            Some(hello) => Turn::Elsewhere { core, hello: Box::new(hello), unread: bytes[at..].to_vec() },
            None => Turn::Over,
        }
    }
}
