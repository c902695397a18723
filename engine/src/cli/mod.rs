//! The `lakehead` command line.
//!
//! | command | file |
//! |---|---|
//! | all of them, and their words | [`arguments`] |
//! | `serve` | [`serve`], which asks [`store_check`] first |
//! | `write` | [`mod@write`] |
//! | `table describe`, `table create`, `table encodings` | [`table`], [`columns`] |
//! | `stream list`, `describe`, `forget` | [`stream`] |
//! | `log inspect`, `repair`, `held` | [`log`] |
//! | `config show` | [`mod@config`] |
//! | `demo`, `completions` | [`demo`], [`completions`] |
//!
//! Shared: [`directory_lock`], [`exit`] codes, [`output`], tables with and without an engine ([`served_table`], [`local_table`],
//! [`table_place`]),
//! [`client_args`], [`time`].

pub mod arguments;
pub mod client_args;
pub mod columns;
pub mod completions;
pub mod config;
pub mod demo;
pub mod directory_lock;
pub mod exit;
pub mod local_table;
pub mod log;
pub mod output;
pub mod serve;
pub mod served_table;
pub mod store_check;
pub mod stream;
pub mod table;
pub mod table_place;
pub mod time;
pub mod write;
