//! Delta tables, through delta_kernel.
//!
//! | question | file |
//! |---|---|
//! | open, look again, checkpoint; create | [`table`], `creating` |
//! | the bytes of one commit, and the files in it | [`freeze`], `add_files` |
//! | which store and kernel engine a URL means | [`places`] |
//! | which tables are refused | [`support`] |
//! | features that a protocol lists and nothing uses | `idle_features` |
//! | which statistics files get | `statistics` |
//! | properties of new tables | [`new_table`] |
//! | columns on the wire, in Arrow and in the table | [`columns`] |
//! | their names and ids in files of tables that map columns | [`mapping`] |
//! | the entries of named streams, and of logs | [`streams`], `logs` |
//! | where entries are read from, and what they add up to | `transactions`, `entries` |
//! | whether the table shows a commit that was in doubt | `sight` |
//! | what the log calls a value that names a partition | [`partition_value`] |
//! | whether new columns are wanted, and the commit that adds them | [`evolve`] |
//! | how a table wants to be encoded | [`properties`] |
//! | what a person wants to see, of the table and of a file's footer | [`describe`], [`footer`] |
//! | forgetting a stream | [`forget`] |
//! | for upkeep: live files, what is in the folder, what commits did | [`live_files`], [`folder`], [`commit_actions`] |
//! | for upkeep: the table's wishes, reading a data file, the commit of a merge | [`upkeep_terms`], [`stored_file`], [`merging`] |
//!
//! # The kernel never puts
//!
//! A transaction of delta_kernel ends in a `Committer`. Ours ([`freeze`]) writes nothing: it serialises the actions once,
//! keeps the bytes, and answers "committed", so that the kernel hands out the snapshot that *would* follow. The engine puts
//! the bytes itself, by the rules of [`crate::commit::decide`], and takes that snapshot over only when version N is decided
//! to be ours. So the kernel cannot fail after landing, cannot draw a second id for the same commit, and its result is
//! never taken for what landed. All calls block.

mod add_files;
pub mod columns;
pub mod commit_actions;
mod creating;
pub mod describe;
mod entries;
pub mod evolve;
pub mod folder;
pub mod footer;
pub mod forget;
pub mod freeze;
mod idle_features;
pub mod live_files;
mod logs;
pub mod mapping;
pub mod merging;
pub mod new_table;
pub mod partition_value;
pub mod places;
pub mod properties;
mod scan;
mod sight;
mod statistics;
pub mod stored_file;
pub mod streams;
pub mod support;
pub mod table;
mod transactions;
pub mod upkeep_terms;

#[cfg(test)]
mod tests;

pub use table::{DeltaTable, TableError, Version};
