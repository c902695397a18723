//! What names a partition.

use std::sync::Arc;

/// The values of a partition in the words of the table's log, one for each partition column, in their order. A table without
/// partitions is one partition without values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PartitionKey(Arc<[Option<Arc<str>>]>);

impl PartitionKey {
    /// Of these values.
    pub fn new(values: impl IntoIterator<Item = Option<String>>) -> Self {
        Self(values.into_iter().map(|value| value.map(Arc::from)).collect())
    }

    /// The values.
    pub fn values(&self) -> &[Option<Arc<str>>] {
        &self.0
    }
}
