//! A real store behind a store that fails in every way of the fault model.

use crate::store::{FileWriter, PutOutcome, ReadOutcome, Store};
use crate::table::delta::DeltaTable;
use bytes::Bytes;
use crossbeam::channel::{Sender, after, unbounded};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use tokio::sync::Notify;

/// How far the others get who commit past a putter that stands still. More than the patience of such runs.
pub const STILL_MS: u64 = 12;

/// What becomes of a put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    FailsBefore,
    FailsAfter,
    /// It lands from another thread, later, and nobody is told.
    Late,
    ExistsOfItsOwn,
    ExistsOfNothing,
    Slow,
    /// Somebody else takes the version first.
    Raced,
    /// The putter stands still until others have committed past the version, and cleaned it away.
    Overtaken,
}

const FAULTS: [Fault; 7] = [
    Fault::FailsBefore,
    Fault::FailsAfter,
    Fault::Late,
    Fault::ExistsOfItsOwn,
    Fault::ExistsOfNothing,
    Fault::Slow,
    Fault::Raced,
];

/// The store.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    /// The same folder, for others who commit to it.
    others: DeltaTable,
    random: Mutex<StdRng>,
    /// Whether puts can be overtaken.
    overtakes: bool,
    sick: AtomicBool,
    /// Puts until the process that makes them dies.
    puts_to_crash: AtomicU32,
    pub crashed: Notify,
    /// What holds the last puts of such processes up; dropped, they go on.
    still: Mutex<Vec<Sender<()>>>,
    /// Commits that were cleaned away, by version: what a reader had followed.
    pub cleaned: Mutex<BTreeMap<u64, Bytes>>,
    late: Mutex<Late>,
}

