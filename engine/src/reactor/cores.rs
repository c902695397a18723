//! Starting and stopping the reactors, one per core.

use super::accept::{accept_all, listener, read_mail};
use super::local::{Fatal, Reactor, ReactorContext, Submit};
use super::log_files::{LogFileError, LogFiles, block_buffer};
use super::log_tasks::serve_log;
use super::mailbox::{Mail, Mailbox};
use super::settling::Settling;
use super::tick::{now, tick};
use super::time_slice::ask_for_short_slices;
use crate::budget::Budget;
use crate::log::{self, Log};
use crate::log_directory::{LogOrigin, LogStart};
use crate::shard::logging::Awaited;
use crate::shard::{Settings, Shard};
use glommio::{ExecutorJoinHandle, LocalExecutorBuilder, Placement};
use socket2::Socket;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Registered memory of an executor. Sockets do not use it; the smallest size spares locked memory.
const IO_MEMORY_BYTES: usize = 64 * 1024;
/// What a reactor that serves no core is called in messages.
const DRAINING: usize = usize::MAX;
/// Blocks of the log are closed when they are about so long.
const BLOCK_BYTES: usize = 1 << 20;
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

/// The logs of all reactors.
#[derive(Default)]
pub struct Logs {
    /// One for each core, in order; none when logs are switched off.
    pub serving: Vec<LogStart>,
    /// Logs of an earlier set of cores.
    pub draining: Vec<LogStart>,
    /// Tables whose streams wait for those.
    pub awaited: Awaited,
}

/// What all reactors are started with.
#[derive(Clone)]
pub struct CoreSettings {
    /// CPUs to pin to, one reactor each.
    pub cores: Vec<usize>,
    pub shard: fn(usize) -> Settings,
    pub budget: Budget,
    /// Most that small log blocks wait for others, in microseconds.
    pub linger_us: u64,
    pub fatal: Fatal,
    pub drain_deadline: Duration,
}

