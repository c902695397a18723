//! Upkeep: what keeps a table that is written every second easy to read.
//!
//! | what | file |
//! |---|---|
//! | which small files become one | [`planner`] |
//! | which files of the log are expired | [`log_cleanup`] |
//! | which data files were staged for nothing | [`orphans`] |
//! | when a table is looked at | [`pace`] |
//! | bytes in a second | [`throttle`] |
//! | whether the files of a merge are as they were | [`inputs`] |
//! | a merge's way into the table | [`merge_attempt`] |
//!
//! These are functions and state machines without I/O and clock. What carries them out:
//!
//! | what | file |
//! |---|---|
//! | the one thread, at the lowest priority | [`worker`], with [`hands`] that wait for the bound and count what it costs |
//! | one look at a table | [`mod@round`] |
//! | several files into one | [`rewrite`]; older files in today's types: [`conform`] |
//! | a merge's commit | [`drive`] |
//!
//! Checkpoints are not made here but by the table's task, after its commits.
//!
//! # Off the data path
//!
//! A look reads and writes files on the worker's thread and touches no commit. When it has merged files, the table's task
//! ([`crate::commit::table_task`]) commits that when it has nothing better to do: no cut is ready and no other commit is in
//! flight. So nothing of ours is ever put beside it.
//!
//! # Invariants
//!
//! - A merge changes no rows: files out and the file with their rows in are one commit, which is made only upon a version of
//!   which all of the files are still part, as they were read. Whoever deleted, rewrote or altered something meanwhile wins;
//!   the merged file is deleted. So no row that somebody deleted comes back.
//! - A file is deleted only when it is certain that no version names it: after a decision that was lost, or by the proof in
//!   [`orphans`]. While the answer to a put is unknown it stays.
//! - Several engines may keep one table: nothing is shared but the table, where the first to commit wins. Who sees another's
//!   merge leaves the table to it for a while ([`pace::YIELD_MS`]).

pub mod canary;
pub mod conform;
pub mod drive;
pub mod hands;
pub mod inputs;
pub mod log_cleanup;
pub mod merge_attempt;
pub mod orphans;
pub mod pace;
pub mod planner;
pub mod rewrite;
pub mod round;
pub mod settings;
pub mod throttle;
pub mod worker;

pub use settings::Settings;
pub use worker::Worker;

#[cfg(test)]
mod tests;
