//! What a server says of a table.

use arrow::datatypes::SchemaRef;

/// A table as it stood when it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub(crate) id: String,
    pub(crate) version: u64,
    pub(crate) schema: SchemaRef,
}

impl Table {
    /// Its identity (Delta `metaData.id`). A table that is made anew under the same name has another.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The version that the schema is taken from.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Its columns, in the Arrow types in which they are sent.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}
