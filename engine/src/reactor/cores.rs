//! Starting and stopping the reactors, one per core.

use super::accept::{accept_all, listener, read_mail};
use super::local::{Reactor, Submit};
use super::mailbox::{Mail, Mailbox};
use super::tick::{now, tick};
use crate::budget::Budget;
use crate::shard::Settings;
use glommio::{ExecutorJoinHandle, LocalExecutorBuilder, Placement};
use socket2::Socket;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Registered memory of an executor. Sockets do not use it; the smallest size spares locked memory.
const IO_MEMORY_BYTES: usize = 64 * 1024;
/// How long goodbyes may take to be written.
const GOODBYE: Duration = Duration::from_secs(3);

/// Why reactors could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum CoreError {
    #[error(
        "the reactor for core {core} could not start: {reason}. io_uring must be allowed (kernel 5.8 or newer, \
         kernel.io_uring_disabled = 0, no seccomp filter against it) and locked memory at least 512 KiB (ulimit -l)"
    )]
    Start { core: usize, reason: String },
    #[error("the reactor for core {core} ended: {reason}")]
    Ended { core: usize, reason: String },
}

/// What a reactor has come to when it stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Everything it had accepted is in the tables.
    Settled,
    /// Time ran out with rows still on their way.
    Unsettled,
}

/// The running reactors.
pub struct Cores {
    mailboxes: Vec<Mailbox>,
    threads: Vec<(usize, ExecutorJoinHandle<Drained>)>,
}

/// What all reactors are started with.
#[derive(Clone)]
pub struct CoreSettings {
    /// CPUs to pin to, one reactor each.
    pub cores: Vec<usize>,
    pub shard: fn(usize) -> Settings,
    pub budget: Budget,
    pub drain_deadline: Duration,
}

impl Cores {
    /// Starts one reactor per core; `sockets` has a listening socket for each.
    ///
    /// # Errors
    /// [`CoreError::Start`] for the first that does not come up.
    pub fn start(
        settings: &CoreSettings,
        mailboxes: Vec<Mailbox>,
        sockets: Vec<Socket>,
        submit: &Submit,
    ) -> Result<Self, CoreError> {
        for mailbox in &mailboxes {
            let mailbox = mailbox.clone();
            settings.budget.on_freed(Arc::new(move || mailbox.send(Mail::MemoryFreed)));
        }
        let mut threads = Vec::with_capacity(sockets.len());
        for (index, (core, socket)) in settings.cores.iter().copied().zip(sockets).enumerate() {
            let (settings, mailboxes, submit) = (settings.clone(), mailboxes.clone(), submit.clone());
            let thread = LocalExecutorBuilder::new(Placement::Fixed(core))
                .name(&format!("lakehead-core-{core}"))
                .io_memory(IO_MEMORY_BYTES)
                .spawn(move || run(index, settings, mailboxes, socket, submit))
                .map_err(|error| CoreError::Start { core, reason: error.to_string() })?;
            threads.push((core, thread));
        }
        Ok(Self { mailboxes, threads })
    }

    /// Has every reactor stop accepting, commit what it holds, acknowledge and end; waits for them.
    ///
    /// # Errors
    /// [`CoreError::Ended`] when a reactor died.
    pub fn drain(self) -> Result<Drained, CoreError> {
        self.mailboxes.iter().for_each(|mailbox| mailbox.send(Mail::Drain));
        let mut drained = Drained::Settled;
        for (core, thread) in self.threads {
            let ended = |reason: String| CoreError::Ended { core, reason };
            if thread.join().map_err(|error| ended(error.to_string()))? == Drained::Unsettled {
                drained = Drained::Unsettled;
            }
        }
        Ok(drained)
    }
}

async fn run(index: usize, settings: CoreSettings, mailboxes: Vec<Mailbox>, socket: Socket, submit: Submit) -> Drained {
    let shard = (settings.shard)(index);
    let reactor = Rc::new(Reactor::new(shard, settings.budget.clone(), mailboxes, submit, now()));
    let accepting = glommio::spawn_local(accept_all(reactor.clone(), listener(socket)));
    let reading = glommio::spawn_local(read_mail(reactor.clone()));
    let ticking = glommio::spawn_local(tick(reactor.clone()));
    wait_until(&reactor, None, |reactor| reactor.draining.get()).await;
    accepting.cancel().await;
    wait_until(&reactor, Some(settings.drain_deadline), |reactor| reactor.shard.borrow().is_settled()).await;
    let drained = if reactor.shard.borrow().is_settled() { Drained::Settled } else { Drained::Unsettled };
    reactor.dismiss();
    wait_until(&reactor, Some(GOODBYE), |reactor| reactor.connections.borrow().is_empty()).await;
    reading.cancel().await;
    ticking.cancel().await;
    drained
}

/// Looks again at every tick, until `done` or the time is up.
async fn wait_until(reactor: &Reactor, limit: Option<Duration>, done: impl Fn(&Reactor) -> bool) {
    let began = Cell::new(reactor.now.get());
    while !done(reactor) && limit.is_none_or(|limit| reactor.now.get() - began.get() < limit) {
        glommio::timer::sleep(super::tick::TICK).await;
    }
}

/// What the runtime wants done before the process has other threads.
pub fn prepare() {
    glommio::early_init();
}
