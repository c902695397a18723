//! The commit plane: encoders, file assembly, the commit loop, and what a lost answer means.
//!
//! # Who decides what
//!
//! | question | file |
//! |---|---|
//! | did my put land, when its answer was lost? | [`decide`] |
//! | does the table still show what the cut builds upon? | [`ledger`] |
//! | what is the next thing to do for one cut's commit? | [`attempt`] |
//!
//! These three are state machines and functions without I/O, clock or table format. A shell carries their steps out and
//! tells them what happened; a simulator drives the same code over a model table.

pub mod attempt;
pub mod decide;
pub mod encode;
pub mod ledger;
