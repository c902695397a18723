//! One connection: bytes between a server and the stream's session, until it ends.
//!
//! Frames are written from the buffers in which they are kept, several in one call. The connection asks for a sign of life
//! when it has heard nothing for a while, and ends when none comes.

use crate::dial::{Reader, Writer};
use crate::error::{Error, ErrorKind};
use crate::inbox::Inbox;
use crate::options::Options;
use crate::session::{Next, Outgoing};
use crate::shared::Shared;
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::control::Ping;
use lakehead_protocol::frame;
use lakehead_protocol::kind::Kind;
use lakehead_protocol::server_message::ServerMessage;
use lakehead_protocol::welcome::Welcome;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Duration, Instant, sleep_until};

/// Frames given to one write call at most.
const WRITE_FRAMES_MAX: usize = 64;
/// Bytes that are taken from the session ahead of being written; a larger frame goes alone.
const WRITE_AHEAD_BYTES: usize = 1 << 20;
const READ_BYTES: usize = 32 * 1024;
/// How much longer silence is borne while the server takes nothing in: it may be out of memory and alive.
const BLOCKED_PATIENCE: u32 = 4;

/// What the connection tells its stream's driver while it runs.
pub(crate) trait Observer {
    /// The stream is open.
    fn welcomed(&mut self, welcome: &Welcome);
    /// The session's committed offset may have grown.
    fn advanced(&mut self);
    /// The server announced that it will stop.
    fn going_away(&mut self);
}

/// Runs the connection to its end and says what follows.
pub(crate) async fn run(
    mut reader: Reader,
    mut writer: Writer,
    shared: &Shared,
    options: &Options,
    observer: &mut impl Observer,
) -> Next {
    let mut inbox = Inbox::default();
    let mut outgoing = WriteQueue::default();
    let mut life = SignsOfLife::new(Instant::now(), options);
    let mut scratch = vec![0u8; READ_BYTES];
    match shared.session().connected() {
        Ok(hello) => outgoing.push(Arc::new(hello)),
        Err(error) => return Next::Failed(error),
    }
    loop {
        if let Err(error) = outgoing.fill(shared) {
            return Next::Failed(error);
        }
        let blocked = !outgoing.is_empty();
        tokio::select! {
            biased;
            read = reader.read(&mut scratch) => {
                match read {
                    Ok(0) => return shared.session().lost("the server ended it"),
                    Ok(bytes) => inbox.extend(&scratch[..bytes]),
                    Err(error) => return shared.session().lost(&error.to_string()),
                }
                life.heard(Instant::now());
                if let Err(next) = take_in(&mut inbox, &mut outgoing, &mut life, shared, observer) {
                    return next;
                }
            }
            wrote = outgoing.write_to(&mut writer), if blocked => {
                match wrote {
                    Ok(0) => return shared.session().lost("the server takes no more bytes"),
                    Ok(bytes) => outgoing.advance(bytes),
                    // The server may have said why before it closed: what it said is read first.
                    Err(error) => return last_words(reader, inbox, outgoing, life, shared, observer, &error).await,
                }
            }
            () = shared.wake.notified() => {}
            () = sleep_until(life.deadline(blocked)) => match life.expired(blocked) {
                Expired::AskForSign { nonce } => {
                    let mut ping = FrameBuffer::new();
                    if frame::append_control(&mut ping, Kind::Ping, &Ping { nonce }).is_ok() {
                        outgoing.push(Arc::new(ping));
                    }
                }
                Expired::Dead { silent_for } => {
                    return shared.session().lost(&format!("the server was silent for {} ms", silent_for.as_millis()));
                }
            },
        }
    }
}

/// Gives everything that has arrived to the session. `Err` is the connection's end.
fn take_in(
    inbox: &mut Inbox,
    outgoing: &mut WriteQueue,
    life: &mut SignsOfLife,
    shared: &Shared,
    observer: &mut impl Observer,
) -> Result<(), Next> {
    loop {
        let mut session = shared.session();
        let message = match inbox.next() {
            Ok(Some(message)) => message,
            Ok(None) => return Ok(()),
            Err(error) => {
                let kind = ErrorKind::Protocol(error.to_string());
                return Err(Next::Failed(Error::with_rows(kind, session.open_rows())));
            }
        };
        match message {
            ServerMessage::Welcome(welcome) => {
                if let Some(schema) = session.welcomed(&welcome).map_err(Next::Failed)? {
                    outgoing.push(Arc::new(schema));
                }
                drop(session);
                life.welcomed();
                observer.welcomed(&welcome);
                observer.advanced();
            }
            ServerMessage::Ack(ack) => {
                session.acked(ack).map_err(Next::Failed)?;
                drop(session);
                observer.advanced();
            }
            ServerMessage::Reject(reject) => return Err(session.rejected(reject)),
            ServerMessage::Closed(closed) => {
                let next = session.closed(closed);
                drop(session);
                observer.advanced();
                return Err(next);
            }
            ServerMessage::GoingAway(_) => {
                session.going_away();
                observer.going_away();
            }
            ServerMessage::Ping(ping) => {
                let mut pong = FrameBuffer::new();
                if frame::append_control(&mut pong, Kind::Pong, &ping).is_ok() {
                    outgoing.push(Arc::new(pong));
                }
            }
            ServerMessage::Pong(_) => {}
        }
    }
}

