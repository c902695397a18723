//! Seeded runs of logs over real Delta tables, behind a store that fails.
//!
//! Each seed has a table of its own and one or two logs whose entries are rows. A run claims the table and commits cuts;
//! it may die at any put, and then it is gone, or goes on as a zombie that knows nothing of the run after it. Whatever
//! happens: a row that was reported is in the table once, none is there twice, positions and claims only grow and say what
//! is there, and every file that a version names can be opened. Schedules come from the seed; threads make them real.

use super::faulty_store::{FaultyStore, STILL_MS};
use super::home::Home;
use super::*;
use crate::commit::attempt::Files;
use crate::commit::canary::Canary;
use crate::commit::encode::EncodingPlan;
use crate::commit::ledger::LogProposal;
use crate::commit::staged_file::{FinishedStagedFile, StagedFile};
use crate::handover::ShardId;
use crate::handover::log_part::{LogEntry, LogId, LogPart, Remembered, Spoken};
use crate::handover::row_group::RowGroup;
use arrow::array::{AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;
use tokio::task::JoinHandle;

const ROUNDS: usize = 6;
/// A commit that takes longer does not end.
const PATIENCE: Duration = Duration::from_secs(15);
/// Seeds at a time; they mostly wait.
const SEEDS_AT_ONCE: usize = 6;

/// A log: what is durable in it.
#[derive(Debug, Clone)]
struct Log {
    id: LogId,
    end: u64,
    remembered: Remembered,
    /// Claims that were handed over.
    spoken: Vec<u64>,
    /// Rows that were reported as committed.
    told: u64,
    /// Under the newest run's claim, what the table shows.
    claimed: Option<u64>,
    /// Of its stream, which every run opens anew.
    epoch: u64,
}

/// A cut that was proposed: rows of each log.
#[derive(Debug, Clone)]
struct Cut {
    claim: u64,
    rows: Vec<(u64, u64)>,
    file: Option<FinishedStagedFile>,
    proposal: Proposal,
}

struct Play<'a> {
    runtime: &'a Runtime,
    context: &'a Arc<Context>,
    sound: DeltaTable,
    table: DeltaTable,
    store: Arc<FaultyStore>,
    terms: Terms,
    encoding: Arc<EncodingPlan>,
    random: StdRng,
    logs: Vec<Log>,
    /// Whether rows belong to named streams, one a log.
    named: bool,
    claim: u64,
    known: Version,
    zombies: Vec<(Cut, JoinHandle<Driven>)>,
}

fn stream(log: &Log) -> Arc<str> {
    format!("s{}", log.id.0[0]).into()
}

