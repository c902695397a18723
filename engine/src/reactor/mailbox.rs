//! What reaches a reactor from other threads.

use crate::handover::answer::Answer;
use crossbeam::queue::SegQueue;
use lakehead_protocol::hello::Hello;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// One piece of mail.
#[derive(Debug)]
pub enum Mail {
    /// Word from the commit plane for the shard.
    Answer(Answer),
    /// A connection whose stream lives here. The descriptor closes itself if nobody adopts it.
    Adopt(Handoff),
    /// A log of an earlier set of cores has no more rows for the table of this id.
    TableDrained(Arc<str>),
    /// The budget has memory again after it had refused some.
    MemoryFreed,
    /// The engine stops.
    Drain,
}

/// A connection on its way to its home core.
#[derive(Debug)]
pub struct Handoff {
    pub socket: OwnedFd,
    pub hello: Hello,
    /// What was read behind the Hello.
    pub unread: Vec<u8>,
}

/// The many-to-one way into a reactor. Clones share it; sending never blocks.
#[derive(Clone, Default)]
pub struct Mailbox {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    mail: SegQueue<Mail>,
    reader: Mutex<Option<Waker>>,
}

impl Mailbox {
    /// Adds mail and wakes the reactor.
    pub fn send(&self, mail: Mail) {
        self.shared.mail.push(mail);
        let reader = self.shared.reader.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// The next mail; one reader only.
    pub fn poll_next(&self, context: &mut Context<'_>) -> Poll<Mail> {
        if let Some(mail) = self.shared.mail.pop() {
            return Poll::Ready(mail);
        }
        *self.shared.reader.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
        // Mail that came before the waker was in place woke nobody.
        self.shared.mail.pop().map_or(Poll::Pending, Poll::Ready)
    }
}
