//! Which small files of a table are merged, and into what. Pure.
//!
//! The small files of one partition stand in a row by age. Neighbours are merged into one file that is no larger than the
//! target, when that is worth it:
//!
//! - the result is at least twice as large as the largest of them. So a row is rewritten no more often than its file can
//!   double before it is no longer small, however many files there are;
//! - and they are many ([`Limits::many`]), or the result is full: near the target, or as large as the next neighbour lets it
//!   become.
//!
//! Where sizes alternate so that nothing doubles, files could pile up: from [`Limits::crowd`] on the cheapest neighbours are
//! merged whatever their sizes. Merging neighbours keeps what was written together together, and rows in their order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A live file that may be merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmallFile {
    /// As the log writes it.
    pub path: Arc<str>,
    /// Tells partitions apart: files of different ones are never merged.
    pub partition: Arc<str>,
    pub bytes: u64,
    pub modified_ms: i64,
}

/// What merging goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest result.
    pub target_bytes: u64,
    /// Files of this size and larger are left alone.
    pub small_bytes: u64,
    /// So many files are worth a merge, whatever its size.
    pub many: usize,
    /// More small files than this in a partition are merged even where no result doubles.
    pub crowd: usize,
    /// Files in one merge.
    pub files_max: usize,
}

impl Limits {
    /// For this target, and files below `small_bytes`; half of the target if nobody says it.
    pub fn of_target(target_bytes: u64, small_bytes: Option<u64>) -> Self {
        let target_bytes = target_bytes.max(2);
        let small_bytes = small_bytes.unwrap_or(target_bytes / 2).clamp(1, target_bytes);
        Self { target_bytes, small_bytes, many: 8, crowd: 64, files_max: 1_000 }
    }
}

/// Files to be merged, as indices, in the order of their rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    pub files: Vec<usize>,
    pub bytes: u64,
}

/// What to merge of a table's files but those that are `unfit`; what saves most files for its bytes comes first.
pub fn plan(files: &[SmallFile], limits: &Limits, unfit: &BTreeSet<Arc<str>>) -> Vec<Merge> {
    let mut partitions = BTreeMap::<&str, Vec<usize>>::new();
    let fits = |file: &SmallFile| file.bytes < limits.small_bytes && !unfit.contains(&file.path);
    for (index, file) in files.iter().enumerate().filter(|(_, file)| fits(file)) {
        partitions.entry(&file.partition).or_default().push(index);
    }
    let mut merges = Vec::new();
    for mut row in partitions.into_values() {
        row.sort_by(|left, right| age(&files[*left]).cmp(&age(&files[*right])));
        of_row(files, &row, limits, &mut merges);
    }
    // a.saved / a.bytes > b.saved / b.bytes, without fractions.
    let gain = |merge: &Merge, other: &Merge| (merge.files.len() as u128 - 1) * u128::from(other.bytes.max(1));
    merges.sort_by(|left, right| gain(right, left).cmp(&gain(left, right)));
    merges
}

fn age(file: &SmallFile) -> (i64, &str) {
    (file.modified_ms, &file.path)
}

fn of_row(files: &[SmallFile], row: &[usize], limits: &Limits, merges: &mut Vec<Merge>) {
    let mut left = Vec::new();
    let mut from = 0;
    while from < row.len() {
        match worthwhile(files, &row[from..], limits) {
            Some(merge) => {
                from += merge.files.len();
                merges.push(merge);
            }
            None => {
                left.push(row[from]);
                from += 1;
            }
        }
    }
    while left.len() > limits.crowd.max(limits.many) {
        let Some((from, merge)) = cheapest(files, &left, limits) else { return };
        left.drain(from..from + merge.files.len());
        merges.push(merge);
    }
}

/// The longest merge that begins with the first of `row` and is worth it.
fn worthwhile(files: &[SmallFile], row: &[usize], limits: &Limits) -> Option<Merge> {
    let (mut total, mut largest, mut count) = (0u64, 0u64, None);
    for (index, file) in row.iter().map(|file| &files[*file]).enumerate().take(limits.files_max) {
        total += file.bytes;
        largest = largest.max(file.bytes);
        if total > limits.target_bytes {
            break;
        }
        let next = row.get(index + 1).map(|next| files[*next].bytes);
        let is_full =
            total >= limits.target_bytes / 4 * 3 || next.is_some_and(|next| total + next > limits.target_bytes);
        let doubles = index > 0 && largest <= total / 2;
        if doubles && (is_full || index + 1 >= limits.many) {
            count = Some((index + 1, total));
        }
    }
    count.map(|(count, bytes)| Merge { files: row[..count].to_vec(), bytes })
}

/// The neighbours whose merge costs least, and where they begin.
fn cheapest(files: &[SmallFile], row: &[usize], limits: &Limits) -> Option<(usize, Merge)> {
    let size = |file: &usize| files[*file].bytes;
    let windows = row.windows(limits.many.max(2)).enumerate();
    let sums = windows.map(|(from, window)| (window.iter().map(size).sum::<u64>(), from, window));
    let (bytes, from, window) = sums.min_by_key(|(bytes, ..)| *bytes)?;
    (bytes <= limits.target_bytes).then(|| (from, Merge { files: window.to_vec(), bytes }))
}

#[cfg(test)]
mod tests;
