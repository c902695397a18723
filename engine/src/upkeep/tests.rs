//! Upkeep of real tables in a folder, behind a store that fails where it is told to.

use super::canary::Canary;
use super::merge_attempt::{Outcome, Output};
use super::settings::Settings;
use crate::store::scheduled_faults::Fault;
use crate::table::delta::commit_actions::Merger;
use std::time::Duration;
use world::{LOG, World};

mod orphans;
mod partitions;
mod world;

fn eager() -> Settings {
    Settings { target_bytes: 1 << 20, bandwidth_bytes: 1 << 40, interval: Duration::ZERO, ..Settings::default() }
}

#[test]
fn a_merge_keeps_every_row_and_their_order() {
    let world = World::new(eager());
    for commit in 0..10 {
        world.append(commit * 7, commit * 7 + 7);
    }
    let before = world.rows();
    assert_eq!((world.live().len(), before.num_rows()), (10, 70));
    let looked = world.look(Canary::None);
    assert!(looked.cost.bytes_read > 0 && looked.cost.bytes_written > 0);
    let merged = *looked.merged.unwrap();
    assert_eq!(merged.rows, 70);
    let driven = world.commit(merged);
    assert_eq!(driven.outcome, Outcome::Committed { version: 12 });
    assert_eq!(world.live().len(), 1);
    assert_eq!(world.rows(), before);
    // What was carried forward is what anybody reads, and the numbers of the table are what they were.
    let read = world.version();
    assert_eq!(driven.version.view(), read.view());
    let commit = world.text(12);
    assert_eq!(commit.matches("\"dataChange\":false").count(), 11, "{commit}");
    for part in ["OPTIMIZE", "numRecords\\\":70", "nullCount", "\"numRemovedFiles\":\"10\""] {
        assert!(commit.contains(part), "{part} in {commit}");
    }
    assert!(world.look(Canary::None).merged.is_none(), "one file is not merged again");
}

#[test]
fn what_somebody_deleted_meanwhile_stays_deleted() {
    for (canary, comes_back) in [(Canary::None, false), (Canary::IgnoreTouched, true)] {
        let world = World::new(eager());
        for commit in 0..10 {
            world.append(commit, commit + 1);
        }
        let merged = *world.look(canary).merged.unwrap();
        let output = merged.change.output.path.clone();
        world.remove(&world.live()[4]);
        let driven = world.commit(merged);
        assert_eq!(world.rows().num_rows() == 10, comes_back, "{canary:?}");
        if canary == Canary::None {
            let Outcome::GivenUp { output: Output::Delete, why } = driven.outcome else {
                panic!("{:?}", driven.outcome)
            };
            assert!(why.contains("version 12 removes"), "{why}");
            assert!(!world.live().contains(&output));
        }
    }
}

#[test]
fn a_table_that_was_altered_meanwhile_is_left_alone() {
    let world = World::new(eager());
    (0..10).for_each(|commit| world.append(commit, commit + 1));
    let merged = *world.look(Canary::None).merged.unwrap();
    world.set_property("delta.appendOnly", "false");
    assert!(matches!(world.commit(merged).outcome, Outcome::GivenUp { output: Output::Delete, .. }));
    let merged = *world.look(Canary::None).merged.unwrap();
    world.claim(LOG, 9);
    let Outcome::GivenUp { why, .. } = world.commit(merged).outcome else { panic!("committed") };
    assert!(why.contains("another process"), "{why}");
}

/// A table after a merge whose puts went like this; what is wrong with it, if anything.
fn judged(canary: Canary, faults: &[Fault], patience_ms: u64) -> Option<String> {
    let world = World::new(eager());
    (0..10).for_each(|commit| world.append(commit * 3, commit * 3 + 3));
    let before = world.rows();
    let mut merged = *world.look(canary).merged.unwrap();
    merged.terms.patience.unknown_ms_max = patience_ms;
    world.store.faults(faults);
    let output = merged.change.output.path.clone();
    let driven = world.commit(merged);
    let there = world.folder.path().join("t").join(&output).exists();
    if world.live().iter().any(|path| !world.folder.path().join("t").join(path).exists()) {
        return Some(format!("{:?}, and a live file is gone", driven.outcome));
    }
    let committed = matches!(driven.outcome, Outcome::Committed { .. });
    if world.rows() != before || committed != world.live().contains(&output) || (committed && !there) {
        return Some(format!("{:?}", driven.outcome));
    }
    assert!(committed, "{faults:?} {:?}", driven.outcome);
    None
}

