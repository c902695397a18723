//! Of the engine's room of this name, what logs need.

#[path = "../../src/handover/log_part.rs"]
pub mod log_part;
