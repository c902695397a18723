//! Logs as files: which logs an engine has, and what is read from them before it starts.
//!
//! ```text
//! <data_dir>/log/manifest.json                     run number, logs of the cores in order, logs that only drain
//! <data_dir>/log/<log id>/000000000001.segment     segments, by number
//! <data_dir>/log/<log id>/spare-000000000004       files of zeros, or segments that nobody needs any more
//! ```
//!
//! What a block or a segment holds is [`crate::log`]'s business; what is written while the engine runs is the reactor's.
//! Here is what happens before that: [`open()`] numbers the run, recovers every log, makes what survived durable before
//! anybody builds on it, and says which core serves which log. Calls block.
//!
//! Without an engine, logs are looked at ([`snapshot`], [`contents`]; beside a running one, too) and changed
//! ([`amending`], whose changes [`blocking`] carries out on a [`std_disk`]).

pub mod amending;
pub mod blocking;
pub mod contents;
pub mod disk;
pub mod error;
pub mod manifest;
pub mod names;
pub mod open;
pub mod snapshot;
pub mod std_disk;
pub mod undrained;

pub use error::OpenError;
pub use open::{LogOrigin, LogStart, Opened, open};
