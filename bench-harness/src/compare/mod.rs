//! Two engines in turns: is B worse than A?
//!
//! Each turn is a fresh engine process on a fresh folder under the same load, A B B A, so that a machine that grows slower over
//! the run meets both alike. Or, with `--stage`, one stage alone, by the load generator that stands beside each engine: what a
//! stage has lost is plain there and lost in the noise of the whole.
//!
//! - [`side`]: what A and B are. [`engine`]: a process of an engine. [`turn`]: one turn.
//! - [`metric`]: what is compared, and which way is better. [`verdict`]: what the turns say, without any I/O.
//! - [`document`]: what is said about it. [`run`](run()): the command.

mod arguments;
mod document;
pub mod engine;
mod error;
mod metric;
mod run;
mod side;
mod turn;
mod verdict;

pub use arguments::CompareArguments;
pub use error::CompareError;
pub use run::run;
pub use side::{Side, beside_this};
pub use turn::{Figures, load};
pub use verdict::{middle, spread};
