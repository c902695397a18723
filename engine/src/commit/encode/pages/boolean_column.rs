//! Column chunks of booleans: a bit each, as Arrow has them.

use super::chunk_builder::{ChunkBuilder, NewPage};
use super::extremes::Extremes;
use super::limits::PAGE_ROWS_MAX;
use super::memory::Memory;
use super::page_facts::{ChunkFacts, PageFacts, column_index};
use super::{WrittenChunk, levels, present};
use crate::commit::encode::column_writer::ColumnWay;
use arrow::array::{Array, BooleanArray};
use arrow::buffer::BooleanBuffer;
use parquet::basic::{Encoding, Type};
use parquet::errors::ParquetError;
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::schema::types::ColumnDescPtr;

/// Writes the chunk of `values`.
pub(super) fn write(
    column: &ColumnDescPtr,
    way: ColumnWay,
    values: &BooleanArray,
    memory: &mut Memory,
) -> Result<WrittenChunk, ParquetError> {
    let rows = values.len();
    let mut chunk = ChunkBuilder::new(column, way.compression, &mut memory.chunk, None);
    let mut pages: Vec<PageFacts<bool>> = Vec::with_capacity(rows.div_ceil(PAGE_ROWS_MAX));
    let mut aligned = Vec::new();
    for row in (0..rows).step_by(PAGE_ROWS_MAX) {
        let end = rows.min(row + PAGE_ROWS_MAX);
        let validity = present::validity(values.nulls(), row..end);
        let all = values.values().slice(row, end - row);
        let found = match &validity {
            Some(validity) => validity.set_indices().map(|index| all.value(index)).collect::<BooleanBuffer>(),
            None => all,
        };
        memory.body.clear();
        memory.body.extend_from_slice(levels::bytes_of(&found, &mut aligned));
        if let Some(last) = memory.body.last_mut().filter(|_| found.len() % 8 > 0) {
            *last &= (1 << (found.len() % 8)) - 1;
        }
        let page = NewPage {
            encoding: Encoding::PLAIN,
            rows: end - row,
            validity: validity.as_ref(),
            body_bytes: memory.body.len(),
            text_bytes: None,
        };
        chunk.add(page, &memory.body)?;
        let nulls = end - row - found.len();
        pages.push(PageFacts { rows: end - row, nulls, extremes: extremes(&found), not_numbers: 0 });
    }
    let facts = ChunkFacts::of(&pages, bool::cmp);
    let (least, greatest) = (facts.extremes.map(|ends| ends.least), facts.extremes.map(|ends| ends.greatest));
    let statistics = ValueStatistics::new(least, greatest, None, Some(facts.nulls), false)
        .with_backwards_compatible_min_max(column.sort_order().is_signed());
    let written = |ends: &Extremes<bool>| [vec![u8::from(ends.least)], vec![u8::from(ends.greatest)]];
    let index = column_index(&pages, Type::BOOLEAN, column.max_def_level(), bool::cmp, written)?;
    chunk.finish(None, Statistics::Boolean(statistics), Some(index))
}

fn extremes(values: &BooleanBuffer) -> Option<Extremes<bool>> {
    let set = values.count_set_bits();
    (!values.is_empty()).then(|| Extremes { least: set == values.len(), greatest: set > 0 })
}
