//! Carries out what a shard's log wants.
//!
//! One task asks the log after every turn that may have changed something; what it wants done runs as tasks of its own, and
//! their ends come back as events. A failure that the log cannot live with ends the process.

use super::local::Reactor;
use super::log_files::{LogFileError, LogFiles};
use super::tick::now;
use crate::handover::TableKey;
use crate::log::{BlockPlace, LogAction, LogEvent};
use crate::shard::event::Event;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

/// How long a read for a replay waits before it looks again whether its table takes rows.
const REPLAY_PAUSE: Duration = Duration::from_millis(2);

/// What the reactor keeps for its shard's log.
#[derive(Default)]
pub struct LogDesk {
    files: RefCell<Option<Rc<LogFiles>>>,
    /// Something may have changed since the log was asked last.
    stirred: Cell<bool>,
    reader: RefCell<Option<Waker>>,
    /// Connections that wait for the next sync.
    behind: RefCell<Vec<Waker>>,
    /// Connections that wait for room in the log, or for their table's replay: they look again at each tick.
    waiting: RefCell<Vec<Waker>>,
    began: Cell<Option<Instant>>,
    armed_us: Cell<Option<u64>>,
    /// Blocks that replays want.
    replays: RefCell<Vec<(TableKey, u64, BlockPlace)>>,
    /// Since when tables are replayed.
    replaying: RefCell<HashMap<TableKey, Instant>>,
}

impl LogDesk {
    /// Where the log's files are.
    pub fn open(&self, files: LogFiles) {
        self.began.set(Some(now()));
        *self.files.borrow_mut() = Some(Rc::new(files));
    }

    /// Has the log be asked what it wants.
    pub fn stir(&self) {
        self.stirred.set(true);
        if let Some(reader) = self.reader.borrow_mut().take() {
            reader.wake();
        }
    }

    /// Notes a connection that waits for the log's disk.
    pub fn wait_for_disk(&self, waker: &Waker) {
        self.behind.borrow_mut().push(waker.clone());
    }

    /// Notes a connection that waits for room in the log, or for its table.
    pub fn wait_for_room(&self, waker: &Waker) {
        self.waiting.borrow_mut().push(waker.clone());
    }

    /// The disk has done something.
    fn wake_behind(&self) {
        wake_in_turn(&self.behind);
    }

    /// Has those who wait for room or for a table look again.
    pub fn wake_waiting(&self) {
        wake_in_turn(&self.waiting);
    }

    /// Has a block be read for a table's replay.
    pub fn read_for_replay(&self, table: TableKey, generation: u64, place: BlockPlace) {
        self.replays.borrow_mut().push((table, generation, place));
        self.replaying.borrow_mut().entry(table).or_insert_with(now);
        self.stir();
    }

    /// Tells how fast a table's rows in the log were read and built.
    pub fn replayed(&self, table: TableKey, name: &str, bytes: u64) {
        let Some(began) = self.replaying.borrow_mut().remove(&table) else { return };
        let seconds = now().saturating_duration_since(began).as_secs_f64().max(1e-3);
        let megabytes = bytes as f64 / 1e6;
        let rate = megabytes / seconds;
        tracing::info!("replayed: {megabytes:.1} MB of the log into table {name} in {seconds:.2} s, {rate:.0} MB/s");
    }

    /// The table was closed.
    pub fn forget_replay(&self, table: TableKey) {
        self.replaying.borrow_mut().remove(&table);
    }

    fn now_us(&self) -> u64 {
        let elapsed = self.began.get().map_or(Duration::ZERO, |began| now().saturating_duration_since(began));
        u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
    }

    fn files(&self) -> Option<Rc<LogFiles>> {
        self.files.borrow().clone()
    }
}

/// Wakes all, another one first each time. Who comes first may take all the room there is, and those who then wait again
/// do so in the order in which they were woken: without turns the last one would stay the last, and never come to read.
fn wake_in_turn(waiting: &RefCell<Vec<Waker>>) {
    let mut waiting = std::mem::take(&mut *waiting.borrow_mut());
    if !waiting.is_empty() {
        waiting.rotate_left(1);
    }
    waiting.into_iter().for_each(Waker::wake);
}

