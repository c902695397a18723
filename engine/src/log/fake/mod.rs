//! A disk for tests and simulations: it keeps, loses, tears and reorders what was not synced, and carries a log's actions out
//! one small step at a time.

pub mod disk;
pub mod files;

pub use disk::{Disk, Name, Random};
pub use files::Files;
