//! Making a table.

use super::columns::{columns_of, delta_schema};
use super::freeze::{Freezer, frozen};
use super::table::{DeltaTable, ENGINE_INFO, TableError, Version, commit_path};
use crate::commit::partition::Partitioning;
use crate::store::PutOutcome;
use delta_kernel::schema::StructType;
use delta_kernel::transaction::create_table::create_table;
use delta_kernel::transaction::data_layout::DataLayout;
use lakehead_protocol::schema::Schema;
use std::sync::Arc;

impl DeltaTable {
    /// Makes the table with these columns, unless somebody else did meanwhile; gives the newest version in any case.
    ///
    /// # Errors
    /// When the schema is not one for a table, or the store did not take it for sure.
    pub fn create(&self, wire: &Schema) -> Result<Version, TableError> {
        self.create_with(wire, &[])
    }

    /// The same with table properties, which a table that somebody else made has not.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn create_with(&self, wire: &Schema, properties: &[(&str, &str)]) -> Result<Version, TableError> {
        self.create_partitioned(wire, properties, &[])
    }

    /// The same, partitioned by these columns.
    ///
    /// # Errors
    /// As [`Self::create`], and [`TableError::Unsupported`] when no table can be partitioned so.
    pub fn create_partitioned(
        &self,
        wire: &Schema,
        properties: &[(&str, &str)],
        partition_by: &[String],
    ) -> Result<Version, TableError> {
        let schema = delta_schema(wire).map_err(|error| TableError::Schema(error.to_string()))?;
        partitioned_by(&schema, partition_by)?;
        self.store().prepare().map_err(|error| TableError::Store(error.to_string()))?;
        let (freezer, slot) = Freezer::new();
        // A table that exists already makes the kernel refuse: then there is one to load.
        let builder = create_table(self.url().as_str(), Arc::new(schema), ENGINE_INFO, true)
            .with_table_properties(properties.iter().copied());
        let builder = match partition_by {
            [] => builder,
            columns => builder.with_data_layout(DataLayout::partitioned(columns)),
        };
        match builder.build(self.engine(), freezer) {
            Ok(transaction) => {
                let _provisional = transaction.commit(self.engine())?;
                let bytes = frozen(&slot).ok_or(TableError::Internal("the kernel made no commit"))?;
                if let PutOutcome::Unknown(why) = self.store().put_if_absent(&commit_path(0), &bytes) {
                    return Err(TableError::Store(why));
                }
                self.load()?.ok_or(TableError::Internal("the table that was made is not there"))
            }
            Err(error) => self.load()?.ok_or_else(|| TableError::Schema(error.to_string())),
        }
    }
}

/// How a table with this schema and these partition columns is partitioned, if it is.
pub(super) fn partitioned_by(schema: &StructType, columns: &[String]) -> Result<Option<Partitioning>, TableError> {
    let unsupported = |error: &dyn std::fmt::Display| TableError::Unsupported(error.to_string());
    let arrow = columns_of(schema).map_err(|error| unsupported(&error))?.arrow;
    Partitioning::new(&arrow, columns).map_err(|error| unsupported(&error))
}
