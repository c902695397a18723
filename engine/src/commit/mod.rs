//! The commit plane: encoders, file assembly, the commit loop, and what a lost answer means.
//!
//! # Who decides what
//!
//! | question | file |
//! |---|---|
//! | did my put land, when its answer was lost? | [`decide`] |
//! | does the table still show what the cut builds upon? | [`ledger`] |
//! | what is the next thing to do for one cut's commit? | [`attempt`] |
//! | why is a table closed, and what is a person told? | [`stop`] |
//!
//! These three are state machines and functions without I/O, clock or table format. A shell carries their steps out and
//! tells them what happened; a simulator drives the same code over a model table.
//!
//! | question | file |
//! |---|---|
//! | who starts the threads, takes requests? | [`plane`] |
//! | which tables are open? | [`directory`]; one is opened by [`opening`] |
//! | what does one table do all day? | [`table_task`], with [`cut_book`] for numbers, [`pace`], [`rhythm`] and [`retries`] for times |
//! | how do row groups become a durable file? | [`encode`], [`open_cut`], [`staged_file`]; named by [`staged_name`], [`claims`] |
//! | who carries an attempt's steps out? | [`drive`] |
//! | where do rows go that the table cannot hold? | [`rejects`] |

pub mod attempt;
pub mod canary;
pub mod claims;
pub mod context;
pub mod cut_book;
pub mod decide;
pub mod directory;
pub mod drive;
pub mod encode;
pub mod in_order;
pub mod ledger;
pub mod open_cut;
mod open_partition;
pub mod opening;
pub mod pace;
pub mod partition;
pub mod plane;
pub mod rejects;
pub mod retries;
pub mod rhythm;
pub mod settings;
pub mod staged_file;
pub mod staged_name;
pub mod stop;
pub mod table_task;

pub use context::ShardMailbox;
pub use plane::{CommitPlane, Requester, StartError};
pub use settings::Settings;
