//! Planted faults, which the tests must notice. Without the feature `canary` there is only [`Canary::None`].

use crate::planted::planted;

/// A planted fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Canary {
    /// No fault.
    #[default]
    None,
    /// A merge leaves the rows of its last file out.
    #[cfg(any(test, feature = "canary"))]
    DropFile,
    /// A staged file that no commit names yet is removed at once.
    #[cfg(any(test, feature = "canary"))]
    OrphansEarly,
    /// Nobody looks whether the files of a merge are still part of the table.
    #[cfg(any(test, feature = "canary"))]
    IgnoreTouched,
    /// The merged file is deleted when the answer to its put is lost.
    #[cfg(any(test, feature = "canary"))]
    DeleteOutputOnError,
}

planted! {
    drops_a_file: DropFile;
    removes_orphans_early: OrphansEarly;
    ignores_touched: IgnoreTouched;
    deletes_output_on_error: DeleteOutputOnError;
}
