//! Rows of a version, read as any reader would.

use super::table::{DeltaTable, TableError, Version};
use delta_kernel::expressions::PredicateRef;
use delta_kernel::{EngineData, KernelError};

impl DeltaTable {
    /// These columns of the version's rows, in batches. Files that the predicate leaves nothing of are left out; other rows that
    /// it does not want may be there.
    ///
    /// # Errors
    /// When the table has no such columns, or cannot be read.
    pub fn scan(
        &self,
        version: &Version,
        columns: &[&str],
        predicate: PredicateRef,
    ) -> Result<impl Iterator<Item = Result<Box<dyn EngineData>, KernelError>>, TableError> {
        let schema = version.snapshot.schema().project(columns)?;
        let scan = version.snapshot.clone().scan_builder().with_schema(schema).with_predicate(predicate).build()?;
        Ok(scan.execute(self.shared_engine())?)
    }
}
