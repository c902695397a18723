//! Taking connections in: new ones, and those that other cores hand over.

use super::connection::Connection;
use super::frames::opening_deadline;
use super::local::Reactor;
use super::mailbox::{Handoff, Mail};
use crate::shard::event::Event;
use glommio::net::{TcpListener, TcpStream};
use lakehead_protocol::kind::PeerState;
use socket2::Socket;
use std::os::fd::{FromRawFd, IntoRawFd};
use std::rc::Rc;
use std::time::Duration;

/// After accepting failed (no descriptors left, say) the next try waits this long.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);

/// Makes a bound socket this executor's listener.
#[expect(unsafe_code, reason = "glommio takes a prepared socket only as a raw descriptor")]
pub fn listener(socket: Socket) -> TcpListener {
    // SAFETY: the descriptor comes out of a socket we own, bound and listening, and nothing else keeps it.
    unsafe { TcpListener::from_raw_fd(socket.into_raw_fd()) }
}

/// Accepts connections until the task is dropped.
pub async fn accept_all(reactor: Rc<Reactor>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                let handle = reactor.register(PeerState::Greeting);
                glommio::spawn_local(Connection::new(reactor.clone(), stream, handle).run(Vec::new())).detach();
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                glommio::timer::sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }
}

/// Takes in mail until the task is dropped.
pub async fn read_mail(reactor: Rc<Reactor>) {
    let mailbox = reactor.mailboxes[reactor.core].clone();
    loop {
        match std::future::poll_fn(|context| mailbox.poll_next(context)).await {
            Mail::Adopt(handoff) => adopt(&reactor, handoff),
            mail => reactor.mail(mail),
        }
        glommio::yield_if_needed().await;
    }
}

/// Makes a connection that another core accepted one of ours. Until glommio owns the descriptor, dropping closes it.
fn adopt(reactor: &Rc<Reactor>, handoff: Handoff) {
    let stream = TcpStream::from(Socket::from(handoff.socket));
    let handle = reactor.register(PeerState::Opening);
    let connection = handle.id;
    let task = Connection::new(reactor.clone(), stream, handle.clone()).run(handoff.unread);
    // As for those that say Hello here: from now on it waits for us.
    handle.deadline.set(opening_deadline(&handoff.hello, reactor.now.get()));
    reactor.step(Event::Hello { connection, hello: handoff.hello });
    glommio::spawn_local(task).detach();
}
