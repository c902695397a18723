//! The plane with fake shards, over tables in a folder of their own, read back through the table format.

use super::*;
use crate::handover::answer::{Answer, OpenTable, StreamEntry};
use crate::handover::cut::{CutDone, Piece, StreamRange};
use crate::handover::request::{Ticket, Urgency};
use crate::handover::row_group::RowGroup;
use crate::handover::{Refusal, ShardId, TableKey};
use crate::table::delta::DeltaTable;
use crate::table::delta::describe::{Description, describe};
use arrow::array::{AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use crossbeam::channel::{Receiver, unbounded};
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::{DataType, Field, Schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use url::Url;

mod logs;

const PATIENCE: Duration = Duration::from_secs(20);

struct Shard {
    id: ShardId,
    answers: Receiver<Answer>,
}

impl Shard {
    fn next(&self) -> Answer {
        self.answers.recv_timeout(PATIENCE).expect("the commit plane answers")
    }

    fn opened(&self) -> Result<OpenTable, Refusal> {
        match self.next() {
            Answer::TableOpened { result, .. } => result,
            other => panic!("{other:?}"),
        }
    }

    fn cut_wanted(&self) -> (u64, u64) {
        match self.next() {
            Answer::CutWanted { generation, cut, .. } => (generation, cut),
            other => panic!("{other:?}"),
        }
    }

    fn committed(&self) -> (u64, u64, Arc<[StreamEntry]>) {
        match self.next() {
            Answer::Committed { cut, version, minted, .. } => (cut, version, minted),
            other => panic!("{other:?}"),
        }
    }

    fn found(&self) -> Result<StreamEntry, Refusal> {
        match self.next() {
            Answer::StreamFound { result, .. } => result,
            other => panic!("{other:?}"),
        }
    }
}

struct World {
    plane: CommitPlane,
    budget: Budget,
    shards: Vec<Shard>,
}

impl World {
    fn start(folder: &Path, shards: u16, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::new(Url::from_directory_path(folder).unwrap());
        settings.commit_interval = Duration::from_millis(20);
        change(&mut settings);
        let (mailboxes, shards) = (0..shards)
            .map(|id| {
                let (sender, answers) = unbounded();
                let mailbox: ShardMailbox = Arc::new(move |answer| _ = sender.send(answer));
                (mailbox, Shard { id: ShardId(id), answers })
            })
            .unzip();
        let budget = Budget::new(1 << 30);
        Self { plane: CommitPlane::start(settings, budget.clone(), mailboxes).unwrap(), budget, shards }
    }

    fn open(&self, shard: usize, name: &str, create: Option<Schema>) -> Result<OpenTable, Refusal> {
        let shard = &self.shards[shard];
        let create = create.map(Arc::new);
        self.plane.submit(Request::OpenTable {
            shard: shard.id,
            ticket: Ticket::Connection(1),
            name: name.into(),
            create,
            insist: false,
        });
        shard.opened()
    }

    fn find(&self, shard: usize, table: TableKey, stream: &str) -> Result<StreamEntry, Refusal> {
        let shard = &self.shards[shard];
        self.plane.submit(Request::FindStream { shard: shard.id, table, stream: stream.into() });
        shard.found()
    }

    /// Sends rows `from` to `to` of `stream` as a row group.
    fn send(&self, table: &OpenTable, at: (usize, u64, u64), stream: &str, from: u64, to: u64) {
        let (shard, generation, cut) = at;
        let rows = rows(table, stream, from, to);
        let memory = self.budget.reserve(rows.get_array_memory_size());
        let row_group = RowGroup { shard: ShardId(shard as u16), generation, cut, rows, memory };
        table.port.try_send(Piece::RowGroup(row_group)).unwrap();
    }

    fn done(&self, table: &OpenTable, at: (usize, u64, u64), ranges: &[(&str, u64, u64, u64)], mints: &[&str]) {
        let (shard, generation, cut) = at;
        let range = |(stream, epoch, from, to): &(&str, u64, u64, u64)| StreamRange {
            stream: Arc::from(*stream),
            epoch: *epoch,
            from: *from,
            to: *to,
        };
        let ranges: Vec<_> = ranges.iter().map(range).collect();
        let rows = ranges.iter().map(|range| range.to - range.from).sum();
        let mints = mints.iter().map(|stream| Arc::from(*stream)).collect();
        let done = CutDone { shard: ShardId(shard as u16), generation, cut, rows, ranges, mints, log: None };
        table.port.try_send(Piece::CutDone(done)).unwrap();
    }

    /// Mints an epoch for `stream` in a cut of shard 0 alone.
    fn mint(&self, table: &OpenTable, stream: &str) -> StreamEntry {
        self.plane.submit(Request::WantCut { table: table.key, urgency: Urgency::Open });
        let (generation, cut) = self.shards[0].cut_wanted();
        self.done(table, (0, generation, cut), &[], &[stream]);
        let (_, _, minted) = self.shards[0].committed();
        minted[0].clone()
    }
}

fn schema() -> Schema {
    Schema::flat(vec![Field::flat("stream", DataType::String, true), Field::flat("seq", DataType::Long, false)])
}

fn rows(table: &OpenTable, stream: &str, from: u64, to: u64) -> RecordBatch {
    let streams = StringArray::from_iter_values((from..to).map(|_| stream));
    let seqs = Int64Array::from_iter_values((from..to).map(|row| row as i64));
    RecordBatch::try_new(table.arrow_schema.clone(), vec![Arc::new(streams), Arc::new(seqs)]).unwrap()
}

fn parquet_files(folder: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "parquet")).collect()
}

