//! Memory and CPU time second by second, beside a run.

use super::process::{ProcessError, Usage};
use super::threads::{ThreadGroup, Threads};
use crate::run::clock;
use serde::Serialize;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

const PERIOD: Duration = Duration::from_secs(1);

/// The processes that take part in a run.
#[derive(Debug, Clone, Copy)]
pub struct Processes {
    pub engine: Option<u32>,
    pub generator: u32,
    pub reader: Option<u32>,
}

/// How things stood at one moment. CPU seconds count from the run's start.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample {
    /// Seconds since the run's start.
    pub at_seconds: f64,
    pub engine: Option<ProcessSample>,
    pub generator: Option<ProcessSample>,
    pub reader: Option<ProcessSample>,
}

/// One process at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProcessSample {
    pub user_seconds: f64,
    pub system_seconds: f64,
    pub memory_bytes: u64,
}

/// A sampler that runs.
#[derive(Debug)]
pub struct Sampler {
    stop: Sender<()>,
    thread: JoinHandle<(Vec<Sample>, Option<Threads>)>,
}

/// All samples, and the engine's threads.
#[derive(Debug)]
pub struct Samples {
    pub samples: Vec<Sample>,
    threads: Option<Threads>,
}

impl Sampler {
    pub fn start(processes: Processes) -> io::Result<Self> {
        let (stop, stopped) = channel();
        let work = move || sample(processes, &stopped);
        Ok(Self { stop, thread: Builder::new().name("sampler".into()).spawn(work)? })
    }

    /// Looks once more, and ends.
    pub fn stop(self) -> Samples {
        drop(self.stop);
        let (samples, threads) = self.thread.join().unwrap_or_default();
        Samples { samples, threads }
    }
}

impl Samples {
    /// The engine's threads, by what the whole process spent.
    pub fn engine_threads(&self, user_seconds: f64, system_seconds: f64) -> Vec<ThreadGroup> {
        self.threads.as_ref().map_or_else(Vec::new, |threads| threads.groups(user_seconds, system_seconds))
    }
}

fn sample(processes: Processes, stopped: &Receiver<()>) -> (Vec<Sample>, Option<Threads>) {
    let start = clock::now();
    let mut threads = processes.engine.map(Threads::start);
    let ids = [processes.engine, Some(processes.generator), processes.reader];
    let before = ids.map(usage);
    let mut samples = vec![taken(start, &ids, &before)];
    for tick in 1.. {
        let left = (start + PERIOD * tick).saturating_duration_since(clock::now());
        let is_last = stopped.recv_timeout(left) != Err(RecvTimeoutError::Timeout);
        samples.push(taken(start, &ids, &before));
        threads.iter_mut().for_each(Threads::look);
        if is_last {
            break;
        }
    }
    (samples, threads)
}

fn taken(start: Instant, ids: &[Option<u32>; 3], before: &[Option<Usage>; 3]) -> Sample {
    let of = |index: usize| {
        let (now, before) = (usage(ids[index])?, before[index]?);
        Some(ProcessSample {
            user_seconds: now.user_seconds - before.user_seconds,
            system_seconds: now.system_seconds - before.system_seconds,
            memory_bytes: now.memory_bytes,
        })
    };
    Sample { at_seconds: (clock::now() - start).as_secs_f64(), engine: of(0), generator: of(1), reader: of(2) }
}

/// `None` for a process that is not there, or no longer.
fn usage(pid: Option<u32>) -> Option<Usage> {
    let usage: Result<Usage, ProcessError> = Usage::of(pid?);
    usage.ok()
}
