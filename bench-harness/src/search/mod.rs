//! The highest rate that keeps a latency below a bound.
//!
//! Short open-loop runs against a server that is running, each with streams of its own: rates are doubled or halved until one
//! keeps the bound and another does not, then the interval between them is halved, and the best rate is run again. One run
//! that misses the bound proves little on a machine that others use: it is repeated, and two of three decide. A rate at
//! which the engine pushed back misses the bound. One that the generator cannot offer ends the search above it, and the
//! result says so.
//!
//! - [`arguments`]: what is asked for.
//! - [`bound`]: a promise, a percentile, a limit.
//! - [`decision`]: which rate to try next, from answers alone.
//! - [`probe`]: one run, as an answer.
//! - [`document`]: the result file.
//! - [`mod@search`]: the order of things.

mod arguments;
mod bound;
mod decision;
mod document;
mod probe;
#[expect(clippy::module_inception, reason = "the verb of this room")]
mod search;
#[cfg(test)]
mod tests;

pub use arguments::SearchArguments;
pub use search::{Found, search};
