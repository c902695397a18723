//! What is known of each page of a chunk: its place in the page index, and all pages together in the chunk's statistics.

use super::extremes::Extremes;
use parquet::basic::{BoundaryOrder, Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnIndexBuilder, LevelHistogram};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use std::cmp::Ordering;

/// Of one page.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageFacts<T> {
    pub(super) rows: usize,
    pub(super) nulls: usize,
    /// `None` when there is no value, or no number.
    pub(super) extremes: Option<Extremes<T>>,
    /// Floats that are no numbers.
    pub(super) not_numbers: usize,
}

/// Of all pages together.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChunkFacts<T> {
    pub(super) nulls: u64,
    /// Rows that have a value.
    pub(super) values: u64,
    pub(super) extremes: Option<Extremes<T>>,
    pub(super) not_numbers: u64,
}

impl<T: Copy> ChunkFacts<T> {
    pub(super) fn of(pages: &[PageFacts<T>], order: impl Fn(&T, &T) -> Ordering) -> Self {
        let mut all = Self { nulls: 0, values: 0, extremes: None, not_numbers: 0 };
        for page in pages {
            all.nulls += page.nulls as u64;
            all.values += (page.rows - page.nulls) as u64;
            all.not_numbers += page.not_numbers as u64;
            all.extremes = match (all.extremes, page.extremes) {
                (Some(held), Some(found)) => Some(Extremes {
                    least: if order(&found.least, &held.least).is_lt() { found.least } else { held.least },
                    greatest: if order(&found.greatest, &held.greatest).is_gt() {
                        found.greatest
                    } else {
                        held.greatest
                    },
                }),
                (held, found) => held.or(found),
            };
        }
        all
    }
}

/// The page index of a column of `physical` type whose ends are written by `written`. There must be no NaN among the values.
/// `levels` are the greatest definition level.
pub(super) fn column_index<T: Copy>(
    pages: &[PageFacts<T>],
    physical: Type,
    levels: i16,
    order: impl Fn(&T, &T) -> Ordering,
    written: impl Fn(&Extremes<T>) -> [Vec<u8>; 2],
) -> Result<ColumnIndexMetaData, ParquetError> {
    let mut index = ColumnIndexBuilder::new(physical);
    let not_numbers = matches!(physical, Type::FLOAT | Type::DOUBLE).then_some(0);
    for page in pages {
        let [least, greatest] = page.extremes.as_ref().map(&written).unwrap_or_default();
        index.append(page.extremes.is_none(), least, greatest, page.nulls as i64, not_numbers);
        index.append_histograms(&None, &histogram(page.rows as u64, page.nulls as u64, levels));
    }
    index.set_boundary_order(boundary_order(pages, order));
    index.build()
}

/// How many rows stop at each definition level.
pub(super) fn histogram(rows: u64, nulls: u64, levels: i16) -> Option<LevelHistogram> {
    let mut histogram = LevelHistogram::try_new(levels)?;
    histogram.increment_by(0, nulls as i64);
    histogram.increment_by(levels, (rows - nulls) as i64);
    Some(histogram)
}

fn boundary_order<T: Copy>(pages: &[PageFacts<T>], order: impl Fn(&T, &T) -> Ordering) -> BoundaryOrder {
    let ends: Vec<Extremes<T>> = pages.iter().filter_map(|page| page.extremes).collect();
    let steps = |wrong: Ordering| {
        ends.windows(2).all(|pair| {
            order(&pair[1].least, &pair[0].least) != wrong && order(&pair[1].greatest, &pair[0].greatest) != wrong
        })
    };
    if steps(Ordering::Less) {
        BoundaryOrder::ASCENDING
    } else if steps(Ordering::Greater) {
        BoundaryOrder::DESCENDING
    } else {
        BoundaryOrder::UNORDERED
    }
}
