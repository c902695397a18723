use super::*;
use proptest::prelude::*;

const MB: u64 = 1 << 20;

fn file(number: usize, bytes: u64, partition: &str) -> SmallFile {
    SmallFile { path: format!("f{number:09}").into(), partition: partition.into(), bytes, modified_ms: number as i64 }
}

fn files(sizes: &[u64]) -> Vec<SmallFile> {
    sizes.iter().enumerate().map(|(number, bytes)| file(number, *bytes, "")).collect()
}

fn planned(sizes: &[u64]) -> Vec<Vec<usize>> {
    let merges = plan(&files(sizes), &Limits::of_target(128 * MB, None), &BTreeSet::new());
    merges.into_iter().map(|merge| merge.files).collect()
}

#[test]
fn files_are_merged_when_they_are_many_or_fill_one() {
    assert_eq!(planned(&[MB; 7]), Vec::<Vec<usize>>::new(), "few");
    assert_eq!(planned(&[MB; 8]), [(0..8).collect::<Vec<_>>()]);
    assert_eq!(planned(&[60 * MB, 60 * MB]), [vec![0, 1]], "full");
    assert_eq!(planned(&[45 * MB, 45 * MB]), Vec::<Vec<usize>>::new(), "another one may come");
    assert_eq!(planned(&[45 * MB, 45 * MB, 45 * MB]), [vec![0, 1]], "no more fit");
    assert_eq!(planned(&[64 * MB, 128 * MB, 500 * MB]), Vec::<Vec<usize>>::new(), "not small");
    let grown = [vec![50 * MB], vec![MB; 9]].concat();
    assert_eq!(planned(&grown), [(1..10).collect::<Vec<_>>()], "what is large is not rewritten for a little more");
}

#[test]
fn the_order_is_that_of_time_and_files_that_do_not_fit_are_left_out() {
    let mut mixed = files(&[MB; 9]);
    mixed.reverse();
    let limits = Limits::of_target(128 * MB, None);
    let merges = plan(&mixed, &limits, &BTreeSet::from(["f000000003".into()]));
    assert_eq!(merges[0].files, [8, 7, 6, 4, 3, 2, 1, 0]);
}

#[test]
fn what_saves_most_for_its_bytes_comes_first() {
    let mut all: Vec<_> = (0..8).map(|number| file(number, 10 * MB, "a")).collect();
    all.extend((8..16).map(|number| file(number, MB, "b")));
    let merges = plan(&all, &Limits::of_target(128 * MB, None), &BTreeSet::new());
    assert_eq!(merges.iter().map(|merge| merge.files[0]).collect::<Vec<_>>(), [8, 0]);
}

/// Carries out all merges that there are; gives the files afterwards, and the bytes that were rewritten.
fn settle(mut files: Vec<SmallFile>, limits: &Limits) -> (Vec<SmallFile>, u64) {
    let mut rewritten = 0;
    loop {
        let merges = plan(&files, limits, &BTreeSet::new());
        if merges.is_empty() {
            return (files, rewritten);
        }
        let gone: BTreeSet<usize> = merges.iter().flat_map(|merge| merge.files.iter().copied()).collect();
        let made: Vec<_> = merges
            .iter()
            .map(|merge| {
                let last = &files[*merge.files.last().unwrap()];
                SmallFile { path: format!("{}+", last.path).into(), bytes: merge.bytes, ..last.clone() }
            })
            .collect();
        rewritten += merges.iter().map(|merge| merge.bytes).sum::<u64>();
        let left = files.into_iter().enumerate().filter(|(index, _)| !gone.contains(index)).map(|(_, file)| file);
        files = left.chain(made).collect();
    }
}

#[test]
fn an_hour_of_commits_becomes_few_files_and_each_byte_is_rewritten_a_few_times() {
    for (commit_bytes, files_max, rewrites_max) in [(10_000u64, 40, 6), (MB, 50, 4), (12 * MB, 400, 2)] {
        let limits = Limits::of_target(128 * MB, None);
        let (mut now, mut rewritten) = (Vec::new(), 0);
        for second in 0..3_600 {
            now.push(file(second, commit_bytes, ""));
            if second % 10 == 9 {
                let (settled, bytes) = settle(now, &limits);
                (now, rewritten) = (settled, rewritten + bytes);
            }
        }
        assert!(now.len() <= files_max, "{} files of {commit_bytes} bytes", now.len());
        assert!(rewritten <= rewrites_max * 3_600 * commit_bytes, "{rewritten} of {}", 3_600 * commit_bytes);
    }
}

proptest! {
    #[test]
    fn merges_are_small_neighbours_of_one_partition_within_the_target(
        sizes in proptest::collection::vec((1u64..100_000, 0usize..3), 0..200),
        target in 2u64..100_000,
        crowd in 0usize..40,
    ) {
        let files: Vec<_> =
            sizes.iter().enumerate().map(|(number, (bytes, partition))| file(number, *bytes, ["a", "b", "c"][*partition])).collect();
        let limits = Limits { crowd, ..Limits::of_target(target, None) };
        let merges = plan(&files, &limits, &BTreeSet::new());
        let mut seen = BTreeSet::new();
        for merge in &merges {
            prop_assert!(merge.files.len() > 1 && merge.files.len() <= limits.files_max);
            prop_assert!(merge.bytes <= limits.target_bytes);
            prop_assert_eq!(merge.bytes, merge.files.iter().map(|file| files[*file].bytes).sum::<u64>());
            prop_assert!(merge.files.windows(2).all(|pair| pair[0] < pair[1]), "in order");
            let partition = &files[merge.files[0]].partition;
            for index in &merge.files {
                prop_assert!(seen.insert(*index), "once");
                prop_assert!(files[*index].bytes < limits.small_bytes && files[*index].partition == *partition);
            }
        }
    }

    #[test]
    fn merging_ends_and_leaves_no_crowd(
        sizes in proptest::collection::vec(1u64..1_000, 0..600),
        target in 50_000u64..500_000,
    ) {
        let limits = Limits::of_target(target, None);
        let total: u64 = sizes.iter().sum();
        let (left, rewritten) = settle(files(&sizes), &limits);
        prop_assert_eq!(left.iter().map(|file| file.bytes).sum::<u64>(), total);
        let small = left.iter().filter(|file| file.bytes < limits.small_bytes).count();
        prop_assert!(small <= limits.crowd, "{small} small files");
        // A byte is rewritten no more often than a file of one byte can double.
        prop_assert!(rewritten <= total * u64::from(target.ilog2() + 2), "{rewritten} of {total}");
    }
}