fn commits(folder: &Path) -> Vec<String> {
    let paths = std::fs::read_dir(folder.join("_delta_log")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// Rows of each stream, as they stand in the files that commits name.
fn read_back(folder: &Path) -> BTreeMap<String, Vec<i64>> {
    let mut found = BTreeMap::<String, Vec<i64>>::new();
    for line in commits(folder).iter().flat_map(|commit| commit.lines()) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(path) = line["add"]["path"].as_str() else { continue };
        let file = std::fs::File::open(folder.join(path)).unwrap();
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            let (streams, seqs) = (batch.column(0).as_string::<i32>(), batch.column(1).as_primitive::<Int64Type>());
            for row in 0..batch.num_rows() {
                found.entry(streams.value(row).to_owned()).or_default().push(seqs.value(row));
            }
        }
    }
    found.values_mut().for_each(|rows| rows.sort_unstable());
    found
}

fn described(folder: &Path) -> Description {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let url = Url::from_directory_path(folder).unwrap();
    let table = DeltaTable::at(&url, kernel_engine(runtime.handle().clone())).unwrap();
    describe(&table).unwrap().unwrap()
}

fn committed_of(description: &Description, stream: &str) -> (u64, u64) {
    let state = description.streams[stream];
    (state.committed, state.epoch)
}

