//! Whatever comes back when: every row is in a file of its partition, once and in order, and no bound is passed.

use super::*;
use crate::budget::Budget;
use crate::commit::encode::{EncodingPlan, encode_here};
use crate::commit::ledger::Proposal;
use crate::commit::partition::join::join;
use crate::commit::staged_file::Place;
use crate::handover::ShardId;
use crate::handover::row_group::RowGroup;
use crate::store::Store;
use crate::store::local::LocalStore;
use arrow::array::{AsArray, Int64Array};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::fs::File as OsFile;
use std::sync::Arc;

struct Play {
    random: StdRng,
    cut: OpenCut,
    budget: Budget,
    folder: tempfile::TempDir,
    store: Arc<dyn Store>,
    schema: SchemaRef,
    plan: Arc<EncodingPlan>,
    split: Vec<(u64, Vec<Part>)>,
    encoded: Vec<(usize, u64, EncodedRowGroup)>,
    jobs: Vec<FileWork>,
    open_files: usize,
    open_files_most: usize,
    rows: BTreeMap<usize, Vec<i64>>,
}

impl Play {
    fn new(seed: u64, bounds: Bounds) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
        let plan = EncodingPlan::new(schema.clone(), Compression::UNCOMPRESSED).unwrap();
        Self {
            random: StdRng::seed_from_u64(seed),
            cut: OpenCut::new(bounds),
            budget: Budget::new(1 << 30),
            store: Arc::new(LocalStore::new(folder.path())),
            folder,
            schema,
            plan: Arc::new(plan),
            split: Vec::new(),
            encoded: Vec::new(),
            jobs: Vec::new(),
            open_files: 0,
            open_files_most: 0,
            rows: BTreeMap::new(),
        }
    }

    /// A row group that falls into rows of some partitions.
    fn row_group(&mut self, partitions: usize, number: &mut i64) {
        let mut parts = Vec::new();
        for partition in 0..partitions {
            let count = self.random.random_range(0..20);
            if count == 0 {
                continue;
            }
            let numbers: Vec<i64> = (*number..*number + count).collect();
            *number += count;
            self.rows.entry(partition).or_default().extend(&numbers);
            let array = Arc::new(Int64Array::from(numbers));
            let rows = RecordBatch::try_new(self.schema.clone(), vec![array]).unwrap();
            let memory = self.budget.reserve(rows.num_rows() * 8);
            let key = PartitionKey::new([Some(partition.to_string())]);
            parts.push(Part { shard: ShardId(0), key, rows, memory });
        }
        let place = self.cut.split_began();
        self.split.push((place, parts));
    }

    /// Something of what is under way is done. Says whether there was anything.
    fn step(&mut self) -> bool {
        while let Some(EncodeWork { partition, place, rows }) = self.cut.next_rows() {
            let Gathered { shard, parts, memory } = rows;
            let rows = join(&parts, &self.schema).unwrap();
            let row_group = RowGroup { shard, generation: 1, cut: 1, rows, memory };
            self.encoded.push((partition, place, encode_here(self.plan.clone(), row_group).unwrap()));
        }
        while let Some(work) = self.cut.next_file() {
            self.open_files += usize::from(work.file.is_none());
            self.jobs.push(work);
        }
        self.open_files_most = self.open_files_most.max(self.open_files);
        assert!(self.jobs.len() <= FILE_JOBS_MAX);
        assert_eq!(self.cut.waiting(), self.cut.partitions.iter().map(|of| of.waiting.waiting()).sum::<usize>());
        let all = [self.split.len(), self.encoded.len(), self.jobs.len()];
        let Some(which) = self.pick(all) else { return false };
        let at = self.random.random_range(0..all[which]);
        match which {
            0 => {
                let (place, parts) = self.split.swap_remove(at);
                self.cut.split(place, parts);
            }
            1 => {
                let (partition, place, row_group) = self.encoded.swap_remove(at);
                self.cut.encoded(partition, place, row_group);
            }
            _ => self.write(at),
        }
        true
    }

    fn pick(&mut self, all: [usize; 3]) -> Option<usize> {
        let some: Vec<usize> = (0..3).filter(|which| all[*which] > 0).collect();
        (!some.is_empty()).then(|| some[self.random.random_range(0..some.len())])
    }

    fn write(&mut self, at: usize) {
        let FileWork { partition, key, file, row_groups, finish } = self.jobs.swap_remove(at);
        let begin = || {
            let (codec, columns) = (Compression::UNCOMPRESSED, ["p".into()]);
            StagedFile::begin_at(&self.store, &self.plan, codec, &self.budget, Place::of_partition(&columns, &key))
                .unwrap()
        };
        let mut file = file.unwrap_or_else(begin);
        row_groups.into_iter().for_each(|row_group| file.append(row_group).unwrap());
        if finish {
            self.open_files -= 1;
            self.cut.written(partition, Written::Finished(file.finish().unwrap()));
        } else {
            self.cut.written(partition, Written::Open(file));
        }
    }

    fn gathered(&mut self) {
        self.cut.gathered(GatheredCut { cut: 1, members: Default::default(), proposal: Proposal::default() }, 7);
    }

    /// Rows of the files, by partition, in the order in which the files were finished.
    fn read(self) -> BTreeMap<usize, Vec<i64>> {
        let (_, files, _) = self.cut.into_parts();
        let mut found: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
        for file in files {
            let partition: usize = file.added.partition[0].1.as_ref().unwrap().parse().unwrap();
            assert!(file.added.path.starts_with(&format!("p={partition}/part-")), "{}", file.added.path);
            let os_file = OsFile::open(self.folder.path().join(&file.added.path)).unwrap();
            for batch in ParquetRecordBatchReaderBuilder::try_new(os_file).unwrap().build().unwrap() {
                let numbers = batch.unwrap().column(0).as_primitive::<Int64Type>().values().to_vec();
                found.entry(partition).or_default().extend(numbers);
            }
        }
        assert_eq!(self.budget.used(), 0);
        found
    }
}

