//! Rows that producers have as serde values, as columns under construction.
//!
//! A serde `Serializer` of our own writes each value straight into the typed buffer of its column: no value tree, no row
//! object, no allocation per row. A schema is a tree of [`column::Column`]s, the row itself a struct column without a name;
//! sealing takes the buffers as Arrow arrays without looking at a row again.
//!
//! # Invariants
//!
//! - A row is there whole or not at all. Nothing is noted down for it: lengths and offsets of the rows before say where each
//!   buffer has to be cut when a row fails, however deep in it.
//! - [`written::Written`] is the proof that a column got exactly one value; only the serializers here make one, so a
//!   `Serialize` implementation cannot claim what it did not do.
//! - Values are kept or refused, never changed: integers that fit, decimals without a lost digit, floats that mean the same
//!   in fewer bits. Only timestamps finer than a microsecond are cut, as they are in batches.
//! - A column that is NULL or absent costs nothing until it is: validity is made by the first NULL.
//!
//! # Where to look
//!
//! | question | file |
//! |---|---|
//! | what the client calls | `row_columns` |
//! | buffers of a column, NULLs, cutting back | `column`, `values`, `validity`, `bytes` |
//! | which value is stored how, and which is refused | `store`, `decimal`, `time`, `refusal` |
//! | serde's side | `serializer`, `entries`, `elements`, `variant`, `name`, `byte`, `refuse` |
//! | which field is which column | `fields` |
//! | plain or dictionary-encoded text | `text`, `dictionary`, `hash` |
//! | Arrow arrays | `seal` |

mod byte;
mod bytes;
mod column;
mod decimal;
mod dictionary;
mod elements;
mod entries;
mod fields;
mod hash;
mod name;
mod refusal;
mod refuse;
mod row_columns;
mod seal;
mod serializer;
mod store;
mod text;
mod time;
mod validity;
mod values;
mod variant;
mod written;

pub(crate) use row_columns::RowColumns;

#[cfg(test)]
mod tests;