#[test]
fn rows_of_two_shards_become_one_file_and_one_commit() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(folder.path(), 2, |_| {});
    let table = world.open(0, "db.events", Some(schema())).unwrap();
    assert_eq!(*table.schema, schema());
    assert_eq!(world.open(1, "db.events", None).unwrap().key, table.key);
    assert_eq!(world.find(0, table.key, "a").unwrap().committed, 0);

    // Two streams get their epochs in one commit.
    world.plane.submit(Request::WantCut { table: table.key, urgency: Urgency::Open });
    for (shard, stream) in [(0, "a"), (1, "b")] {
        let (generation, cut) = world.shards[shard].cut_wanted();
        assert_eq!((generation, cut), (table.generation, table.next_cut));
        world.done(&table, (shard, generation, cut), &[], &[stream]);
    }
    for shard in &world.shards {
        let (cut, version, minted) = shard.committed();
        assert_eq!((cut, version, minted.len()), (1, 1, 2));
        assert!(minted.iter().all(|entry| entry.epoch == 1 && entry.committed == 0 && entry.version == 1));
    }

    // Row groups sealed early bring the next cut about by themselves.
    world.send(&table, (0, 1, 2), "a", 0, 500);
    for shard in 0..2 {
        assert_eq!(world.shards[shard].cut_wanted(), (1, 2));
    }
    world.send(&table, (1, 1, 2), "b", 0, 70);
    world.done(&table, (1, 1, 2), &[("b", 1, 0, 70)], &[]);
    // What is sealed early for the cut after it does not get into this one.
    world.send(&table, (1, 1, 3), "b", 70, 100);
    world.send(&table, (0, 1, 2), "a", 500, 900);
    world.done(&table, (0, 1, 2), &[("a", 1, 0, 900)], &[]);
    for shard in &world.shards {
        // The next cut may be asked for before this one is committed.
        let mut answers = [shard.next(), shard.next()];
        answers.sort_by_key(|answer| matches!(answer, Answer::CutWanted { .. }));
        assert!(matches!(answers[0], Answer::Committed { cut: 2, version: 2, .. }), "{answers:?}");
        assert!(matches!(answers[1], Answer::CutWanted { cut: 3, .. }), "{answers:?}");
    }
    world.done(&table, (0, 1, 3), &[], &[]);
    world.done(&table, (1, 1, 3), &[("b", 1, 70, 100)], &["b"]);
    for shard in &world.shards {
        let (_, version, minted) = shard.committed();
        assert_eq!((version, minted[0].epoch, minted[0].committed), (3, 2, 100));
    }
    let entry = world.find(1, table.key, "b").unwrap();
    assert_eq!((entry.committed, entry.epoch, entry.version), (100, 2, 3));
    assert_eq!(world.budget.used(), 0, "all memory came back");
    world.plane.stop();

    let folder = folder.path().join("db/events");
    let rows = read_back(&folder);
    assert_eq!(rows["a"], (0..900).collect::<Vec<_>>());
    assert_eq!(rows["b"], (0..100).collect::<Vec<_>>());
    let commits = commits(&folder);
    assert_eq!(commits.len(), 4);
    assert_eq!(parquet_files(&folder).len(), 2);
    assert_eq!(commits[2].matches("\"add\"").count(), 1);
    assert!(commits[2].contains("numRecords\\\":970"), "{}", commits[2]);
    let described = described(&folder);
    assert_eq!((described.version, described.files, described.rows), (3, 2, Some(1_000)));
    assert_eq!((committed_of(&described, "a"), committed_of(&described, "b")), ((900, 1), (100, 2)));
}

#[test]
fn a_cut_without_anything_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(folder.path(), 1, |_| {});
    let table = world.open(0, "t", Some(schema())).unwrap();
    world.plane.submit(Request::WantCut { table: table.key, urgency: Urgency::Now });
    let (generation, cut) = world.shards[0].cut_wanted();
    world.done(&table, (0, generation, cut), &[], &[]);
    let (answered, version, minted) = world.shards[0].committed();
    assert_eq!((answered, version, minted.len()), (cut, 0, 0));
    world.plane.stop();
    assert_eq!(commits(&folder.path().join("t")).len(), 1);
}

