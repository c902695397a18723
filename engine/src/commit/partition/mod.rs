//! Rows into partitions: what happens to a row group of a partitioned table between the port and the encoders.
//!
//! A shard knows nothing of partitions. Their columns are columns like any other in its one builder, so that positions, cuts
//! and replay are the same for every table, and all partitions of a cut are sealed at its one position. Here a row group
//! falls apart:
//!
//! ```text
//! row group --split--> parts --gathered by partition, within the cut--> join --> encoders --> a file of the partition
//! ```
//!
//! | question | file |
//! |---|---|
//! | which columns name partitions, which stay in the files | [`partitioning`] |
//! | what names one partition | [`partition_key`] |
//! | which rows belong to which | [`split`] |
//! | small parts into one row group | [`join`] |
//! | where the files of a partition lie | [`folder`] |
//!
//! # Invariants
//!
//! - Two values with the same text in the log are one partition: NULL and the empty string, all NaN.
//! - Rows of one partition keep the order in which they came.
//! - Rows of equal values that follow each other cost one comparison each and no hash; a row group of one partition is not
//!   copied.

pub mod folder;
pub mod join;
pub mod partition_key;
pub mod partitioning;
pub mod split;

pub use partition_key::PartitionKey;
pub use partitioning::Partitioning;
pub use split::{Part, SplitError};

#[cfg(test)]
mod tests;
