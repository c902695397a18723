use super::*;
use crate::store::upload::{PART_BYTES, PARTS_AT_ONCE};
use faulty_bucket::{Fault, FaultyBucket};
use object_store::ObjectStore;
use std::io::Write;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};

mod faulty_bucket;

struct World {
    runtime: Runtime,
    bucket: Arc<FaultyBucket>,
}

impl World {
    fn new() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { runtime, bucket: Arc::default() }
    }

    fn folder(&self) -> ObjectFolder {
        let bucket = Bucket::of(self.bucket.clone() as Arc<dyn ObjectStore>);
        ObjectFolder::new(bucket, Path::from("some/table"), self.runtime.handle().clone())
    }

    fn keys(&self) -> Vec<String> {
        self.bucket.keys()
    }
}

#[test]
fn of_two_puts_to_one_key_the_first_stays() {
    let world = World::new();
    let folder = world.folder();
    folder.prepare().unwrap();
    assert_eq!(folder.read("_delta_log/0.json"), ReadOutcome::Missing);
    assert_eq!(folder.put_if_absent("_delta_log/0.json", &Bytes::from_static(b"one")), PutOutcome::Created);
    assert_eq!(folder.put_if_absent("_delta_log/0.json", &Bytes::from_static(b"two")), PutOutcome::Exists);
    assert_eq!(folder.read("_delta_log/0.json"), ReadOutcome::Found(Bytes::from_static(b"one")));
    assert_eq!(world.keys(), ["some/table/_delta_log/0.json"]);
    folder.settle("_delta_log").unwrap();
    folder.delete("_delta_log/0.json").unwrap();
    folder.delete("_delta_log/0.json").unwrap();
    assert_eq!(folder.read("_delta_log/0.json"), ReadOutcome::Missing);
}

#[test]
fn what_is_not_certain_is_unknown() {
    let put = |faults: &[Fault]| {
        let world = World::new();
        faults.iter().for_each(|fault| world.bucket.next(*fault));
        let outcome = world.folder().put_if_absent("k", &Bytes::from_static(b"ours"));
        (outcome, world.keys().len())
    };
    assert!(matches!(put(&[Fault::FailsBefore]), (PutOutcome::Unknown(_), 0)));
    assert!(matches!(put(&[Fault::FailsAfter]), (PutOutcome::Unknown(_), 1)));
    assert!(matches!(put(&[Fault::ExistsOfNothing]), (PutOutcome::Unknown(_), 0)), "a 409 where nothing landed");
    assert_eq!(put(&[Fault::ExistsOfItsOwn]), (PutOutcome::Exists, 1));
    // The look that has to confirm it fails.
    assert!(matches!(put(&[Fault::ExistsOfItsOwn, Fault::FailsBefore]), (PutOutcome::Unknown(_), 1)));
}

#[test]
fn a_read_that_fails_is_unknown_and_so_is_a_missing_bucket() {
    let world = World::new();
    for fault in [Fault::FailsBefore, Fault::NoBucket] {
        world.bucket.next(fault);
        let outcome = world.folder().read("k");
        assert!(matches!(outcome, ReadOutcome::Unknown(_)), "{fault:?}: {outcome:?}");
        world.bucket.next(fault);
        assert!(world.folder().delete("k").is_err(), "{fault:?}");
    }
    assert_eq!(world.folder().read("k"), ReadOutcome::Missing);
}

#[test]
fn paths_that_lead_out_of_the_table_are_refused() {
    let folder = World::new().folder();
    for path in ["../outside", "/absolute", "", "a//b", "a/", "a/../../b", "."] {
        assert!(matches!(folder.put_if_absent(path, &Bytes::new()), PutOutcome::Unknown(_)), "{path}");
        assert!(folder.begin_file(path).is_err(), "{path}");
    }
}

#[test]
fn every_byte_is_there_whatever_the_pieces() {
    let world = World::new();
    let sizes = [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 4 * PART_BYTES + 5000];
    for (number, size) in sizes.into_iter().enumerate() {
        let path = format!("part-{number}.parquet");
        let content: Vec<u8> = (0..size).map(|at| (at * 31 % 251) as u8).collect();
        let mut file = world.folder().begin_file(&path).unwrap();
        for piece in content.chunks(3_000_000) {
            file.write_all(piece).unwrap();
            assert!(
                file.memory_bytes() <= (PARTS_AT_ONCE + 1) * PART_BYTES,
                "memory is bounded: {}",
                file.memory_bytes()
            );
        }
        assert_eq!(file.finish().unwrap(), size as u64);
        let ReadOutcome::Found(found) = world.folder().read(&path) else { panic!("{size} bytes are missing") };
        assert!(found == content, "{size} bytes");
    }
    assert_eq!(world.bucket.parts_early(), 4, "parts of the largest file went up before its last byte was written");
}

#[test]
fn a_file_that_is_given_up_is_aborted() {
    let world = World::new();
    let mut file = world.folder().begin_file("dropped.parquet").unwrap();
    file.write_all(&vec![7; PART_BYTES + 1]).unwrap();
    drop(file);
    world.runtime.block_on(world.bucket.aborted.notified());
    let mut small = world.folder().begin_file("small.parquet").unwrap();
    small.write_all(b"12345").unwrap();
    drop(small);
    assert_eq!(world.keys(), [""; 0]);
}

#[test]
fn a_file_whose_last_answer_is_lost_is_there_or_is_lost() {
    for (bytes, path) in [(5, "small"), (PART_BYTES + 5, "large")] {
        let finish = |fault| {
            let world = World::new();
            let mut file = world.folder().begin_file(path).unwrap();
            file.write_all(&vec![7; bytes]).unwrap();
            world.bucket.at_end(fault);
            (file.finish().ok(), world.keys().len())
        };
        assert_eq!(finish(Fault::FailsAfter), (Some(bytes as u64), 1), "{path}");
        assert_eq!(finish(Fault::FailsBefore), (None, 0), "{path}");
    }
}
