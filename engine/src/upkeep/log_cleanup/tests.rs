use super::*;
use proptest::prelude::*;

fn listing(files: &[(&str, i64)]) -> Vec<LogFile> {
    files.iter().map(|(name, modified_ms)| LogFile { name: (*name).to_owned(), modified_ms: *modified_ms }).collect()
}

fn commit(version: u64) -> String {
    format!("{version:020}.json")
}

/// Versions 0 to `newest`, written one a millisecond, with checkpoints at these versions.
fn log(newest: u64, checkpoints: &[u64]) -> Vec<LogFile> {
    let commits = (0..=newest).map(|version| LogFile { name: commit(version), modified_ms: version as i64 });
    let checkpoints = checkpoints
        .iter()
        .map(|version| LogFile { name: format!("{version:020}.checkpoint.parquet"), modified_ms: *version as i64 });
    commits.chain(checkpoints).collect()
}

#[test]
fn what_is_below_the_newest_old_checkpoint_goes_oldest_first() {
    let files = log(30, &[10, 20, 30]);
    let gone = expired(&files, 25, Some(30));
    let expected: Vec<_> = (0..20u64)
        .flat_map(|version| {
            let checkpoint = (version == 10).then(|| format!("{version:020}.checkpoint.parquet"));
            checkpoint.into_iter().chain([commit(version)])
        })
        .collect();
    assert_eq!(gone, expected);
    assert_eq!(expired(&files, 20, Some(30)).len(), 10, "version 20 is not older than the cutoff");
    assert_eq!(expired(&files, 5, Some(30)), Vec::<String>::new(), "no old version has a checkpoint");
    assert_eq!(expired(&files, 25, Some(10)).len(), 10, "readers begin at the checkpoint that the pointer names");
    assert_eq!(expired(&log(30, &[]), 25, None), Vec::<String>::new());
}

#[test]
fn every_kind_of_file_goes_and_what_is_not_known_stays() {
    let number = |version: u64| format!("{version:020}");
    let names = [
        format!("{}.json", number(1)),
        format!("{}.crc", number(1)),
        format!("{}.{}.compacted.json", number(1), number(2)),
        format!("{}.{}.compacted.json", number(2), number(4)),
        format!("{}.checkpoint.{:010}.{:010}.parquet", number(1), 1, 2),
        format!("{}.checkpoint.{:010}.{:010}.parquet", number(2), 1, 2),
        format!("{}.json", number(2)),
        format!("{}.json", number(3)),
        format!("{}.checkpoint.{:010}.{:010}.parquet", number(3), 1, 2),
        format!("{}.checkpoint.{:010}.{:010}.parquet", number(3), 2, 2),
        format!("{}.json.tmp", number(1)),
        "_last_checkpoint".to_owned(),
        "_sidecars".to_owned(),
    ];
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), 0)).collect();
    let gone: BTreeSet<String> = expired(&listing(&files), 1, None).into_iter().collect();
    let expected: BTreeSet<String> = [0, 1, 2, 4, 5, 6].into_iter().map(|index| names[index].clone()).collect();
    assert_eq!(gone, expected, "the half checkpoint of version 2 is none, and commits 2 to 4 reach past version 3");
    let v2 = format!("{}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json", number(3));
    let both = [(names[0].as_str(), 0), (names[6].as_str(), 0), (names[7].as_str(), 0), (v2.as_str(), 0)];
    assert_eq!(expired(&listing(&both), 1, None), [names[0].clone(), names[6].clone()]);
}

proptest! {
    #[test]
    fn every_version_that_is_not_expired_can_still_be_read(
        newest in 0u64..60,
        checkpoints in proptest::collection::btree_set(0u64..60, 0..8),
        cutoff_ms in -5i64..70,
        shift in proptest::collection::vec(-3i64..3, 60),
        pointer in proptest::option::of(0u64..60),
    ) {
        let checkpoints: Vec<_> = checkpoints.into_iter().filter(|version| *version <= newest).collect();
        let mut files = log(newest, &checkpoints);
        for (file, shift) in files.iter_mut().zip(shift) {
            file.modified_ms += shift;
        }
        let gone: BTreeSet<_> = expired(&files, cutoff_ms, pointer).into_iter().collect();
        let left = |name: &str| files.iter().any(|file| file.name == name) && !gone.contains(name);
        let times: std::collections::BTreeMap<_, _> = files.iter().map(|file| (file.name.clone(), file.modified_ms)).collect();
        for version in 0..=newest {
            if times[&commit(version)] < cutoff_ms {
                continue;
            }
            // It has a checkpoint at or below it, or all commits from the first.
            let from = (0..=version).rev().find(|from| left(&format!("{from:020}.checkpoint.parquet"))).map_or(0, |from| from + 1);
            prop_assert!((from..=version).all(|version| left(&commit(version))), "version {version}");
        }
    }
}
