//! The plane with fake shards, over tables in a folder of their own, read back through the table format.

use super::*;
use crate::handover::answer::{Answer, OpenTable};
use crate::handover::cut::{CutDone, Piece, StreamRange};
use crate::handover::request::{Ticket, Urgency};
use crate::handover::row_group::RowGroup;
use crate::handover::{Refusal, ShardId, TableKey};
use lakehead_protocol::reject::RejectCode;

mod checkpoints;
mod evolving;
mod logs;
mod upkeep;
mod world;

use world::*;

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

#[test]
fn a_cut_over_a_thousand_partitions_is_one_commit() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("db/wide");
    make_partitioned(&place, "seq");
    let world = World::start(folder.path(), 1, |_| {});
    let table = world.open(0, "db.wide", None).unwrap();
    assert_eq!(*table.partition_columns, [1]);
    world.mint(&table, "a");
    // What is sealed early for the next cut does not get into this one.
    world.send(&table, (0, 1, 2), "a", 0, 700);
    assert_eq!(world.shards[0].cut_wanted(), (1, 2));
    world.send(&table, (0, 1, 2), "a", 400, 1000);
    world.send(&table, (0, 1, 3), "a", 1000, 1010);
    world.done(&table, (0, 1, 2), &[("a", 1, 0, 1300)], &[]);
    let mut answers = [world.shards[0].next(), world.shards[0].next()];
    answers.sort_by_key(|answer| matches!(answer, Answer::CutWanted { .. }));
    assert!(matches!(answers[0], Answer::Committed { cut: 2, version: 2, .. }), "{answers:?}");
    let found = described(&place);
    assert_eq!((found.rows, found.files, found.unsupported), (Some(1300), 1000, None));
    assert_eq!(found.partition_columns, ["seq"]);
    assert!(place.join("seq=999").is_dir() && !place.join("seq=1000").join("x").exists());
    let adds: Vec<_> = commits(&place)[2].lines().filter(|line| line.contains("\"add\"")).map(str::to_owned).collect();
    assert_eq!(adds.len(), 1000);
    assert!(
        adds.iter().any(|add| add.contains("\"partitionValues\":{\"seq\":\"41\"}") && add.contains("seq=41/part-"))
    );
}
