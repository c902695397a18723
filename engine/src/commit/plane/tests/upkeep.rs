//! Tables that are kept up while they are committed to.

use super::*;
use crate::upkeep;
use crossbeam::channel::after;

#[test]
fn small_files_become_few_between_commits() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(folder.path(), 1, |settings| {
        let interval = Duration::from_millis(20);
        settings.upkeep = Some(upkeep::Settings { interval, ..upkeep::Settings::default() });
    });
    let table = world.open(0, "t", Some(schema())).unwrap();
    world.mint(&table, "a");
    let (commits, rows) = (60, 10);
    for commit in 0..commits {
        let (from, to) = (commit * rows, (commit + 1) * rows);
        world.send(&table, (0, 1, commit + 2), "a", from, to);
        assert_eq!(world.shards[0].cut_wanted(), (1, commit + 2));
        world.done(&table, (0, 1, commit + 2), &[("a", 1, from, to)], &[]);
        world.shards[0].committed();
    }
    // Less than many of any size, and what came since the last look.
    let few = (0..400).find_map(|_| {
        let description = described(&folder.path().join("t"));
        let _time = after(Duration::from_millis(50)).recv();
        (description.files < 20).then_some(description)
    });
    let few = few.expect("files are merged");
    assert_eq!((few.rows, committed_of(&few, "a")), (Some(commits * rows), (commits * rows, 1)));
    assert!(few.version > commits + 1, "merges are versions of their own");
    world.plane.stop();
}
