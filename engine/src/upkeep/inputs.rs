//! Whether the files of a merge are as they were when it was planned. Pure.

use crate::table::delta::commit_actions::CommitActions;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Whether a merge's files are as they were when it was planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inputs {
    /// All of them are part of the version that was looked at.
    Live,
    /// Somebody did something about them, or nobody can say.
    Touched(String),
}

/// What became of the files at `paths` in the versions behind `checked`, up to `newest`.
/// `commit` gives what a version's commit did, or nothing for one that cannot be read any more.
///
/// # Errors
/// The first of `commit`.
pub fn inputs<E>(
    paths: &BTreeSet<Arc<str>>,
    checked: u64,
    newest: u64,
    mut commit: impl FnMut(u64) -> Result<Option<CommitActions>, E>,
) -> Result<Inputs, E> {
    for version in checked + 1..=newest {
        let Some(commit) = commit(version)? else {
            return Ok(Inputs::Touched(format!("the commit of version {version} is gone")));
        };
        if let Some(path) = commit.touched(paths) {
            return Ok(Inputs::Touched(format!("version {version} removes or replaces {path}")));
        }
        if commit.redefines {
            return Ok(Inputs::Touched(format!("version {version} alters the table")));
        }
    }
    Ok(Inputs::Live)
}
