//! The engine's configuration: a TOML file, overruled by environment variables, overruled by flags of `serve`.
//!
//! | question | file |
//! |---|---|
//! | which keys are there? | [`keys`]: the only list |
//! | what does a key hold, and how is it written? | [`kind`] |
//! | what does a key hold that nobody set? | [`fallback`] |
//! | where do values come from? | [`mod@file`], [`environment`], [`flags`] |
//! | what holds in the end? | [`effective`], and typed for the engine [`typed`] |
//! | how is it shown? | [`show`] |
//! | which name was meant? | [`nearest`] |

pub mod effective;
pub mod environment;
pub mod error;
pub mod fallback;
pub mod file;
pub mod flags;
pub mod keys;
pub mod kind;
pub mod nearest;
pub mod show;
pub mod typed;

pub use effective::{Effective, Origin};
pub use error::ConfigError;
pub use typed::Config;

#[cfg(test)]
mod tests;
