//! Parquet column chunks of flat columns, written here rather than by the Parquet crate's column writer.
//!
//! ```text
//! array --(rows of a page)--> values that are there --(plain | deltas | keys)--> page body --(levels, codec)--> chunk
//! ```
//!
//! Arrow already has a column the way Parquet wants most of it: fixed values side by side, validity as the very bits of the
//! definition levels, keys of a dictionary. So a page is made of slices, not value by value: what needs work at all goes over
//! them in loops without calls, and everything about a page (its least and greatest value too) is done while it is near the
//! processor. Texts are looked up by numbers made of their bytes, and dictionaries that come as dictionaries are not looked
//! up at all.
//!
//! - [`flat_column`] says which types are written here; nested columns are not.
//! - [`fixed_column`], [`text_column`], [`key_column`], [`boolean_column`]: a chunk of each kind.
//! - [`chunk_builder`] puts pages together, [`page_facts`] says what is known of them, [`memory`] is what threads keep.
//! - The rest are the encodings, pure over slices.
//!
//! # Invariants
//!
//! - Data pages v1; PLAIN, RLE_DICTIONARY and DELTA_BINARY_PACKED only.
//! - A dictionary holds no value that no row has: its values are the column's, and so are its ends.
//! - Least and greatest values, NULL counts and the page index are those that the Parquet crate's writer would give. A chunk
//!   with a NaN has no bounds.
//! - No value can make encoding fail, or cost more than a few steps for each row, however it was chosen: a dictionary that
//!   grows too large or too slow is given up.

mod bit_packing;
mod boolean_column;
mod chunk_builder;
mod codec;
mod delta;
mod extremes;
mod fixed;
mod fixed_column;
mod fixed_dictionary;
pub(super) mod flat_column;
mod key_column;
mod key_page;
mod levels;
mod limits;
mod memory;
mod mixing;
mod page_facts;
mod page_header;
mod present;
mod run_length;
mod text;
mod text_column;
mod text_dictionary;
mod texts;
mod truncation;
mod varint;
mod written_chunk;

pub(super) use limits::STATISTICS_BYTES_MAX;
pub(super) use written_chunk::WrittenChunk;

#[cfg(test)]
mod tests;
