//! Checkpoints come by however short the runs are.

use super::*;

#[test]
fn runs_that_are_shorter_than_the_interval_make_checkpoints_too() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("t");
    let (interval, runs) = (5, 4);
    for run in 1..=runs {
        let world = World::start(folder.path(), 1, |settings| settings.checkpoint_interval = interval);
        let table = world.open(0, "t", Some(schema())).unwrap();
        assert_eq!(world.mint(&table, "a").epoch, 2 * run - 1);
        assert_eq!(world.mint(&table, "a").epoch, 2 * run);
        // A checkpoint that was begun is finished.
        world.plane.stop();
        assert_eq!(parquet_files(&place.join("_delta_log")).len() as u64, u64::from(2 * run >= interval), "run {run}");
    }
    assert_eq!(described(&place).streams["a"].epoch, 2 * runs);
}
