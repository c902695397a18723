//! What happens as time passes: deadlines, and a bound on how long the runtime can sleep by mistake.

use super::local::Reactor;
use super::standstill::Standstill;
use crate::shard::event::Event;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Longest that a reactor sleeps that has connections. See the module head of [`super`].
pub const TICK: Duration = Duration::from_millis(50);
/// Longest that one without connections sleeps: nobody waits for it, and each waking costs a fraction of a millisecond.
const IDLE_TICK: Duration = Duration::from_millis(200);
/// Deadlines are long; looking at every connection at each tick would be work for nothing.
const TICKS_PER_SWEEP: u32 = 10;
/// What the shard waits for is put into words more seldom still.
const TICKS_PER_LOOK: u32 = 100;

/// Ticks until the task is dropped.
pub async fn tick(reactor: Rc<Reactor>) {
    let (mut ticks, mut was_full) = (0u32, false);
    let mut standstill = Standstill::new(reactor.now.get());
    loop {
        let is_idle = reactor.connections.borrow().is_empty();
        glommio::timer::sleep(if is_idle { IDLE_TICK } else { TICK }).await;
        reactor.now.set(now());
        // Memory of large frames comes back on this core alone, without word from the budget.
        reactor.gate.wake();
        // There may be room in the log, which nobody says on every single release.
        reactor.log.wake_waiting();
        for table in reactor.ports.stuck(reactor.now.get()) {
            tracing::warn!(core = reactor.core, ?table, "the table's store takes nothing: its rows wait in the log");
            reactor.step(Event::PortStalled { table });
            reactor.ports.let_go(table);
        }
        ticks = ticks.wrapping_add(1);
        if ticks.is_multiple_of(TICKS_PER_SWEEP) {
            sweep(&reactor);
            was_full = tell_fullness(&reactor, was_full);
        }
        if ticks.is_multiple_of(TICKS_PER_LOOK) {
            tell_standstill(&reactor, &mut standstill);
        }
    }
}

/// Says when the log becomes full, and when it has room again. Gives whether it is full.
fn tell_fullness(reactor: &Reactor, was_full: bool) -> bool {
    let full = reactor.shard.borrow().fullness();
    match &full {
        Some(why) if !was_full => tracing::warn!(core = reactor.core, "the log is full: {why}"),
        None if was_full => tracing::info!(core = reactor.core, "the log has room again"),
        _ => {}
    }
    full.is_some()
}

/// Says what the shard waits for, when nothing has gone on for a while.
fn tell_standstill(reactor: &Reactor, standstill: &mut Standstill) {
    let waits_for = reactor.shard.borrow().waits_for();
    let Some(still) = standstill.looked(reactor.now.get(), waits_for) else { return };
    for what in standstill.waits_for() {
        tracing::warn!(core = reactor.core, seconds = still.as_secs(), "nothing goes on: {what}");
    }
}

/// Wakes connections whose patience has ended.
fn sweep(reactor: &Reactor) {
    let now = reactor.now.get();
    let late: Vec<_> = reactor
        .connections
        .borrow()
        .values()
        .filter(|handle| handle.deadline.get().is_some_and(|deadline| deadline <= now))
        .cloned()
        .collect();
    late.iter().for_each(|handle| handle.wake());
}

/// The reactor's clock.
#[expect(clippy::disallowed_methods, reason = "this is where the data plane looks at the clock")]
pub fn now() -> Instant {
    Instant::now()
}
