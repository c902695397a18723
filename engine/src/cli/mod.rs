//! The `lakehead` command line.