impl<'a> Play<'a> {
    fn begin(runtime: &'a Runtime, context: &'a Arc<Context>, home: &Home, seed: u64, canary: Canary) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let url = home.url(context, seed);
        let sound = DeltaTable::at(&url, context.kernel.clone()).unwrap();
        let fields = vec![Field::flat("stream", DataType::String, false), Field::flat("seq", DataType::Long, false)];
        let made = sound.create(&Schema::flat(fields)).unwrap();
        let overtakes = random.random_bool(0.4);
        let store = FaultyStore::new(sound.store().clone(), sound.clone(), seed, overtakes);
        let store = Arc::new(store);
        let terms = Terms {
            id: made.view().id.clone(),
            schema: made.view().schema.clone(),
            streams_max: 10,
            patience: Patience { unknown_ms_max: if overtakes { STILL_MS / 2 } else { 60_000 } },
            canary,
        };
        let encoding = EncodingPlan::new(made.columns().unwrap().arrow, Compression::UNCOMPRESSED).unwrap();
        let log = |number: u8| Log {
            id: LogId([number; 16]),
            end: 0,
            remembered: Remembered::default(),
            spoken: vec![],
            told: 0,
            claimed: None,
            epoch: 0,
        };
        Self {
            runtime,
            context,
            table: sound.clone().with_store(store.clone()),
            sound,
            store,
            terms,
            encoding: Arc::new(encoding),
            logs: (1..=random.random_range(1..=2u8)).map(log).collect(),
            named: random.random_bool(0.4),
            random,
            claim: 1,
            known: made,
            zombies: Vec::new(),
        }
    }

    fn stage(&self, rows: &[(u64, u64)]) -> Option<FinishedStagedFile> {
        let count: u64 = rows.iter().map(|(from, to)| to - from).sum();
        if count == 0 {
            return None;
        }
        let each =
            || self.logs.iter().zip(rows).flat_map(|(log, (from, to))| (*from..*to).map(move |seq| (stream(log), seq)));
        let streams = StringArray::from_iter_values(each().map(|(stream, _)| stream.to_string()));
        let seqs = Int64Array::from_iter_values(each().map(|(_, seq)| seq as i64));
        let batch = RecordBatch::try_new(self.known.columns().unwrap().arrow, vec![Arc::new(streams), Arc::new(seqs)]);
        let rows = batch.unwrap();
        let memory = self.context.budget.reserve(rows.get_array_memory_size());
        let (sender, encoded) = channel();
        let row_group = RowGroup { shard: ShardId(0), generation: 1, cut: 1, rows, memory };
        self.context.encoders.encode(self.encoding.clone(), row_group, move |result| sender.send(result).unwrap());
        let budget = &self.context.budget;
        let file = StagedFile::begin(self.sound.store(), &self.encoding, Compression::UNCOMPRESSED, budget);
        let mut file = file.unwrap();
        file.append(encoded.recv().unwrap().unwrap()).unwrap();
        Some(file.finish().unwrap())
    }

    /// The next cut: claims while there are none, else rows, new ones and such as were given up. `last` brings all there is.
    fn cut(&mut self, last: bool) -> Cut {
        let claims = self.logs.iter().any(|log| log.claimed.is_none());
        let mut cut = Cut { claim: self.claim, rows: Vec::new(), file: None, proposal: Proposal::default() };
        for log in &mut self.logs {
            let (from, to, base) = match log.claimed.filter(|_| !claims) {
                Some(position) => {
                    let new = if last { 0 } else { self.random.random_range(0..4) };
                    log.end = log.end.max(position) + new;
                    (position, log.end, Base::Claimed { position })
                }
                None => {
                    let position = log.remembered.position;
                    let spoken = log.spoken.iter().map(|claim| Spoken { claim: *claim, end: log.end }).collect();
                    log.spoken.push(self.claim);
                    (position, position, Base::Unclaimed { remembered: log.remembered, spoken, adopt: false })
                }
            };
            let part = LogPart { log: log.id, claim: self.claim, to, base };
            cut.proposal.rows += to - from;
            cut.proposal.logs.push(LogProposal { part, rows: to - from });
            cut.rows.push((from, to));
            if self.named && to > from {
                cut.proposal.ranges.push(StreamRange { stream: stream(log), epoch: log.epoch, from, to });
            }
            if self.named && claims {
                cut.proposal.mints.push(stream(log));
            }
        }
        cut.file = self.stage(&cut.rows);
        cut
    }

    fn job(&self, cut: &Cut) -> Job {
        let files = cut.file.iter().map(|file| file.added.clone()).collect();
        let (known, known_ms) = (self.known.clone(), self.context.now_ms());
        Job { terms: self.terms.clone(), proposal: cut.proposal.clone(), files, known, known_ms }
    }

    /// One cut, or a death in the middle of it.
    fn round(&mut self) -> Result<(), String> {
        if self.random.random_bool(0.3) {
            self.store.thaw();
        }
        let cut = self.cut(false);
        if self.random.random_bool(0.3) {
            self.store.crash_after(self.random.random_range(1..4));
        }
        let (context, table, job) = (self.context.clone(), self.table.clone(), self.job(&cut));
        let mut running = self.runtime.spawn(async move { drive(&context, &table, job).await });
        let store = self.store.clone();
        let ended = self.runtime.block_on(async {
            tokio::select! {
                driven = &mut running => Ok(Some(driven.unwrap())),
                () = store.crashed.notified() => Ok(None),
                () = tokio::time::sleep(PATIENCE) => Err(format!("it does not end: {cut:?}")),
            }
        })?;
        self.store.crash_after(0);
        match ended {
            Some(driven) => self.ended(cut, driven),
            None => {
                if self.random.random_bool(0.5) {
                    self.zombies.push((cut, running));
                } else {
                    running.abort();
                }
                self.restart();
                Ok(())
            }
        }
    }

    /// The next run: it knows what is in the logs, and may have looked at the table some time ago.
    fn restart(&mut self) {
        self.claim += 1;
        self.logs.iter_mut().for_each(|log| log.claimed = None);
        if self.random.random_bool(0.7) {
            // Others may be cleaning up at this moment.
            self.known = (0..100).find_map(|_| self.sound.load().ok().flatten()).unwrap();
        }
    }

    fn ended(&mut self, cut: Cut, driven: Driven) -> Result<(), String> {
        let Driven { outcome, version: seen, .. } = driven;
        match outcome {
            Outcome::Committed { version, .. } | Outcome::Nothing { version, .. } => {
                for (log, (_, to)) in self.logs.iter_mut().zip(&cut.rows) {
                    log.told = log.told.max(*to);
                    // Told late by a zombie: nobody hears it.
                    if cut.claim == self.claim {
                        let LogEntry { claim, position } = seen.view().log(log.id);
                        if claim != self.claim || position < *to {
                            return Err(format!("after a commit of {cut:?} the table shows {claim} and {position}"));
                        }
                        // A claim tells what commits brought whose answers nobody heard.
                        log.told = log.told.max(position);
                        log.claimed = Some(position);
                        log.epoch = seen.view().stream(&stream(log)).epoch;
                        log.remembered = Remembered { claim, position, version };
                    }
                }
            }
            Outcome::Discard { files, .. } => {
                if files == Files::Delete {
                    cut.file.iter().for_each(|file| self.sound.store().delete(&file.added.path).unwrap());
                }
                for log in self.logs.iter_mut().filter(|_| cut.claim == self.claim) {
                    let shown = seen.view().log(log.id);
                    log.claimed = log.claimed.map(|_| shown.position);
                }
            }
            Outcome::Stop { why } if cut.claim == self.claim => return Err(format!("the newest run: {why}")),
            Outcome::Stop { .. } => {
                cut.file.iter().for_each(|file| self.sound.store().delete(&file.added.path).unwrap());
            }
        }
        if cut.claim == self.claim {
            // Now and then what is carried forward is old.
            if self.random.random_bool(0.8) {
                self.known = seen;
            }
        }
        Ok(())
    }

    fn within_patience<T>(&self, future: impl Future<Output = T>) -> Result<T, String> {
        let timed = async { tokio::time::timeout(PATIENCE, future).await };
        self.runtime.block_on(timed).map_err(|_| format!("a commit does not end: {:?}", self.logs))
    }

    fn play(mut self) -> Result<(), String> {
        for _ in 0..ROUNDS {
            self.round()?;
            self.read_back().map(drop)?;
        }
        self.store.heal();
        for (cut, running) in std::mem::take(&mut self.zombies) {
            let driven = self.within_patience(running)?;
            self.ended(cut, driven.unwrap())?;
        }
        self.restart();
        let mut cuts = 0;
        while self.logs.iter().any(|log| log.claimed != Some(log.end)) {
            let cut = self.cut(true);
            let job = self.job(&cut);
            let driven = self.within_patience(drive(self.context, &self.table, job))?;
            cuts += 1;
            if cuts > 10 {
                return Err(format!("it does not end: {:?} for {:?}", driven.outcome, cut.proposal));
            }
            self.ended(cut, driven)?;
        }
        let rows = self.read_back()?;
        for log in &self.logs {
            let found = rows.get(&*stream(log)).cloned().unwrap_or_default();
            if found != (0..log.end as i64).collect::<Vec<_>>() || log.told != log.end {
                return Err(format!("{log:?} and the table has {found:?}"));
            }
        }
        Ok(())
    }

    /// Rows of each stream in the files that versions name, sorted.
    fn read_back(&self) -> Result<BTreeMap<String, Vec<i64>>, String> {
        let (mut rows, mut entries) = (BTreeMap::<String, Vec<i64>>::new(), BTreeMap::<String, i64>::new());
        // Nobody cleans up meanwhile.
        let cleaned = self.store.cleaned.lock().unwrap();
        let read = |version: u64| {
            // What is at the place of a version that was cleaned away is nobody's.
            cleaned.get(&version).cloned().or_else(|| match self.sound.read(version) {
                ReadOutcome::Found(bytes) => Some(bytes),
                _ => None,
            })
        };
        for bytes in (0..).map_while(read) {
            for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let line: serde_json::Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
                if let Some(app) = line["txn"]["appId"].as_str() {
                    let number = line["txn"]["version"].as_i64().unwrap_or_default();
                    if entries.insert(app.to_owned(), number).is_some_and(|before| before >= number) {
                        return Err(format!("{app} comes to {number} and was there or further"));
                    }
                }
                if let Some(path) = line["add"]["path"].as_str() {
                    self.read_file(path, &mut rows)?;
                }
            }
            for log in &self.logs {
                let position = entries.get(&format!("lakehead/{}", log.id)).copied().unwrap_or_default();
                let found = rows.get(&*stream(log)).map_or(0, Vec::len) as i64;
                if position != found {
                    return Err(format!("position {position} of {log:?} and {found} rows"));
                }
            }
        }
        for found in rows.values_mut() {
            found.sort_unstable();
            if found.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err(format!("rows are there twice: {found:?}"));
            }
        }
        for log in &self.logs {
            let found = rows.get(&*stream(log)).map_or(0, Vec::len) as u64;
            if found < log.told {
                return Err(format!("{log:?} and {found} rows"));
            }
        }
        Ok(rows)
    }

    fn read_file(&self, path: &str, rows: &mut BTreeMap<String, Vec<i64>>) -> Result<(), String> {
        let ReadOutcome::Found(file) = self.sound.store().read(path) else { return Err(format!("{path} is missing")) };
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            let (streams, seqs) = (batch.column(0).as_string::<i32>(), batch.column(1).as_primitive::<Int64Type>());
            for row in 0..batch.num_rows() {
                rows.entry(streams.value(row).to_owned()).or_default().push(seqs.value(row));
            }
        }
        Ok(())
    }
}