/// Puts under way that nobody waits for.
struct Late {
    puts: Option<Sender<(u64, String, Bytes)>>,
    thread: Option<JoinHandle<()>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FaultyStore {
    pub fn new(inner: Arc<dyn Store>, others: DeltaTable, seed: u64, overtakes: bool) -> Self {
        let (puts, under_way) = unbounded::<(u64, String, Bytes)>();
        let store = inner.clone();
        let land = move || {
            for (delay_ms, path, bytes) in under_way {
                let _time = after(Duration::from_millis(delay_ms)).recv();
                store.put_if_absent(&path, &bytes);
            }
        };
        let thread = Builder::new().name("late".into()).spawn(land).unwrap();
        Self {
            inner,
            others,
            random: Mutex::new(StdRng::seed_from_u64(seed)),
            overtakes,
            sick: AtomicBool::new(true),
            puts_to_crash: AtomicU32::new(0),
            crashed: Notify::new(),
            still: Mutex::default(),
            cleaned: Mutex::default(),
            late: Mutex::new(Late { puts: Some(puts), thread: Some(thread) }),
        }
    }

    /// The process dies at its `puts`-th put from now; never for zero. That put goes on at [`Self::thaw`].
    pub fn crash_after(&self, puts: u32) {
        self.puts_to_crash.store(puts, Ordering::SeqCst);
    }

    /// The puts at which processes died go on.
    pub fn thaw(&self) {
        lock(&self.still).clear();
    }

    /// From here on everything works, and what was under way has landed.
    pub fn heal(&self) {
        self.thaw();
        self.sick.store(false, Ordering::SeqCst);
        let mut late = lock(&self.late);
        late.puts = None;
        late.thread.take().into_iter().for_each(|thread| thread.join().unwrap());
    }

    fn chance(&self, thousandths: u32) -> bool {
        self.sick.load(Ordering::SeqCst) && lock(&self.random).random_range(0..1_000) < thousandths
    }

    fn draw(&self) -> Option<Fault> {
        if !self.chance(400) {
            return None;
        }
        if self.overtakes && self.chance(300) {
            return Some(Fault::Overtaken);
        }
        Some(FAULTS[lock(&self.random).random_range(0..FAULTS.len())])
    }

    fn land_late(&self, path: &str, bytes: &Bytes) {
        let delay_ms = lock(&self.random).random_range(0..6);
        if let Some(puts) = &lock(&self.late).puts {
            puts.send((delay_ms, path.to_owned(), bytes.clone())).unwrap();
        }
    }

    fn take_first(&self, path: &str) {
        let text = br#"{"commitInfo":{"timestamp":0,"operation":"OPTIMIZE"}}"#;
        self.inner.put_if_absent(path, &Bytes::from_static(text));
    }

    /// Others commit `version` and the one after it, write a checkpoint, and clean away what is below that.
    fn overtake(&self, version: u64) {
        let path = |version: u64| format!("_delta_log/{version:020}.json");
        self.take_first(&path(version));
        self.take_first(&path(version + 1));
        // Nobody who has looked before that and does not know of it is within his patience when versions go.
        let _time = after(Duration::from_millis(STILL_MS)).recv();
        let Ok(Some(newest)) = self.others.load() else { return };
        // Somebody may be there already: then nobody cleans up what they have just written.
        if newest.view().version != version + 1 || self.others.checkpoint(&newest).is_err() {
            return;
        }
        let mut cleaned = lock(&self.cleaned);
        for old in 0..=version {
            if let ReadOutcome::Found(bytes) = self.inner.read(&path(old)) {
                cleaned.entry(old).or_insert(bytes);
                self.inner.delete(&path(old)).unwrap();
            }
        }
    }

    fn carry_out(&self, fault: Option<Fault>, path: &str, bytes: &Bytes) -> PutOutcome {
        let lost = || PutOutcome::Unknown("the answer was lost".into());
        match fault {
            None => self.inner.put_if_absent(path, bytes),
            Some(Fault::FailsBefore) => lost(),
            Some(Fault::FailsAfter) => {
                self.inner.put_if_absent(path, bytes);
                lost()
            }
            Some(Fault::Late) => {
                self.land_late(path, bytes);
                lost()
            }
            Some(Fault::ExistsOfItsOwn) => {
                self.inner.put_if_absent(path, bytes);
                PutOutcome::Exists
            }
            Some(Fault::ExistsOfNothing) => PutOutcome::Exists,
            Some(Fault::Slow) => {
                let _time = after(Duration::from_millis(4)).recv();
                self.inner.put_if_absent(path, bytes)
            }
            Some(Fault::Raced) => {
                self.take_first(path);
                self.inner.put_if_absent(path, bytes)
            }
            Some(Fault::Overtaken) => {
                self.overtake(version_of(path));
                self.inner.put_if_absent(path, bytes)
            }
        }
    }
}

fn version_of(path: &str) -> u64 {
    path.trim_start_matches("_delta_log/").trim_end_matches(".json").parse().unwrap()
}

impl Drop for FaultyStore {
    fn drop(&mut self) {
        self.heal();
    }
}

impl Store for FaultyStore {
    fn prepare(&self) -> io::Result<()> {
        self.inner.prepare()
    }

    fn put_if_absent(&self, path: &str, bytes: &Bytes) -> PutOutcome {
        let dies =
            self.puts_to_crash.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |puts| puts.checked_sub(1)) == Ok(1);
        if dies {
            let (holds, held) = unbounded::<()>();
            lock(&self.still).push(holds);
            self.crashed.notify_one();
            // An error is the sender that was dropped.
            let _thawed = held.recv();
        }
        self.carry_out(self.draw(), path, bytes)
    }

    fn read(&self, path: &str) -> ReadOutcome {
        match self.inner.read(path) {
            // Only a put's own version is read back in doubt; whatever else is read is there or not.
            ReadOutcome::Found(_) if self.chance(40) => ReadOutcome::Unknown("the read failed".into()),
            found => found,
        }
    }

    fn begin_file(&self, path: &str) -> io::Result<Box<dyn FileWriter>> {
        self.inner.begin_file(path)
    }

    fn delete(&self, path: &str) -> io::Result<()> {
        self.inner.delete(path)
    }

    fn settle(&self, path: &str) -> io::Result<()> {
        if self.chance(40) {
            return Err(io::Error::other("the folder cannot be synced"));
        }
        self.inner.settle(path)
    }
}
