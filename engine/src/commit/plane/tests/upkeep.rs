//! Tables that are kept up while they are committed to.

use super::*;
use crate::upkeep;
use crossbeam::channel::after;
use std::path::Path;

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
    let few = (0..200).find_map(|_| {
        let description = described(&folder.path().join("t"));
        let _time = after(Duration::from_millis(50)).recv();
        (description.files < 10).then_some(description)
    });
    let few = few.expect("files are merged");
    assert_eq!((few.rows, committed_of(&few, "a")), (Some(commits * rows), (commits * rows, 1)));
    assert!(few.version > commits + 1, "merges are versions of their own");
    world.plane.stop();
    let named: std::collections::BTreeSet<_> = commits_adds(&folder.path().join("t"));
    let there = parquet_files(&folder.path().join("t")).into_iter();
    let there: Vec<_> = there.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    assert!(there.iter().all(|name| named.contains(name)), "what was given up is removed");
}

fn commits_adds(folder: &Path) -> std::collections::BTreeSet<String> {
    let lines = commits(folder).into_iter().flat_map(|commit| commit.lines().map(str::to_owned).collect::<Vec<_>>());
    lines
        .filter_map(|line| {
            serde_json::from_str::<serde_json::Value>(&line).unwrap()["add"]["path"].as_str().map(str::to_owned)
        })
        .collect()
}
