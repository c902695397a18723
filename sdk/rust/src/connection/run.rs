//! The loop of a connection.

use super::observer::Observer;
use super::signs_of_life::{Expired, SignsOfLife};
use super::write_queue::WriteQueue;
use crate::dial::{Reader, Writer};
use crate::error::{Error, ErrorKind};
use crate::inbox::Inbox;
use crate::options::Options;
use crate::session::Next;
use crate::shared::Shared;
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::control::Ping;
use lakehead_protocol::frame;
use lakehead_protocol::kind::Kind;
use lakehead_protocol::server_message::ServerMessage;
use std::io;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, sleep_until};

const READ_BYTES: usize = 32 * 1024;

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
        Ok(hello) => outgoing.push(hello),
        Err(error) => return Next::Failed(error),
    }
    loop {
        let linger = match shared.seal_due(Instant::now()) {
            Ok(linger) => linger,
            Err(error) => return Next::Failed(error),
        };
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
                    Ok(bytes) => {
                        life.wrote(Instant::now());
                        outgoing.advance(bytes, |rows, bytes, delivery| observer.sent(rows, bytes, delivery));
                    }
                    // The server may have said why before it closed: what it said is read first.
                    Err(error) => return last_words(reader, inbox, outgoing, life, shared, observer, &error).await,
                }
            }
            () = shared.wake.notified() => {}
            () = until(linger) => {}
            () = sleep_until(life.deadline(blocked)) => match life.expired(blocked) {
                Expired::AskForSign { nonce } => {
                    let mut ping = FrameBuffer::new();
                    if frame::append_control(&mut ping, Kind::Ping, &Ping { nonce }).is_ok() {
                        outgoing.push(ping);
                    }
                }
                Expired::Dead { silent_for } => {
                    return shared.session().lost(&format!("the server was silent for {} ms", silent_for.as_millis()));
                }
            },
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
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
        let message = match inbox.next() {
            Ok(Some(message)) => message,
            Ok(None) => return Ok(()),
            Err(error) => {
                let kind = ErrorKind::Protocol(error.to_string());
                return Err(Next::Failed(Error::with_rows(kind, shared.session().open_rows())));
            }
        };
        let next = match message {
            ServerMessage::Welcome(welcome) => {
                let schema = shared.session().welcomed(&welcome).map_err(Next::Failed)?;
                if let Some(schema) = schema {
                    outgoing.push(schema);
                }
                life.welcomed();
                // Whoever waits for the opening finds the watermarks there.
                observer.advanced();
                observer.welcomed(&welcome);
                None
            }
            ServerMessage::Ack(ack) => shared.session().acked(ack).map_err(Next::Failed)?,
            ServerMessage::Reject(reject) => Some(shared.session().rejected(reject)),
            ServerMessage::Closed(closed) => Some(shared.session().closed(closed)),
            ServerMessage::GoingAway(_) => {
                observer.going_away();
                shared.session().going_away()
            }
            ServerMessage::Ping(ping) => {
                let mut pong = FrameBuffer::new();
                if frame::append_control(&mut pong, Kind::Pong, &ping).is_ok() {
                    outgoing.push(pong);
                }
                continue;
            }
            ServerMessage::Pong(_) => continue,
        };
        observer.advanced();
        if let Some(next) = next {
            return Err(next);
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