#[test]
fn a_second_engine_fences_the_first_and_rows_stay_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = World::start(folder.path(), 1, |_| {});
    let table = first.open(0, "t", Some(schema())).unwrap();
    assert_eq!(first.mint(&table, "a").epoch, 1);
    first.send(&table, (0, 1, table.next_cut + 1), "a", 0, 10);
    let (generation, cut) = first.shards[0].cut_wanted();
    first.done(&table, (0, generation, cut), &[("a", 1, 0, 10)], &[]);
    first.shards[0].committed();

    let second = World::start(folder.path(), 1, |_| {});
    let other = second.open(0, "t", None).unwrap();
    assert_eq!(other.id, table.id);
    let entry = second.mint(&other, "a");
    assert_eq!((entry.committed, entry.epoch), (10, 2));

    // The first one does not know yet: its commit loses the race, looks, and gives the rows up.
    let cut = cut + 1;
    first.send(&table, (0, 1, cut), "a", 10, 20);
    assert_eq!(first.shards[0].cut_wanted(), (1, cut));
    first.done(&table, (0, 1, cut), &[("a", 1, 10, 20)], &[]);
    let Answer::Discarded { generation, next_cut, fenced, why, .. } = first.shards[0].next() else { panic!() };
    assert_eq!((generation, next_cut, &*fenced), (2, cut + 1, &[Arc::from("a")][..]));
    assert_eq!(why.code, RejectCode::Discarded);
    // What was under way is ignored; what comes under the new generation is taken.
    first.send(&table, (0, 1, cut + 1), "a", 20, 30);
    assert_eq!(first.mint(&table, "a").epoch, 3);
    second.send(&other, (0, 1, other.next_cut + 1), "a", 10, 30);
    let (generation, cut) = second.shards[0].cut_wanted();
    second.done(&other, (0, generation, cut), &[("a", 2, 10, 30)], &[]);
    assert!(matches!(second.shards[0].next(), Answer::Discarded { .. }));
    first.plane.stop();
    second.plane.stop();

    let folder = folder.path().join("t");
    assert_eq!(read_back(&folder)["a"], (0..10).collect::<Vec<_>>());
    assert_eq!(parquet_files(&folder).len(), 1, "files of rows that were given up are removed");
    assert_eq!(committed_of(&described(&folder), "a"), (10, 3));
}

#[test]
fn two_engines_share_a_table_of_different_streams() {
    let folder = tempfile::tempdir().unwrap();
    let worlds = [World::start(folder.path(), 1, |_| {}), World::start(folder.path(), 1, |_| {})];
    let tables = [worlds[0].open(0, "t", Some(schema())).unwrap(), worlds[1].open(0, "t", Some(schema())).unwrap()];
    for (index, stream) in ["a", "b"].into_iter().enumerate() {
        assert_eq!(worlds[index].mint(&tables[index], stream).epoch, 1);
    }
    for round in 0..5 {
        for (index, stream) in ["a", "b"].into_iter().enumerate() {
            let (world, table) = (&worlds[index], &tables[index]);
            let (from, to, cut) = (round * 10, round * 10 + 10, table.next_cut + 1 + round);
            world.send(table, (0, 1, cut), stream, from, to);
            assert_eq!(world.shards[0].cut_wanted(), (1, cut));
            world.done(table, (0, 1, cut), &[(stream, 1, from, to)], &[]);
        }
        worlds.iter().for_each(|world| _ = world.shards[0].committed());
    }
    worlds.into_iter().for_each(|world| world.plane.stop());
    let rows = read_back(&folder.path().join("t"));
    assert_eq!(rows.values().map(Vec::len).collect::<Vec<_>>(), [50, 50]);
}

#[test]
fn names_tables_and_streams_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(folder.path(), 1, |settings| {
        settings.create_tables = false;
        settings.streams_max = 1;
    });
    let code = |result: Result<OpenTable, Refusal>| result.unwrap_err().code;
    assert_eq!(code(world.open(0, "../up", Some(schema()))), RejectCode::BadTableName);
    assert_eq!(code(world.open(0, "t", Some(schema()))), RejectCode::UnknownTable);
    let other = World::start(folder.path(), 1, |_| {});
    assert_eq!(code(other.open(0, "t", None)), RejectCode::UnknownTable);
    other.open(0, "t", Some(schema())).unwrap();
    other.plane.stop();
    let table = world.open(0, "t", None).unwrap();
    assert_eq!(world.find(0, table.key, "x/epoch").unwrap_err().code, RejectCode::BadHello);
    assert_eq!(world.mint(&table, "only").epoch, 1);
    assert_eq!(world.find(0, table.key, "another").unwrap_err().code, RejectCode::TooManyStreams);
    assert_eq!(world.find(0, table.key, "only").unwrap().epoch, 1);
    assert_eq!(world.find(0, TableKey(99), "only").unwrap_err().code, RejectCode::Discarded);
    world.plane.stop();
}

