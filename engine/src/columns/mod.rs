//! Archives into Arrow columns by bulk copy.
//!
//! A [`table_builder::TableBuilder`] collects the rows of one table on one core. A batch is appended column by column,
//! straight from the archive in the receive buffer: fixed-width values are one copy ([`fixed`]), bits are shifted into
//! place ([`boolean`]), strings are one copy of their bytes and one pass that rebases offsets ([`text`], [`offsets`]).
//! Nothing is looked at row by row. Batches were judged before ([`lakehead_protocol::batch_check`]), so appending cannot
//! fail half-way.
//!
//! Columns are trees ([`column_builder`]): fields of structs take the same range of rows ([`structs`]), elements of arrays and
//! maps the range that the offsets of those rows give ([`lists`]). [`layout`] says where a stream's columns belong at each
//! level.
//!
//! A string or binary column, wherever it stands, is plain or keys into a dictionary ([`text_column`]): the dictionaries of
//! its batches ([`wire_dictionary`]) are merged into one for the row group ([`dictionary`]).
//!
//! A stream need not send all columns, nor all as wide as the table has them: NULLs stand for what is left out ([`absent`]), and
//! narrower numbers are widened in one pass ([`widening`]). Equal columns are appended as if there were neither.
//!
//! What a stream sends and the table does not have is found in [`additions`].
//!
//! Sealing turns the buffers into Arrow arrays without copying. What must not grow without end is bounded in [`extent`]. One
//! file per family of types.

pub mod absent;
pub mod additions;
pub mod boolean;
pub mod column_builder;
pub mod dictionary;
pub mod extent;
pub mod fixed;
pub mod json_rows;
pub mod layout;
pub mod lists;
pub mod offsets;
#[cfg(feature = "planted-loss")]
mod planted_loss;
pub mod structs;
pub mod table_builder;
pub mod text;
pub mod text_column;
pub mod type_name;
pub mod validity;
pub mod widening;
pub mod wire_dictionary;

#[cfg(test)]
pub(crate) mod tests;
