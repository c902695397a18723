//! What the fuzz targets share.
//!
//! A target gets bytes from nowhere and must end without a panic, whatever they are. What stands behind a checksum is fuzzed
//! apart from it, or with checksums that are made to fit: a fuzzer would hardly ever guess one, so behind it nothing would
//! be tested.
//!
//! The engine's rooms that read logs are compiled here by themselves, from the engine's own files: they are pure, and the
//! engine's dependencies would have the targets build for many minutes.

pub mod aligned;
pub mod allocation;
pub mod assembled;
pub mod memory_disk;
pub mod pieces;
pub mod rot;
pub mod seeds;
pub mod written;

pub mod handover;
#[path = "../../src/log/mod.rs"]
pub mod log;
pub mod log_directory;
#[path = "../../src/planted.rs"]
mod planted;
pub mod shard;