fn play(seed: u64, partitions: usize, row_groups: usize, bounds: Bounds) -> usize {
    let mut play = Play::new(seed, bounds);
    let mut number = 0;
    for _ in 0..row_groups {
        play.row_group(partitions, &mut number);
        for _ in 0..play.random.random_range(0..2 * partitions) {
            play.step();
        }
        assert!(!play.cut.is_ready());
    }
    play.gathered();
    while play.step() {}
    assert!(play.cut.is_ready(), "seed {seed}");
    assert_eq!(play.cut.gathered_bytes, 0);
    let (rows, most) = (play.rows.clone(), play.open_files_most);
    assert_eq!(play.read(), rows, "seed {seed}");
    most
}

#[test]
fn every_row_is_in_a_file_of_its_partition_in_order() {
    for seed in 0..30 {
        let mut random = StdRng::seed_from_u64(seed);
        let bounds =
            Bounds { row_group_bytes: random.random_range(0..400), gathered_bytes_max: random.random_range(0..4_000) };
        play(seed, random.random_range(1..12), random.random_range(1..8), bounds);
    }
}

#[test]
fn open_files_are_bounded_whatever_the_partitions() {
    let most = play(5, 100, 6, Bounds { row_group_bytes: 0, gathered_bytes_max: 0 });
    assert!(most > OPEN_FILES_MAX / 2 && most <= OPEN_FILES_MAX + FILE_JOBS_MAX, "{most} files were open");
}

#[test]
fn a_partition_has_one_file_of_one_row_group_when_there_is_room() {
    let bounds = Bounds { row_group_bytes: 1 << 20, gathered_bytes_max: 1 << 24 };
    let mut play = Play::new(3, bounds);
    let mut number = 0;
    (0..5).for_each(|_| play.row_group(50, &mut number));
    play.gathered();
    while play.step() {}
    let (_, files, _) = play.cut.into_parts();
    assert_eq!(files.len(), 50);
    assert!(files.iter().all(|file| file.row_groups == 1));
}

#[test]
fn a_cut_without_rows_has_no_file() {
    let mut play = Play::new(1, Bounds::default());
    assert!(!play.cut.is_ready());
    play.gathered();
    assert!(!play.step() && play.cut.is_ready());
}
