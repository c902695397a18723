//! Options of `run` and `search` from a file.
//!
//! A scenario is a TOML file of one level: its keys are the options' long names, with `_` or `-` between words, and its values
//! what the command line would say; a flag is `true`. `description` is for people. The file stands for the same options
//! written before all others on the command line, so whatever is given there holds against it. A key that is no option is
//! refused, with the nearest one that is.
//!
//! - [`expand`]: a command line with a scenario, as one without.
//! - [`mod@file`]: reading a scenario.
//! - [`nearest`]: the name that was probably meant.

mod expand;
mod file;
mod nearest;
#[cfg(test)]
mod tests;

pub use expand::expanded;
