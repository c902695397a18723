//! Files that were staged for nothing, beside files that only look like it.

use super::world::{LOG, World};
use super::*;
use crate::commit::ledger::Entries;

impl World {
    fn has(&self, path: &str) -> bool {
        self.folder.path().join("t").join(path).exists()
    }
}

#[test]
fn a_file_goes_when_a_later_claim_proves_that_nobody_will_commit_it() {
    let world = World::new(eager());
    world.append(0, 1);
    let orphan = world.stage(1, 2, 5);
    let named = world.stage(2, 3, 5);
    world.put(Entries::default(), std::slice::from_ref(&named));
    std::fs::write(world.folder.path().join("t/part-8a1f3c52-97d5-4cda-9d0c-0ddeadbeef00.parquet"), b"x").unwrap();
    assert_eq!(world.look(Canary::None).orphans_removed, 0, "its commit may still come");
    world.claim(LOG, 6);
    let younger = world.stage(3, 4, 6);
    assert_eq!(world.look(Canary::None).orphans_removed, 1);
    assert!(!world.has(&orphan.path) && world.has(&named.path) && world.has(&younger.path));
    assert!(world.has("part-8a1f3c52-97d5-4cda-9d0c-0ddeadbeef00.parquet"), "nobody knows whose it is");
    assert_eq!(world.look(Canary::None).orphans_removed, 0);
}

#[test]
fn what_was_merged_away_is_no_orphan() {
    let world = World::new(eager());
    (0..10).for_each(|commit| world.append(commit, commit + 1));
    let before = world.live();
    let merged = *world.look(Canary::None).merged.unwrap();
    let output = merged.change.output.path.clone();
    world.commit(merged);
    world.claim(LOG, 6);
    assert_eq!(world.look(Canary::None).orphans_removed, 0);
    assert!(before.iter().all(|path| world.has(path)) && world.has(&output), "older versions can still be read");
}

#[test]
fn where_the_log_was_cleaned_nothing_is_proven() {
    let world = World::new(eager());
    let orphan = world.stage(1, 2, 5);
    (0..3).for_each(|commit| world.append(commit, commit + 1));
    world.claim(LOG, 6);
    world.table.checkpoint(&world.version()).unwrap();
    world.table.store().delete("_delta_log/00000000000000000003.json").unwrap();
    assert_eq!(world.look(Canary::None).orphans_removed, 0);
    assert!(world.has(&orphan.path));
}

#[test]
fn an_orphan_that_is_removed_too_early_is_noticed() {
    for (canary, is_lost) in [(Canary::None, false), (Canary::OrphansEarly, true)] {
        let world = World::new(eager());
        world.append(0, 1);
        let staged = world.stage(1, 3, 5);
        world.look(canary);
        world.put(Entries::default(), std::slice::from_ref(&staged));
        assert_eq!(!world.has(&staged.path) || world.rows().num_rows() != 3, is_lost, "{canary:?}");
    }
}
