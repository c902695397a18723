//! The `lakehead` command line.

pub mod arguments;
pub mod demo;
pub mod exit;
pub mod serve;
pub mod table;
pub mod write;
