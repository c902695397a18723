//! Archives into Arrow columns by bulk copy.
//!
//! A [`table_builder::TableBuilder`] collects the rows of one table on one core. A batch is appended column by column,
//! straight from the archive in the receive buffer: fixed-width values are one copy ([`fixed`]), bits are shifted into
//! place ([`boolean`]), strings are one copy of their bytes and one pass that rebases offsets ([`text`]). Nothing is looked
//! at row by row. Batches were judged before ([`lakehead_protocol::batch_check`]), so appending cannot fail half-way.
//!
//! Sealing turns the buffers into Arrow arrays without copying. One file per family of types.

pub mod boolean;
pub mod column_builder;
pub mod fixed;
pub mod layout;
pub mod table_builder;
pub mod text;
pub mod validity;

#[cfg(test)]
mod tests;
