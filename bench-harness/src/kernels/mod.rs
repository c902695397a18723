//! The hot paths as fixed amounts of work on one thread, for who counts their instructions (perf/instructions).
//!
//! A kernel is a [stage](crate::stages) with input that never changes: rows come from a file that `generate` wrote, so that
//! making them costs next to nothing under an instrument that runs fifty times slower than the machine. The first pass, which
//! finds everything new, is not counted; what is counted runs inside one function, `stopwatch::counted`.

mod arguments;
mod batch_step;
mod kernel;
mod run;

pub use arguments::KernelsArguments;
pub use run::run;