/// Writing failed; a refusal or last acknowledgements may have come before that.
async fn last_words(
    mut reader: Reader,
    mut inbox: Inbox,
    mut outgoing: WriteQueue,
    mut life: SignsOfLife,
    shared: &Shared,
    observer: &mut impl Observer,
    error: &io::Error,
) -> Next {
    let mut scratch = vec![0u8; READ_BYTES];
    let deadline = life.deadline(false);
    loop {
        tokio::select! {
            biased;
            read = reader.read(&mut scratch) => match read {
                Ok(0) | Err(_) => return shared.session().lost(&error.to_string()),
                Ok(bytes) => inbox.extend(&scratch[..bytes]),
            },
            () = sleep_until(deadline) => return shared.session().lost(&error.to_string()),
        }
        if let Err(next) = take_in(&mut inbox, &mut outgoing, &mut life, shared, observer) {
            return next;
        }
    }
}

/// Frames on their way into the socket.
#[derive(Debug, Default)]
struct WriteQueue {
    frames: VecDeque<Arc<FrameBuffer>>,
    /// Bytes of the first frame that are written.
    written: usize,
    bytes: usize,
}

impl WriteQueue {
    fn push(&mut self, frame: Arc<FrameBuffer>) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    fn fill(&mut self, shared: &Shared) -> Result<(), Error> {
        if self.bytes >= WRITE_AHEAD_BYTES || self.frames.len() >= WRITE_FRAMES_MAX {
            return Ok(());
        }
        let mut session = shared.session();
        while self.bytes < WRITE_AHEAD_BYTES && self.frames.len() < WRITE_FRAMES_MAX {
            match session.next_outgoing()? {
                Some(Outgoing::Batch(frame)) => self.push(frame.bytes),
                Some(Outgoing::Control(frame)) => self.push(Arc::new(frame)),
                None => break,
            }
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// # Cancel safety
    /// Safe: nothing was written if the future is dropped before it is ready.
    async fn write_to(&self, writer: &mut Writer) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); WRITE_FRAMES_MAX];
        let mut used = 0;
        for (slice, frame) in slices.iter_mut().zip(&self.frames) {
            let from = if used == 0 { self.written } else { 0 };
            *slice = IoSlice::new(&frame[from..]);
            used += 1;
        }
        writer.write_vectored(&slices[..used]).await
    }

    fn advance(&mut self, bytes: usize) {
        self.written += bytes;
        while let Some(frame) = self.frames.front().filter(|frame| self.written >= frame.len()) {
            self.written -= frame.len();
            self.bytes -= frame.len();
            self.frames.pop_front();
        }
    }
}

/// When the server was heard, and how long it may be silent.
#[derive(Debug)]
struct SignsOfLife {
    heard: Instant,
    phase: Phase,
    nonce: u64,
    open_timeout: Duration,
    ping_after: Duration,
    silence_max: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Not welcomed: opening a stream may take the server a commit, and has a limit of its own.
    Opening {
        began: Instant,
    },
    Listening,
    Asked,
}

enum Expired {
    AskForSign { nonce: u64 },
    Dead { silent_for: Duration },
}

impl SignsOfLife {
    fn new(now: Instant, options: &Options) -> Self {
        Self {
            heard: now,
            phase: Phase::Opening { began: now },
            nonce: 0,
            open_timeout: options.open_timeout,
            ping_after: options.ping_after,
            silence_max: options.silence_max,
        }
    }

    fn heard(&mut self, now: Instant) {
        self.heard = now;
        if self.phase == Phase::Asked {
            self.phase = Phase::Listening;
        }
    }

    fn welcomed(&mut self) {
        self.phase = Phase::Listening;
    }

    fn silence_max(&self, blocked: bool) -> Duration {
        if blocked { self.silence_max * BLOCKED_PATIENCE } else { self.silence_max }
    }

    fn deadline(&self, blocked: bool) -> Instant {
        match self.phase {
            Phase::Opening { began } => began + self.open_timeout,
            Phase::Listening => self.heard + self.ping_after,
            Phase::Asked => self.heard + self.silence_max(blocked),
        }
    }

    fn expired(&mut self, blocked: bool) -> Expired {
        match self.phase {
            Phase::Opening { .. } => Expired::Dead { silent_for: self.open_timeout },
            Phase::Listening => {
                self.phase = Phase::Asked;
                self.nonce += 1;
                Expired::AskForSign { nonce: self.nonce }
            }
            Phase::Asked => Expired::Dead { silent_for: self.silence_max(blocked) },
        }
    }
}
