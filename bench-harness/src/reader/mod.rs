//! A reader outside: a process of its own that looks at a table while a run writes it.
//!
//! It shares nothing with the engine, and no Delta library: it looks for the next version's file in `_delta_log`, reads
//! what it adds, and opens every added Parquet file. A version counts as *seen* when the log entry has been read and each
//! of its files is there in the length that the log gives, with a footer that can be parsed: from then on any reader would
//! get its rows. Only after that moment is written down are the rows' numbers read, from the files' own `ts` column, to
//! learn which rows they are; that work is the instrument's and is not part of anybody's latency.
//!
//! - [`arguments`]: what it is told.
//! - [`watch`]: looking, and saying what is seen.
//! - [`message`]: what it says, a line of JSON each.
//! - [`run`](run()): the process.
//!
//! It ends when its standard input does, after a last look.

mod arguments;
mod message;
mod run;
#[cfg(test)]
mod tests;
mod watch;

pub use arguments::ReaderArguments;
pub use message::{Ended, Message, SeenVersion};
pub use run::run;
