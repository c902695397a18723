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
    // Logs are cleaned from their beginning. Where this is gone, what was read may have been put after that, and no part of
    // the table.
    if newest > checked && commit(checked)?.is_none() {
        return Ok(Inputs::Touched(format!("the commit of version {checked} is gone")));
    }
    Ok(Inputs::Live)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    /// What becomes of file `a`, which was part of version 4, in these commits, of which those from `kept` on are there.
    fn judged(kept: u64, commits: &[CommitActions]) -> Inputs {
        let commit = |version: u64| {
            let known = CommitActions { added: vec!["a".to_owned()], ..CommitActions::default() };
            let there = (version >= kept).then_some(version);
            Ok::<_, Infallible>(there.and_then(|version| match version {
                4 => Some(known),
                behind => commits.get(behind as usize - 5).cloned(),
            }))
        };
        inputs(&BTreeSet::from(["a".into()]), 4, 4 + commits.len() as u64, commit).unwrap()
    }

    #[test]
    fn files_are_live_as_long_as_every_commit_behind_is_known_to_leave_them_alone() {
        let adds = |path: &str| CommitActions { added: vec![path.to_owned()], ..CommitActions::default() };
        let removes = |path: &str| CommitActions { removed: vec![path.to_owned()], ..CommitActions::default() };
        let alters = CommitActions { redefines: true, ..CommitActions::default() };
        assert_eq!(judged(9, &[]), Inputs::Live, "nothing is behind");
        assert_eq!(judged(4, &[adds("b"), removes("c")]), Inputs::Live);
        for touching in [removes("a"), adds("a"), alters] {
            assert!(matches!(judged(4, &[adds("b"), touching]), Inputs::Touched(_)));
        }
        assert!(matches!(judged(6, &[adds("b"), adds("c")]), Inputs::Touched(_)), "version 5 is gone");
        assert!(
            matches!(judged(5, &[adds("b")]), Inputs::Touched(_)),
            "version 5 may have come after it was cleaned away"
        );
    }
}
