//! The engine beside what writes the same rows in process: delta-rs, pyarrow and DuckDB, in turns.
//!
//! A peer is a Python program (`peer.py`) in a process of its own, in the repository's virtual
//! environment. It holds the rows as Arrow batches before its clock starts, as the load generator does for the engine.
//!
//! - [`python`]: which Python. [`peer`]: a peer and its turn. [`document`]: what is said. [`run`](run()): the command.

mod arguments;
mod document;
mod peer;
mod python;
mod run;

pub use arguments::PeersArguments;
pub use run::run;
