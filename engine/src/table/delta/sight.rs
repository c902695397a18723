//! Whether a table shows a commit whose put was in doubt for long.

use super::describe::has_any_file;
use super::table::{AddedFile, DeltaTable};
use crate::commit::attempt::Plan;
use crate::commit::decide::Sighting;
use crate::commit::ledger::Evidence;

impl DeltaTable {
    /// Whether the newest version of the table `id` shows `plan` and its files. Nobody else has their names, so one of them
    /// will do: the others may have been rewritten since.
    pub fn sight(&self, id: &str, plan: &Plan, files: &[AddedFile]) -> Sighting {
        let found = match self.load() {
            Ok(Some(found)) => found,
            Ok(None) => return Sighting::NotShown("the table is gone".into()),
            Err(error) => return Sighting::Unknown(error.to_string()),
        };
        if !plan.columns.is_empty() {
            // Columns are looked for again, whoever added them.
            return Sighting::NotShown("it adds columns and nothing that is this commit's alone".into());
        }
        let view = found.view();
        if *view.id != *id {
            return Sighting::NotShown("the table was made anew".into());
        }
        if view.version < plan.version {
            return Sighting::NotShown(format!("the table is at version {}", view.version));
        }
        let names = files.iter().map(AddedFile::log_path).collect();
        let file = match (!files.is_empty()).then(|| has_any_file(self, &found, names)).transpose() {
            Ok(file) => file,
            Err(error) => return Sighting::Unknown(error.to_string()),
        };
        match plan.entries.evidence(view, file) {
            Evidence::Shown => Sighting::Shown,
            Evidence::Missing(what) => Sighting::NotShown(format!("version {} does not show its {what}", view.version)),
        }
    }
}
