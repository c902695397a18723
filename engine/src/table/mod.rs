//! Table formats: Delta.
