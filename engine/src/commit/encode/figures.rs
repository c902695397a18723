//! What a sample showed of a leaf: what a row costs in each way of writing.
//!
//! Bytes are reckoned for row groups of any size: plain values and deltas take the same in all of them, a dictionary is paid
//! for by all rows that share it, and its keys grow with it. So what was learnt from a large row group holds for a small one.

use super::column_writer::ColumnWay;
use super::distinct::Distinct;
use parquet::basic::{Compression, Encoding};

/// One way of writing, as it was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WayFigures {
    pub way: ColumnWay,
    /// Bytes a row without those of a dictionary.
    pub data_bytes: f64,
    /// Bytes of the sample's dictionary.
    pub dictionary_bytes: f64,
    /// CPU time a row, as the clock said.
    pub ns: f64,
}

/// A leaf, as a sample of it was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Values in the sample.
    pub sampled: usize,
    /// Of types that have a dictionary.
    pub distinct: Option<Distinct>,
    /// Those with less work first: without codec, then with it.
    pub ways: Vec<WayFigures>,
    /// How much larger dictionary chunks came out than they were reckoned; 1 when they did not.
    pub dictionary_stretch: f64,
}

impl Figures {
    /// Bytes that a row takes, written so in a row group of `rows`.
    pub fn bytes(&self, measured: &WayFigures, rows: usize) -> f64 {
        if measured.way.encoding.is_some() {
            return measured.data_bytes;
        }
        let (total, seen) = self.entries(rows);
        // A key of a larger dictionary has more bits.
        let keys = measured.data_bytes * key_bits(total) / key_bits(seen);
        let dictionary = measured.dictionary_bytes * total / seen.max(1.0) / rows.max(1) as f64;
        (keys + dictionary) * self.dictionary_stretch
    }

    /// Bytes that the whole dictionary of such a row group takes before any codec; 0 when none was measured.
    pub fn dictionary_bytes(&self, rows: usize) -> f64 {
        let (total, seen) = self.entries(rows);
        let raw = self.of(ColumnWay::dictionary(Compression::UNCOMPRESSED));
        raw.map_or(0.0, |raw| raw.dictionary_bytes * total / seen.max(1.0))
    }

    /// What was measured of a way.
    pub fn of(&self, way: ColumnWay) -> Option<&WayFigures> {
        self.ways.iter().find(|measured| measured.way == way)
    }

    /// Bytes a row of plain values without codec, by which other ways are judged. Where they were not measured, they are what
    /// an entry of the dictionary takes on average.
    pub fn plain_bytes(&self) -> Option<f64> {
        let raw = Compression::UNCOMPRESSED;
        let entries = || Some(self.of(ColumnWay::dictionary(raw))?.dictionary_bytes / self.distinct?.seen.max(1.0));
        self.of(ColumnWay::encoded(Encoding::PLAIN, raw)).map(|plain| plain.data_bytes).or_else(entries)
    }

    /// CPU time a row. A codec's takes no less than the same without it, whatever the clock says.
    pub fn ns(&self, measured: &WayFigures) -> f64 {
        let raw = self.of(ColumnWay { compression: Compression::UNCOMPRESSED, ..measured.way });
        measured.ns.max(raw.map_or(0.0, |raw| raw.ns))
    }

    /// These with what a later and smaller look measured.
    pub(super) fn updated(&self, newer: Self) -> Self {
        let mut ways = self.ways.clone();
        for found in newer.ways {
            match ways.iter_mut().find(|held| held.way == found.way) {
                // Times are noisy: half of what is known stays.
                Some(held) => *held = WayFigures { ns: f64::midpoint(held.ns, found.ns), ..found },
                None => ways.push(found),
            }
        }
        let distinct = newer.distinct.or(self.distinct);
        Self { sampled: newer.sampled, distinct, ways, dictionary_stretch: self.dictionary_stretch }
    }

    /// Entries of the dictionary of a row group of `rows`, and of the sample's.
    fn entries(&self, rows: usize) -> (f64, f64) {
        self.distinct.map_or((1.0, 1.0), |distinct| (distinct.estimate(rows), distinct.seen))
    }
}

fn key_bits(distinct: f64) -> f64 {
    distinct.max(2.0).log2().ceil()
}
