//! Delta tables, through delta_kernel.
//!
//! | question | file |
//! |---|---|
//! | open, create, look again, checkpoint | [`table`] |
//! | which store and kernel engine a URL means | [`places`] |
//! | the bytes of one commit | [`freeze`] |
//! | which tables are refused | [`support`] |
//! | columns on the wire, in Arrow and in the table | [`columns`] |
//! | the entries of named streams, and of logs | [`streams`], `logs` |
//! | where entries are read from, and what they add up to | `transactions`, `entries` |
//! | whether the table shows a commit that was in doubt | `sight` |
//! | how a table wants to be encoded | [`properties`] |
//! | what a person wants to see, of the table and of a file's footer | [`describe`], [`footer`] |
//! | forgetting a stream | [`forget`] |
//!
//! # The kernel never puts
//!
//! A transaction of delta_kernel ends in a `Committer`. Ours ([`freeze`]) writes nothing: it serialises the actions once,
//! keeps the bytes, and answers "committed", so that the kernel hands out the snapshot that *would* follow. The engine puts
//! the bytes itself, by the rules of [`crate::commit::decide`], and takes that snapshot over only when version N is decided
//! to be ours. So the kernel cannot fail after landing, cannot draw a second id for the same commit, and its result is
//! never taken for what landed. All calls block.

pub mod columns;
pub mod describe;
mod entries;
pub mod footer;
pub mod forget;
pub mod freeze;
mod logs;
pub mod places;
pub mod properties;
mod sight;
pub mod streams;
pub mod support;
pub mod table;
mod transactions;

#[cfg(test)]
mod tests;

pub use table::{DeltaTable, TableError, Version};