#[test]
fn merges_land_once_whatever_becomes_of_the_answers() {
    use Fault::{After, Before, ExistsOfNobody, ExistsOfOurs, Late, Raced};
    let schedules: [&[Fault]; 9] = [
        &[],
        &[Before],
        &[After],
        &[Late],
        &[ExistsOfOurs],
        &[ExistsOfNobody],
        &[Before, After],
        &[Raced, Raced],
        &[Raced, After],
    ];
    for (patience_ms, faults) in schedules.into_iter().flat_map(|faults| [(60_000, faults), (0, faults)]) {
        assert_eq!(judged(Canary::None, faults, patience_ms), None, "{faults:?}, patience {patience_ms}");
    }
    assert!(judged(Canary::DropFile, &[], 60_000).is_some(), "a merge that loses a file is noticed");
    assert!(
        judged(Canary::DeleteOutputOnError, &[After], 60_000).is_some(),
        "a file that is deleted too early is noticed"
    );
}

#[test]
fn what_is_expired_in_the_log_goes_and_the_table_is_read_as_before() {
    let world = World::new(eager());
    (0..10).for_each(|commit| world.append(commit, commit + 1));
    let table = &world.table;
    table.checkpoint(&world.version()).unwrap();
    (10..13).for_each(|commit| world.append(commit, commit + 1));
    let before = (world.rows(), world.version().view().clone());
    assert_eq!(world.look(Canary::None).log_files_removed, 0, "nothing is old");
    world.make_log_old(12);
    assert_eq!(world.look(Canary::None).log_files_removed, 11, "versions 0 to 10; 11 has a checkpoint");
    assert_eq!((world.rows(), world.version().view().clone()), before);
    assert!(world.table.store().read("_delta_log/00000000000000000010.json") == crate::store::ReadOutcome::Missing);
    world.append(13, 14);
}

#[test]
fn a_table_says_whether_it_is_merged_and_others_who_merge_are_given_way_to() {
    let world = World::new(eager());
    (0..10).for_each(|commit| world.append(commit, commit + 1));
    world.set_property("delta.autoOptimize.autoCompact", "false");
    assert!(world.look(Canary::None).merged.is_none());
    world.set_property("delta.autoOptimize.autoCompact", "true");
    let merged = *world.look(Canary::None).merged.unwrap();
    assert!(matches!(world.commit(merged).outcome, Outcome::Committed { .. }));
    (0..10).for_each(|commit| world.append(commit, commit + 1));
    let looked = world.look_behind(0, Canary::None);
    assert_eq!(looked.other_merger, Some(Merger::Engine), "a merge that is not among this engine's own");
    assert!(looked.merged.is_none());
    world.optimize_by_another_program();
    assert_eq!(world.look_behind(0, Canary::None).other_merger, Some(Merger::Other));
}

#[test]
fn large_row_groups_are_copied_as_they_are_between_rows_that_are_encoded_anew() {
    let world = World::new(Settings { target_bytes: 64 << 20, ..eager() });
    let (large, mut from) = (70_000, 0);
    for rows in [5, 7, large, 3, large, 2, 9, 11] {
        world.append(from, from + rows);
        from += rows;
    }
    let before = world.rows();
    let merged = *world.look(Canary::None).merged.unwrap();
    let output = merged.change.output.path.clone();
    assert!(matches!(world.commit(merged).outcome, Outcome::Committed { .. }));
    assert_eq!(world.rows(), before);
    assert_eq!(world.row_groups(&output), [12, large, 3, large, 22]);
    assert!(
        world.text(10).contains(&format!("maxValues\\\":{{\\\"stream\\\":\\\"s1\\\",\\\"seq\\\":{}", from - 1)),
        "{}",
        world.text(10)
    );
}
