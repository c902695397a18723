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
    /// A file that was staged under an earlier claim is removed, whatever the commits say.
    #[cfg(any(test, feature = "canary"))]
    OrphansUnread,
    /// Nobody looks whether the files of a merge are still part of the table.
    #[cfg(any(test, feature = "canary"))]
    IgnoreTouched,
    /// The merged file is deleted when the answer to its put is lost.
    #[cfg(any(test, feature = "canary"))]
    DeleteOutputOnError,
    /// A merge whose answer is lost is taken for failed, and looked at anew.
    #[cfg(any(test, feature = "canary"))]
    RetryOnUnknown,
    /// The merged file is deleted when the table does not show it, though a version may name it.
    #[cfg(any(test, feature = "canary"))]
    DeleteStray,
}

planted! {
    drops_a_file: DropFile;
    removes_orphans_early: OrphansEarly;
    removes_orphans_unread: OrphansUnread;
    ignores_touched: IgnoreTouched;
    deletes_output_on_error: DeleteOutputOnError;
    retries_on_unknown: RetryOnUnknown;
    deletes_strays: DeleteStray;
}