/// Plays seeds below `seeds`, several at a time, until one breaks a promise; gives it.
fn first_failure(seeds: u64, canary: Canary) -> Option<(u64, String)> {
    let folder = tempfile::tempdir().unwrap();
    first_failure_at(&Home::Folder(folder.path()), seeds, canary)
}

fn first_failure_at(home: &Home, seeds: u64, canary: Canary) -> Option<(u64, String)> {
    let runtime = Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let context = context(&runtime, Path::new("/"));
    let (next, failure) = (AtomicU64::new(0), Mutex::new(None));
    std::thread::scope(|scope| {
        for _ in 0..SEEDS_AT_ONCE {
            scope.spawn(|| {
                while failure.lock().unwrap().is_none() {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    let play = Play::begin(&runtime, &context, home, seed, canary);
                    let store = play.store.clone();
                    let played = play.play();
                    // Nothing of it may hold up the runtime's end.
                    store.heal();
                    if let Err(why) = played {
                        failure.lock().unwrap().get_or_insert((seed, why));
                    }
                }
            });
        }
    });
    failure.into_inner().unwrap()
}

#[test]
fn rows_of_logs_are_in_the_table_once_whatever_the_store_does() {
    assert_eq!(first_failure(200, Canary::None), None);
}

#[test]
fn rows_of_logs_are_in_an_object_stores_table_once_whatever_it_does() {
    assert_eq!(first_failure_at(&Home::Buckets, 100, Canary::None), None);
}

#[test]
fn planted_faults_are_noticed() {
    for canary in [
        Canary::DeleteStagedOnError,
        Canary::AckBeforeDecided,
        Canary::BelieveLateCreated,
        Canary::ForgetLogEntry,
        Canary::IgnoreClaim,
        Canary::IgnorePosition,
    ] {
        let caught = first_failure(400, canary);
        assert!(caught.is_some(), "{canary:?} was not noticed");
    }
}
