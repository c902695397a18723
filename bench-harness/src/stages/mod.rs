//! Each stage of a row's path alone on one core, by the engine's own functions, and their sum: the *stage floor*.
//!
//! ```text
//! receive  checksum  decode  admission  append  log block  log write  seal  encode  file
//! ```
//!
//! What the whole engine spends on a GB of rows, divided by the floor of the same machine in the same hour, says how much of
//! it is not the work itself: waiting, switching, moving between caches.
//!
//! - [`input`]: frames and row groups, made before any clock starts.
//! - [`stage`]: what a stage is; [`stopwatch`] what is counted of it; [`measure`] how often.
//! - [`receive`], [`checksum`], [`decode`], [`admission`], [`append`], [`log_block`], [`log_write`], [`seal`], [`encode`],
//!   [`mod@file`]: the stages.
//! - [`admitted`]: a shard with a stream that is welcome, for those who need one; [`pretended_disk`] is a log's.
//! - [`figures`], [`document`]: what is said about it. [`run`](run()): the command.

pub mod admission;
pub mod admitted;
pub mod append;
mod arguments;
mod checksum;
pub mod decode;
mod document;
pub mod encode;
mod error;
mod figures;
mod file;
pub mod input;
pub mod log_block;
mod log_write;
mod measure;
mod name;
mod pinned;
mod pretended_disk;
mod receive;
mod run;
mod seal;
mod stage;
pub mod stopwatch;
#[cfg(test)]
mod tests;

pub use arguments::{Codec, StagesArguments};
pub use error::StageError;
pub use input::Input;
pub use name::StageName;
pub use run::run;
pub use stage::Stage;
pub use stopwatch::Stopwatch;
