//! New columns: whether the table wants them, and the bytes of the commit that adds them.
//!
//! Such a commit is an ALTER TABLE ADD COLUMN: metadata and nothing else. It is frozen like any other and decided like any other,
//! so that of two writers that add the same column one loses the race and finds it there.

use super::columns::delta_schema;
use super::freeze::{Freezer, Slot};
use super::table::{DeltaTable, ENGINE_INFO, TableError, Version};
use crate::columns::additions::Addition;
use crate::handover::policy::{Policy, parse};
use delta_kernel::expressions::ColumnName;
use delta_kernel::transaction::{Transaction, UpdateTableOperation};

impl Version {
    /// The table's policy; `fallback` where it says nothing, or nothing that is known here.
    pub fn policy<P: Policy>(&self, fallback: P) -> P {
        match self.snapshot.metadata_configuration().get(P::PROPERTY).map(|name| parse::<P>(name)) {
            None => fallback,
            Some(Ok(policy)) => policy,
            Some(Err(unknown)) => {
                let property = P::PROPERTY;
                tracing::warn!("the table property {property} is ignored: {unknown}; the table's way is {fallback}");
                fallback
            }
        }
    }
}

impl DeltaTable {
    /// A transaction upon `known` that adds columns, and where its bytes will be.
    ///
    /// # Errors
    /// When the table cannot have such columns.
    pub(super) fn alter(&self, known: &Version, columns: &[Addition]) -> Result<(Transaction, Slot), TableError> {
        let (freezer, slot) = Freezer::new();
        let mut builder = known.snapshot.clone().update_table(UpdateTableOperation::AlterTable, ENGINE_INFO, false);
        for addition in columns {
            let schema = delta_schema(&addition.column).map_err(|error| TableError::Schema(error.to_string()))?;
            for field in schema.fields() {
                builder = builder.add_column_at(ColumnName::new(addition.parent.iter().cloned()), field.clone());
            }
        }
        Ok((builder.build(self.engine(), freezer)?, slot))
    }
}
