//! What is counted: the CPU time, user and system together, of the thread or of the whole process, the time that passed, and what
//! memory the thread asked for.

use crate::allocations::Allocations;
use crate::run::clock::now;
use std::time::Duration;

/// Whose CPU time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    Thread,
    /// All threads of the process: where the kernel works for us in threads of its own.
    Process,
    /// Nobody's: work is done and not counted.
    Off,
}

/// What counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lap {
    pub cpu: Duration,
    pub wall: Duration,
    pub allocations: Allocations,
}

/// Counts what is done through it, part by part.
#[derive(Debug)]
pub struct Stopwatch {
    clock: Clock,
    parts: Vec<Lap>,
}

impl Stopwatch {
    /// One that has counted nothing, for so many parts.
    pub fn new(clock: Clock, parts: usize) -> Self {
        Self { clock, parts: vec![Lap::default(); parts] }
    }

    /// What each part took.
    pub fn parts(&self) -> &[Lap] {
        &self.parts
    }

    /// Does `work` and counts it to a part.
    pub fn time<T>(&mut self, part: usize, work: impl FnOnce() -> T) -> T {
        if self.clock == Clock::Off {
            return work();
        }
        let (cpu, wall, allocations) = (self.clock.cpu_time(), now(), Allocations::of_this_thread());
        let done = counted(work);
        let lap = Lap {
            cpu: self.clock.cpu_time().saturating_sub(cpu),
            wall: wall.elapsed(),
            allocations: Allocations::of_this_thread().since(allocations),
        };
        if let Some(part) = self.parts.get_mut(part) {
            part.cpu += lap.cpu;
            part.wall += lap.wall;
            part.allocations.add(lap.allocations);
        }
        done
    }
}

impl Clock {
    #[expect(unsafe_code, reason = "the standard library has no clock of CPU time")]
    fn cpu_time(self) -> Duration {
        let clock = match self {
            Self::Thread => libc::CLOCK_THREAD_CPUTIME_ID,
            Self::Process => libc::CLOCK_PROCESS_CPUTIME_ID,
            Self::Off => return Duration::ZERO,
        };
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the kernel fills in a timespec of ours. Both clocks are there on every Linux: it cannot fail.
        unsafe { libc::clock_gettime(clock, &raw mut time) };
        Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
    }
}

/// The one function that everything counted is called from: who counts instructions looks for its name.
#[inline(never)]
fn counted<T>(work: impl FnOnce() -> T) -> T {
    work()
}
