//! A plane with fake shards, over tables in a folder of their own, and what can be read back from them.

use super::super::*;
use crate::handover::answer::{Answer, OpenTable, StreamEntry};
use crate::handover::cut::{CutDone, Piece, StreamRange};
use crate::handover::request::{Ticket, Urgency};
use crate::handover::row_group::RowGroup;
use crate::handover::{Refusal, ShardId, TableKey};
use crate::table::delta::DeltaTable;
use crate::table::delta::describe::{Description, describe};
use crate::table::delta::table::kernel_engine;
use arrow::array::{AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use crossbeam::channel::{Receiver, unbounded};
use lakehead_protocol::schema::{DataType, Field, Schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use url::Url;

pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Shard {
    pub(super) id: ShardId,
    pub(super) answers: Receiver<Answer>,
}

impl Shard {
    pub(super) fn next(&self) -> Answer {
        self.answers.recv_timeout(PATIENCE).expect("the commit plane answers")
    }

    pub(super) fn opened(&self) -> Result<OpenTable, Refusal> {
        match self.next() {
            Answer::TableOpened { result, .. } => result,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn cut_wanted(&self) -> (u64, u64) {
        match self.next() {
            Answer::CutWanted { generation, cut, .. } => (generation, cut),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn committed(&self) -> (u64, u64, Arc<[StreamEntry]>) {
        match self.next() {
            Answer::Committed { cut, version, minted, .. } => (cut, version, minted),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn found(&self) -> Result<StreamEntry, Refusal> {
        match self.next() {
            Answer::StreamFound { result, .. } => result,
            other => panic!("{other:?}"),
        }
    }
}

pub(super) struct World {
    pub(super) plane: CommitPlane,
    pub(super) budget: Budget,
    pub(super) shards: Vec<Shard>,
}

impl World {
    pub(super) fn start(folder: &Path, shards: u16, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::new(Url::from_directory_path(folder).unwrap());
        settings.pace.interval = Duration::from_millis(20);
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

    pub(super) fn open(&self, shard: usize, name: &str, create: Option<Schema>) -> Result<OpenTable, Refusal> {
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

    pub(super) fn find(&self, shard: usize, table: TableKey, stream: &str) -> Result<StreamEntry, Refusal> {
        let shard = &self.shards[shard];
        self.plane.submit(Request::FindStream { shard: shard.id, table, stream: stream.into() });
        shard.found()
    }

    /// Sends rows `from` to `to` of `stream` as a row group.
    pub(super) fn send(&self, table: &OpenTable, at: (usize, u64, u64), stream: &str, from: u64, to: u64) {
        let (shard, generation, cut) = at;
        let rows = rows(table, stream, from, to);
        let memory = self.budget.reserve(rows.get_array_memory_size());
        let row_group = RowGroup { shard: ShardId(shard as u16), generation, cut, rows, memory };
        table.port.try_send(Piece::RowGroup(row_group)).unwrap();
    }

    pub(super) fn done(
        &self,
        table: &OpenTable,
        at: (usize, u64, u64),
        ranges: &[(&str, u64, u64, u64)],
        mints: &[&str],
    ) {
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
    pub(super) fn mint(&self, table: &OpenTable, stream: &str) -> StreamEntry {
        self.plane.submit(Request::WantCut { table: table.key, urgency: Urgency::Open });
        let (generation, cut) = self.shards[0].cut_wanted();
        self.done(table, (0, generation, cut), &[], &[stream]);
        let (_, _, minted) = self.shards[0].committed();
        minted[0].clone()
    }
}

pub(super) fn schema() -> Schema {
    Schema::flat(vec![Field::flat("stream", DataType::String, true), Field::flat("seq", DataType::Long, false)])
}

/// A table of [`schema`] in this folder, partitioned by this column.
pub(super) fn make_partitioned(folder: &Path, column: &str) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let url = Url::from_directory_path(folder).unwrap();
    let table = DeltaTable::at(&url, kernel_engine(runtime.handle().clone())).unwrap();
    table.create_partitioned(&schema(), &[], &[column.to_owned()]).unwrap();
}

pub(super) fn rows(table: &OpenTable, stream: &str, from: u64, to: u64) -> RecordBatch {
    let streams = StringArray::from_iter_values((from..to).map(|_| stream));
    let seqs = Int64Array::from_iter_values((from..to).map(|row| row as i64));
    RecordBatch::try_new(table.arrow_schema.clone(), vec![Arc::new(streams), Arc::new(seqs)]).unwrap()
}

pub(super) fn parquet_files(folder: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "parquet")).collect()
}

pub(super) fn commits(folder: &Path) -> Vec<String> {
    let paths = std::fs::read_dir(folder.join("_delta_log")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// Rows of each stream, as they stand in the files that commits name.
pub(super) fn read_back(folder: &Path) -> BTreeMap<String, Vec<i64>> {
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

pub(super) fn described(folder: &Path) -> Description {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let url = Url::from_directory_path(folder).unwrap();
    let table = DeltaTable::at(&url, kernel_engine(runtime.handle().clone())).unwrap();
    describe(&table).unwrap().unwrap()
}

pub(super) fn committed_of(description: &Description, stream: &str) -> (u64, u64) {
    let state = description.streams[stream];
    (state.committed, state.epoch)
}
