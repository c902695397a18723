//! What is appended from archives reads back equal, however it was cut into batches and trimmed.
//!
//! [`value`] is the model: rows as plain values. [`generate`] makes random tables, rows, and batches that stand for them.

pub mod generate;
pub mod value;

mod additions;
mod dictionaries;
mod flat;
mod layout;
mod trees;
mod wider;