#[test]
fn a_table_dropped_and_made_anew_is_closed_and_opened_as_another() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(folder.path(), 1, |_| {});
    let table = world.open(0, "t", Some(schema())).unwrap();
    world.mint(&table, "a");
    std::fs::remove_dir_all(folder.path().join("t")).unwrap();
    world.plane.submit(Request::WantCut { table: table.key, urgency: Urgency::Now });
    let (generation, cut) = world.shards[0].cut_wanted();
    world.done(&table, (0, generation, cut), &[], &["a"]);
    let Answer::TableClosed { why, .. } = world.shards[0].next() else { panic!() };
    assert_eq!(why.code, RejectCode::TableChanged);
    let again = world.open(0, "t", Some(schema())).unwrap();
    assert!(again.key != table.key && again.id != table.id);
    assert_eq!(world.mint(&again, "a").epoch, 1);
    world.plane.stop();
}

#[test]
fn a_full_port_has_room_again_and_checkpoints_come_by() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(folder.path(), 1, |settings| {
        settings.port_capacity = 1;
        settings.checkpoint_interval = 3;
    });
    let table = world.open(0, "t", Some(schema())).unwrap();
    assert_eq!(world.mint(&table, "a").epoch, 1);
    let mut sent = 0;
    for round in 0..8 {
        let cut = table.next_cut + 1 + round;
        let from = sent;
        let mut wanted = false;
        while sent < from + 40 || !wanted {
            let rows = rows(&table, "a", sent, sent + 1);
            let memory = world.budget.reserve(1);
            let row_group = RowGroup { shard: ShardId(0), generation: 1, cut, rows, memory };
            if sent < from + 40 && table.port.try_send(Piece::RowGroup(row_group)).is_ok() {
                sent += 1;
                continue;
            }
            match world.shards[0].next() {
                Answer::Room { .. } => {}
                Answer::CutWanted { cut: asked, .. } => {
                    assert_eq!(asked, cut);
                    wanted = true;
                }
                other => panic!("{other:?}"),
            }
        }
        let range = StreamRange { stream: "a".into(), epoch: 1, from, to: sent };
        let done = CutDone {
            shard: ShardId(0),
            generation: 1,
            cut,
            rows: sent - from,
            ranges: vec![range],
            mints: vec![],
            log: None,
        };
        let mut piece = Piece::CutDone(done);
        while let Err(back) = table.port.try_send(piece) {
            assert!(matches!(world.shards[0].next(), Answer::Room { .. }));
            piece = back;
        }
        loop {
            match world.shards[0].next() {
                Answer::Room { .. } => {}
                Answer::Committed { cut: committed, .. } => break assert_eq!(committed, cut),
                other => panic!("{other:?}"),
            }
        }
    }
    world.plane.stop();
    let folder = folder.path().join("t");
    assert_eq!(read_back(&folder)["a"], (0..sent as i64).collect::<Vec<_>>());
    assert!(!parquet_files(&folder.join("_delta_log")).is_empty(), "checkpoints");
    assert_eq!(described(&folder).rows, Some(sent));
}

#[test]
fn a_store_that_fails_holds_up_its_own_table_only() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(folder.path(), 1, |_| {});
    let sick = world.open(0, "sick", Some(schema())).unwrap();
    let well = world.open(0, "well", Some(schema())).unwrap();
    world.mint(&sick, "a");
    // A file in the place of the log's folder: nothing can be put or read.
    let log = folder.path().join("sick/_delta_log");
    let aside = folder.path().join("aside");
    std::fs::rename(&log, &aside).unwrap();
    std::fs::write(&log, b"in the way").unwrap();
    world.plane.submit(Request::WantCut { table: sick.key, urgency: Urgency::Now });
    let (generation, cut) = world.shards[0].cut_wanted();
    world.done(&sick, (0, generation, cut), &[], &["b"]);
    assert_eq!(world.mint(&well, "a").epoch, 1);
    assert_eq!(world.mint(&well, "b").epoch, 1);
    std::fs::remove_file(&log).unwrap();
    std::fs::rename(&aside, &log).unwrap();
    let (answered, _, minted) = world.shards[0].committed();
    assert_eq!((answered, minted[0].epoch), (cut, 1));
    world.plane.stop();
}
