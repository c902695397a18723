//! The engine's configuration.
