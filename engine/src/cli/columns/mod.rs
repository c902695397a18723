//! A table's columns as people write them: `id bigint not null, tags array<string>, pos struct<x: double, y: double>`.
//!
//! [`parse`] reads that, [`mod@print`] writes it, [`same`] compares columns.

pub mod parse;
pub mod print;
pub mod same;
mod words;

#[cfg(test)]
mod tests;
