//! New columns: whether the table wants them, and the bytes of the commit that adds them.
//!
//! Such a commit is an ALTER TABLE ADD COLUMN: metadata and nothing else. It is frozen like any other and decided like any other,
//! so that of two writers that add the same column one loses the race and finds it there.

use super::columns::delta_schema;
use super::freeze::{Freezer, Slot};
use super::table::{DeltaTable, ENGINE_INFO, TableError, Version};
use crate::columns::additions::Addition;
use crate::handover::evolve::{EVOLVE_PROPERTY, EvolvePolicy};
use delta_kernel::expressions::ColumnName;
use delta_kernel::transaction::{Transaction, UpdateTableOperation};

impl Version {
    /// The table's way with new columns; `fallback` where it says nothing, or nothing that is known here.
    pub fn evolve_policy(&self, fallback: EvolvePolicy) -> EvolvePolicy {
        match self.snapshot.metadata_configuration().get(EVOLVE_PROPERTY).map(|name| name.parse::<EvolvePolicy>()) {
            None => fallback,
            Some(Ok(policy)) => policy,
            Some(Err(unknown)) => {
                tracing::warn!(
                    "the table property {EVOLVE_PROPERTY} is ignored: {unknown}; the table's way is {fallback}"
                );
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
