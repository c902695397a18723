//! What the Rust client does with telemetry before it goes to the network, on one core and without any server.
//!
//! - [`input`]: rows and batches of the same content, all made before the clock starts.
//! - [`path`]: one way through the client, timed.
//! - [`figures`]: what is said about it.
//! - [`document`]: the result file.
//! - [`run`](run()): the command.

mod document;
mod figures;
mod input;
mod path;
mod run;

pub use run::run;