impl Cores {
    /// Starts one reactor per core; `sockets` has a listening socket for each, `serving` a log unless logs are switched off.
    /// Logs that only drain get a reactor each that is not pinned and serves nobody. `mailboxes` has one for each reactor.
    ///
    /// # Errors
    /// [`CoreError::Start`] for the first that does not come up.
    pub fn start(
        settings: &CoreSettings,
        mailboxes: Vec<Mailbox>,
        sockets: Vec<Socket>,
        submit: &Submit,
        logs: Logs,
    ) -> Result<Self, CoreError> {
        for mailbox in &mailboxes {
            let mailbox = mailbox.clone();
            settings.budget.on_freed(Arc::new(move || mailbox.send(Mail::MemoryFreed)));
        }
        let settling = Settling::new(mailboxes.len());
        let context = ReactorContext {
            budget: settings.budget.clone(),
            mailboxes,
            cores: sockets.len(),
            submit: submit.clone(),
            fatal: settings.fatal.clone(),
        };
        let mut serving: Vec<Option<LogStart>> = logs.serving.into_iter().map(Some).collect();
        serving.resize_with(sockets.len(), || None);
        let cores = settings.cores.iter().copied();
        let pinned = cores
            .zip(sockets)
            .zip(serving)
            .map(|((core, socket), log)| (Placement::Fixed(core), core, Some(socket), log));
        let draining = logs.draining.into_iter().map(|log| (Placement::Unbound, DRAINING, None, Some(log)));
        let mut threads = Vec::new();
        for (index, (placement, core, socket, log)) in pinned.chain(draining).enumerate() {
            let (settings, context, awaited) = (settings.clone(), context.clone(), logs.awaited.clone());
            let settling = settling.clone();
            let thread = LocalExecutorBuilder::new(placement)
                .name(&format!("lakehead-core-{core}"))
                .io_memory(IO_MEMORY_BYTES)
                .spawn(move || run(index, settings, context, socket, (log, awaited), settling))
                .map_err(|error| CoreError::Start { core, reason: error.to_string() })?;
            threads.push((core, thread));
        }
        let mailboxes = context.mailboxes;
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

async fn run(
    index: usize,
    settings: CoreSettings,
    context: ReactorContext,
    socket: Option<Socket>,
    (log, awaited): (Option<LogStart>, Awaited),
    settling: Settling,
) -> Drained {
    if let Err(error) = ask_for_short_slices() {
        tracing::debug!(index, %error, "a reactor's thread has slices of the usual length");
    }
    let (mut shard, files) = match start_shard(&settings, index, log).await {
        Ok(started) => started,
        Err(error) => {
            (settings.fatal)(&error.to_string());
            return Drained::Unsettled;
        }
    };
    shard.await_tables(awaited);
    let reactor = Rc::new(Reactor::new(shard, index, context, now()));
    let logging = files.map(|files| {
        reactor.log.open(files);
        glommio::spawn_local(serve_log(reactor.clone()))
    });
    let mut actions = Vec::new();
    reactor.shard.borrow_mut().start(&mut actions);
    reactor.carry_out(actions);
    reactor.log.stir();
    let accepting = socket.map(|socket| glommio::spawn_local(accept_all(reactor.clone(), listener(socket))));
    let reading = glommio::spawn_local(read_mail(reactor.clone()));
    let ticking = glommio::spawn_local(tick(reactor.clone()));
    reactor.draining.begun().await;
    if let Some(accepting) = accepting {
        accepting.cancel().await;
    }
    let are_settled = |reactor: &Reactor| settling.are_all(index, reactor.shard.borrow().is_settled());
    wait_until(&reactor, settings.drain_deadline, are_settled).await;
    let drained = if reactor.shard.borrow().is_settled() { Drained::Settled } else { Drained::Unsettled };
    if drained == Drained::Unsettled {
        for what in reactor.shard.borrow().waits_for() {
            tracing::warn!(core = index, "not settled in time: {what}");
        }
    }
    reactor.dismiss();
    wait_until(&reactor, GOODBYE, |reactor| reactor.connections.borrow().is_empty()).await;
    reading.cancel().await;
    ticking.cancel().await;
    if let Some(logging) = logging {
        logging.cancel().await;
    }
    drained
}

/// The shard of a reactor, with its log if it has one.
async fn start_shard(
    settings: &CoreSettings,
    index: usize,
    log: Option<LogStart>,
) -> Result<(Shard, Option<LogFiles>), LogFileError> {
    let (shard, budget) = ((settings.shard)(index), settings.budget.clone());
    let Some(LogStart { id, folder, run, origin, duty, bytes_max, segment_bytes, accepted }) = log else {
        return Ok((Shard::new(shard, budget), None));
    };
    let files = LogFiles::open(&folder).await?;
    let log_settings = log_settings(bytes_max, segment_bytes, settings.linger_us);
    let log = match origin {
        LogOrigin::New => Log::new(log_settings, id, run),
        LogOrigin::Recovered(recovered) => Log::resume(log_settings, run, *recovered),
    };
    let mut shard = Shard::with_log(shard, budget, log, duty);
    shard.accept_tables(accepted);
    Ok((shard, Some(files)))
}

#[expect(clippy::disallowed_methods, reason = "a segment's salt has to be one that nobody can foresee")]
fn new_salt() -> [u8; 16] {
    *uuid::Uuid::new_v4().as_bytes()
}

/// What a log is told: buffers are the ring's.
fn log_settings(bytes_max: u64, segment_bytes: u32, linger_us: u64) -> log::Settings {
    log::Settings {
        bytes_max,
        segment_bytes,
        block_bytes: BLOCK_BYTES,
        linger_us,
        buffers: Rc::new(block_buffer),
        salts: Rc::new(RefCell::new(new_salt)),
        canary: log::Canary::None,
    }
}

/// Looks again at every tick, until `done` or the time is up.
async fn wait_until(reactor: &Reactor, limit: Duration, done: impl Fn(&Reactor) -> bool) {
    let began = Cell::new(reactor.now.get());
    while !done(reactor) && reactor.now.get() - began.get() < limit {
        glommio::timer::sleep(super::tick::TICK).await;
    }
}

/// What the runtime wants done before the process has other threads.
pub fn prepare() {
    glommio::early_init();
}