/// Serves the shard's log until the task is dropped.
pub async fn serve_log(reactor: Rc<Reactor>) {
    loop {
        poll_fn(|context| {
            if reactor.log.stirred.replace(false) {
                return Poll::Ready(());
            }
            *reactor.log.reader.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
        ask(&reactor);
    }
}

fn ask(reactor: &Rc<Reactor>) {
    let mut wanted = Vec::new();
    let now_us = reactor.log.now_us();
    reactor.shard.borrow_mut().log_actions(now_us, &mut wanted);
    for (table, generation, place) in reactor.log.replays.take() {
        glommio::spawn_local(read_for_replay(reactor.clone(), table, generation, place)).detach();
    }
    for action in wanted {
        glommio::spawn_local(carry_out(reactor.clone(), action)).detach();
    }
    let wake_at_us = reactor.shard.borrow().log().and_then(crate::log::Log::wake_at_us);
    if let Some(at_us) = wake_at_us.filter(|at_us| reactor.log.armed_us.get().is_none_or(|armed| armed > *at_us)) {
        reactor.log.armed_us.set(Some(at_us));
        let reactor = reactor.clone();
        glommio::spawn_local(async move {
            glommio::timer::sleep(Duration::from_micros(at_us.saturating_sub(now_us))).await;
            if reactor.log.armed_us.get() == Some(at_us) {
                reactor.log.armed_us.set(None);
            }
            reactor.log.stir();
        })
        .detach();
    }
}

async fn carry_out(reactor: Rc<Reactor>, action: LogAction) {
    let Some(files) = reactor.log.files() else { return };
    match perform(&files, action).await {
        Ok(event) => {
            let mut actions = Vec::new();
            reactor.shard.borrow_mut().log_event(event, &mut actions);
            reactor.carry_out(actions);
            reactor.log.wake_behind();
            reactor.log.stir();
        }
        Err(error) => reactor.end(&error.to_string()),
    }
}

async fn perform(files: &LogFiles, action: LogAction) -> Result<LogEvent, LogFileError> {
    Ok(match action {
        LogAction::MakeSpare { number, bytes } => {
            LogEvent::SpareMade { number, result: files.make_spare(number, bytes).await }
        }
        LogAction::OpenSegment { number, spare, header, directory } => {
            files.open_segment(number, spare, &header, directory).await?;
            LogEvent::SegmentOpened { number }
        }
        LogAction::Write { ticket, segment, offset, block, bytes } => {
            let block = files.write(segment, offset, block, bytes).await?;
            LogEvent::Written { ticket, block }
        }
        LogAction::Sync { ticket, segment } => {
            files.sync(segment).await?;
            LogEvent::Synced { ticket }
        }
        LogAction::Retire { segment, spare } => {
            files.retire(segment, spare).await?;
            LogEvent::Retired { segment }
        }
        LogAction::Delete { segment } => {
            files.delete(segment).await?;
            LogEvent::Deleted { segment }
        }
        LogAction::DeleteSpare { spare } => {
            files.delete_spare(spare).await?;
            LogEvent::SpareDeleted { spare }
        }
        LogAction::Read { ticket, place } => {
            let read = files.read(&place).await?;
            LogEvent::Read { ticket, bytes: read.to_vec() }
        }
        LogAction::Stop { why } => return Err(LogFileError::Damaged(why)),
    })
}

/// Reads a block for a table's replay, once the table has room for its rows.
async fn read_for_replay(reactor: Rc<Reactor>, table: TableKey, generation: u64, place: BlockPlace) {
    let Some(files) = reactor.log.files() else { return };
    while reactor.ports.is_full(table) || reactor.gate.is_spent() {
        // A full port frees itself as its table is committed; only memory is freed by others' commits.
        if reactor.gate.is_spent() {
            reactor.step(Event::MemoryShort);
        }
        glommio::timer::sleep(REPLAY_PAUSE).await;
    }
    match files.read(&place).await {
        Ok(read) => reactor.step(Event::LogRead { table, generation, place, bytes: &read }),
        Err(error) => {
            let is_needed = reactor.shard.borrow().log().is_some_and(|log| log.has_block(&place));
            if is_needed {
                return reactor.end(&error.to_string());
            }
            // Its segment went while this waited: the shard asks again where the rows are now.
            reactor.step(Event::LogRead { table, generation, place, bytes: &[] });
        }
    }
}
