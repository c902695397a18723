//! `lakehead log`: what the logs of a data directory hold, and what a person decides about it.
//!
//! | command | file | engine |
//! |---|---|---|
//! | `inspect` | [`inspect`], [`inspect_text`], [`inspect_json`] | may run |
//! | `repair` | [`repair`] | must be stopped |
//! | `held` | [`held`] | may run |
//! | `held export` | [`export`], [`rows`] | may run |
//! | `held discard` | [`discard`] | must be stopped |
//! | `held accept` | [`accept`] | must be stopped |
//!
//! Shared: [`place`] (which logs), [`reading`] (looking at one that may change), [`kept`] (what a log keeps for a table),
//! [`judging`] (whether a table can go on), [`offsets`], [`columns`], [`error`].

mod accept;
mod arguments;
mod columns;
mod discard;
mod error;
mod export;
mod held;
mod inspect;
mod inspect_json;
mod inspect_text;
mod judging;
mod kept;
mod offsets;
mod place;
mod reading;
mod repair;
mod rows;

pub use arguments::{LogArguments, run};
