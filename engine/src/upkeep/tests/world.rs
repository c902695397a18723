//! A table in a folder of its own, with nested columns, whose files are written like those of commits.

use crate::budget::Budget;
use crate::commit::attempt::Plan;
use crate::commit::claims::Claims;
use crate::commit::context::Context;
use crate::commit::decide::Patience;
use crate::commit::encode::{Encoders, EncodingPlan, EncodingPolicy, encode_here};
use crate::commit::ledger::Entries;
use crate::commit::settings::Settings as CommitSettings;
use crate::commit::staged_file::{Place, StagedFile};
use crate::commit::staged_name::Origin;
use crate::handover::ShardId;
use crate::handover::cut::CutDone;
use crate::handover::log_part::{Base, LogEntry, LogId, LogPart};
use crate::handover::row_group::RowGroup;
use crate::store::PutOutcome;
use crate::store::local::LocalStore;
use crate::store::scheduled_faults::FaultyStore;
use crate::table::delta::table::{AddedFile, kernel_engine};
use crate::table::delta::{DeltaTable, Version};
use crate::upkeep::canary::Canary;
use crate::upkeep::drive::{DrivenMerge, Merged, drive};
use crate::upkeep::hands::Hands;
use crate::upkeep::round::{Looked, Round};
use crate::upkeep::settings::Settings;
use arrow::array::{ArrayRef, Decimal64Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::concat_batches;
use arrow::datatypes::DataType as ArrowType;
use bytes::Bytes;
use crossbeam::channel::{Sender, bounded};
use lakehead_protocol::schema::{DataType, Field, Schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use url::Url;

pub const LOG: LogId = LogId([7; 16]);

pub struct World {
    pub folder: TempDir,
    pub table: DeltaTable,
    pub store: Arc<FaultyStore>,
    pub context: Arc<Context>,
    settings: Settings,
    id: Arc<str>,
    encoding: Arc<EncodingPlan>,
    hands: RefCell<Hands>,
    _keeps: Sender<()>,
    // Last: what is above ends before it.
    runtime: Runtime,
}

fn schema() -> Schema {
    Schema {
        columns: vec![0, 1, 2, 3],
        fields: vec![
            Field::flat("stream", DataType::String, true),
            Field::flat("seq", DataType::Long, false),
            Field::decimal("price", 12, 2, true),
            Field { children: vec![4], ..Field::flat("points", DataType::Array, true) },
            Field { children: vec![5, 6], ..Field::flat("element", DataType::Struct, true) },
            Field::flat("x", DataType::Long, true),
            Field::flat("name", DataType::String, true),
        ],
    }
}

/// What is heard of [`LOG`] when it speaks under this claim.
fn claims(claim: u64) -> Claims {
    let part = LogPart { log: LOG, claim, to: 0, base: Base::Claimed { position: 0 } };
    let (ranges, mints) = (Vec::new(), Vec::new());
    let mut claims = Claims::new(1);
    claims.hear(&CutDone { shard: ShardId(0), generation: 1, cut: 1, rows: 0, ranges, mints, log: Some(part) });
    claims
}

fn zstd() -> Compression {
    Compression::ZSTD(ZstdLevel::default())
}

impl World {
    /// A table whose log has claimed it under 5.
    pub fn new(settings: Settings) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let url = Url::from_directory_path(folder.path().join("t")).unwrap();
        let kernel = kernel_engine(runtime.handle().clone());
        let store = Arc::new(FaultyStore::new(LocalStore::new(folder.path().join("t"))));
        let table = DeltaTable::at(&url, kernel.clone()).unwrap().with_store(store.clone());
        let made = table.create(&schema()).unwrap();
        let context = Arc::new(Context {
            settings: CommitSettings::new(url),
            budget: Budget::new(256 << 20),
            shards: Vec::new(),
            encoders: Encoders::start(1).unwrap(),
            runtime: runtime.handle().clone(),
            kernel,
            upkeep: None,
            started: tokio::time::Instant::now(),
        });
        let encoding = Arc::new(EncodingPlan::new(made.columns().unwrap().arrow, zstd()).unwrap());
        let (keeps, stop) = bounded(0);
        let hands = RefCell::new(Hands::new(settings.bandwidth_bytes, stop));
        let id = made.view().id.clone();
        let world = Self { folder, table, store, context, settings, id, encoding, hands, _keeps: keeps, runtime };
        world.claim(LOG, 5);
        world
    }

    pub fn version(&self) -> Version {
        self.table.load().unwrap().unwrap()
    }

    pub fn claim(&self, log: LogId, claim: u64) {
        let entries = Entries { logs: BTreeMap::from([(log, LogEntry { claim, position: 0 })]), ..Entries::default() };
        self.put(entries, &[]);
    }

    /// Writes a file of these rows, under the claim; nobody names it.
    pub fn stage(&self, from: i64, to: i64, claim: u64) -> AddedFile {
        let rows = self.batch(from, to);
        let budget = &self.context.budget;
        let memory = budget.reserve(rows.get_array_memory_size());
        let row_group = RowGroup { shard: ShardId(0), generation: 1, cut: 1, rows, memory };
        let origin = Origin { log: LOG, claim, version: self.version().view().version };
        let place = Place { origin: Some(origin), ..Place::default() };
        let file = StagedFile::begin_at(self.table.store(), &self.encoding, zstd(), budget, place);
        let mut file = file.unwrap();
        file.append(encode_here(self.encoding.clone(), row_group).unwrap()).unwrap();
        AddedFile { modified_ms: from, ..file.finish().unwrap().added }
    }

    /// A commit of these rows.
    pub fn append(&self, from: i64, to: i64) {
        let file = self.stage(from, to, 5);
        self.put(Entries::default(), std::slice::from_ref(&file));
    }

    pub fn put(&self, entries: Entries, files: &[AddedFile]) {
        let known = self.version();
        let plan = Plan { version: known.view().version + 1, entries, files: !files.is_empty(), ..Plan::default() };
        let frozen = self.table.freeze(&known, &plan, files).unwrap();
        assert_eq!(self.table.put(plan.version, &frozen.bytes), PutOutcome::Created);
    }

    fn put_text(&self, text: String) {
        let version = self.version().view().version + 1;
        assert_eq!(self.table.put(version, &Bytes::from(text)), PutOutcome::Created);
    }

    /// Somebody else's commit that removes a file.
    pub fn remove(&self, path: &str) {
        self.put_text(format!(r#"{{"remove":{{"path":"{path}","deletionTimestamp":1,"dataChange":true}}}}"#));
    }

    /// A commit of another program that says that it merges.
    pub fn optimize_by_another_program(&self) {
        self.put_text(r#"{"commitInfo":{"timestamp":1,"operation":"OPTIMIZE","engineInfo":"other"}}"#.to_owned());
    }

    /// Somebody else's commit that sets a property.
    pub fn set_property(&self, name: &str, value: &str) {
        let made = self.text(0);
        let line = made.lines().find(|line| line.contains("metaData")).unwrap();
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["metaData"]["configuration"] = serde_json::json!({ name: value });
        self.put_text(line.to_string());
    }

    pub fn text(&self, version: u64) -> String {
        let path = self.folder.path().join(format!("t/_delta_log/{version:020}.json"));
        std::fs::read_to_string(path).unwrap()
    }

    /// Commits below `version`, and all checkpoints, seem to be two months old.
    pub fn make_log_old(&self, version: u64) {
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        for entry in std::fs::read_dir(self.folder.path().join("t/_delta_log")).unwrap() {
            let entry = entry.unwrap();
            let number: Option<u64> =
                entry.file_name().to_str().unwrap().get(..20).and_then(|digits| digits.parse().ok());
            if number.is_some_and(|number| number < version) {
                File::options().write(true).open(entry.path()).unwrap().set_modified(old).unwrap();
            }
        }
    }

    /// Paths of the live files, by age.
    pub fn live(&self) -> Vec<String> {
        let mut small = self.table.live_files(&self.version(), u64::MAX).unwrap().small;
        small.sort_by_key(|file| file.modified_ms);
        small.into_iter().map(|file| file.path.to_string()).collect()
    }

    /// All rows, by the files' age.
    pub fn rows(&self) -> RecordBatch {
        let mut batches = Vec::new();
        for path in self.live() {
            let Ok(file) = File::open(self.folder.path().join("t").join(path)) else { continue };
            batches
                .extend(ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap().map(Result::unwrap));
        }
        concat_batches(&batches[0].schema(), &batches).unwrap()
    }

    /// Rows of each row group of a file.
    pub fn row_groups(&self, path: &str) -> Vec<i64> {
        let file = File::open(self.folder.path().join("t").join(path)).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        reader.metadata().row_groups().iter().map(|row_group| row_group.num_rows()).collect()
    }

    pub fn look(&self, canary: Canary) -> Looked {
        self.look_behind(self.version().view().version, canary)
    }

    /// A look at the table, at versions behind `looked` for others' merges.
    pub fn look_behind(&self, looked: u64, canary: Canary) -> Looked {
        let known = self.version();
        let round = Round {
            settings: self.settings.clone(),
            table: self.table.clone(),
            id: self.id.clone(),
            claims: claims(known.view().log(LOG).claim),
            known,
            compression: zstd(),
            policy: EncodingPolicy::default(),
            patience: Patience { unknown_ms_max: 60_000 },
            budget: self.context.budget.clone(),
            clean_log: true,
            judge_orphans: true,
            looked: Some(looked),
            own_merges: BTreeSet::new(),
            unfit: BTreeSet::new(),
            now_unix_ms: 10_000_000_000,
            canary,
        };
        round.run(&mut self.hands.borrow_mut()).unwrap()
    }

    pub fn commit(&self, merged: Merged) -> DrivenMerge {
        let known = self.version();
        let driven = self.runtime.block_on(drive(&self.context, &self.table, known, merged));
        if let crate::upkeep::merge_attempt::Outcome::GivenUp { output, .. } = &driven.outcome
            && *output == crate::upkeep::merge_attempt::Output::Delete
        {
            crate::store::Store::delete(self.store.as_ref(), &driven.merged.change.output.path).unwrap();
        }
        driven
    }

    fn batch(&self, from: i64, to: i64) -> RecordBatch {
        let numbers = || from..to;
        let schema = self.encoding.schema();
        let some = |number: i64| number % 3 != 0;
        let streams: ArrayRef =
            Arc::new(numbers().map(|n| some(n).then(|| format!("s{}", n % 2))).collect::<StringArray>());
        let prices = numbers().map(|n| some(n + 1).then_some(n * 101)).collect::<Decimal64Array>();
        let prices: ArrayRef = Arc::new(prices.with_precision_and_scale(12, 2).unwrap());
        let ArrowType::List(element) = schema.field(3).data_type() else { panic!("no array") };
        let ArrowType::Struct(fields) = element.data_type() else { panic!("no struct") };
        // Row n has n % 4 points, or NULL for every fifth; every seventh point is NULL.
        let lengths: Vec<usize> = numbers().map(|n| if n % 5 == 4 { 0 } else { (n % 4) as usize }).collect();
        let total = lengths.iter().sum::<usize>() as i64;
        let xs: ArrayRef =
            Arc::new((0..total).map(|point| some(point).then_some(point + from)).collect::<Int64Array>());
        let names: ArrayRef = Arc::new(
            (0..total).map(|point| some(point + 2).then(|| "p".repeat(point as usize % 3))).collect::<StringArray>(),
        );
        let nulls = NullBuffer::from((0..total).map(|point| point % 7 != 6).collect::<Vec<_>>());
        let points = StructArray::new(fields.clone(), vec![xs, names], Some(nulls));
        let nulls = NullBuffer::from(numbers().map(|n| n % 5 != 4).collect::<Vec<_>>());
        let lists = ListArray::new(element.clone(), OffsetBuffer::from_lengths(lengths), Arc::new(points), Some(nulls));
        let columns = vec![streams, Arc::new(Int64Array::from_iter_values(numbers())), prices, Arc::new(lists)];
        RecordBatch::try_new(schema.clone(), columns).unwrap()
    }
}
