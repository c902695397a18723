//! Of the engine's room of this name, the manifest.

#[path = "../../src/log_directory/error.rs"]
pub mod error;
#[path = "../../src/log_directory/manifest.rs"]
pub mod manifest;
