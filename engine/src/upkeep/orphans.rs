//! Which data files were staged for nothing. Pure.
//!
//! A process that dies leaves files that it had staged and not committed. Whether a file is one of them is proven by the
//! table alone: its name says under which claim of which log it was begun, and behind which version
//! ([`Origin`]). Every commit of it is made upon a version that shows this claim. Once a
//! version shows a higher one, none can come any more; and the commits between the two versions name it or they do not.
//! Where one of these commits cannot be read any more nothing is proven, and the file stays. Nor is it where the commit before
//! them is gone: what stands behind it may be no part of the table, but a put that came when the version had been cleaned away.

use super::canary::Canary;
use crate::commit::staged_name::Origin;
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

/// What a commit says of staged files and claims.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Witness {
    /// Names, without folders, of the files that it adds.
    pub added: BTreeSet<String>,
    /// Claims of logs that it makes.
    pub claims: BTreeMap<crate::handover::log_part::LogId, u64>,
}

/// What is known of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its commit may still come.
    Open,
    /// A commit names it.
    Named,
    /// No commit names it, and none ever will.
    Orphan,
    /// The commits that would tell are gone.
    Unknown,
}

/// What is known of the file `name`, when the newest version of the table shows `claim_shown` for its log. `witness` gives
/// what a version's commit says, or nothing for one that cannot be read.
pub fn judge<W: Borrow<Witness>, E>(
    name: &str,
    origin: &Origin,
    claim_shown: u64,
    canary: Canary,
    mut witness: impl FnMut(u64) -> Result<Option<W>, E>,
) -> Result<Standing, E> {
    if claim_shown <= origin.claim && !canary.removes_orphans_early() {
        return Ok(Standing::Open);
    }
    if canary.removes_orphans_unread() {
        return Ok(Standing::Orphan);
    }
    for version in origin.version + 1.. {
        let said = match witness(version)? {
            Some(said) => said,
            None if canary.removes_orphans_early() => return Ok(Standing::Orphan),
            None => return Ok(Standing::Unknown),
        };
        let said = said.borrow();
        if said.added.contains(name) {
            return Ok(Standing::Named);
        }
        if said.claims.get(&origin.log).is_some_and(|claim| *claim > origin.claim) {
            // Logs are cleaned from their beginning, so what was read is the table's own when this is still there.
            let is_whole = witness(origin.version)?.is_some();
            return Ok(if is_whole { Standing::Orphan } else { Standing::Unknown });
        }
    }
    Ok(Standing::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handover::log_part::LogId;
    use std::convert::Infallible;

    const LOG: LogId = LogId([7; 16]);

    fn judged(claim_shown: u64, commits: &[(&[&str], Option<u64>)]) -> Standing {
        judged_behind(10, claim_shown, commits)
    }

    /// With commits behind version 10, and those from `kept` on there.
    fn judged_behind(kept: u64, claim_shown: u64, commits: &[(&[&str], Option<u64>)]) -> Standing {
        let origin = Origin { log: LOG, claim: 5, version: 10 };
        let known: &[(&[&str], Option<u64>)] = &[(&[], None)];
        let commits = [known, commits].concat();
        let witness = |version: u64| {
            let said = commits.get(version as usize - 10).filter(|_| version >= kept);
            Ok::<_, Infallible>(said.map(|(added, claim)| Witness {
                added: added.iter().map(|name| (*name).to_owned()).collect(),
                claims: claim.iter().map(|claim| (LOG, *claim)).collect(),
            }))
        };
        judge("file", &origin, claim_shown, Canary::None, witness).unwrap()
    }

    #[test]
    fn only_a_higher_claim_behind_commits_that_can_all_be_read_proves_an_orphan() {
        assert_eq!(judged(5, &[(&[], None), (&[], None)]), Standing::Open, "its commit may be on its way");
        assert_eq!(judged(6, &[(&["x"], None), (&["file"], None), (&[], Some(6))]), Standing::Named);
        assert_eq!(judged(6, &[(&["x"], None), (&["y"], Some(5)), (&[], Some(6))]), Standing::Orphan);
        assert_eq!(judged(6, &[(&["file"], Some(6))]), Standing::Named, "whatever else its commit says");
        assert_eq!(judged(6, &[(&["x"], None)]), Standing::Unknown, "the commit with the claim is gone");
    }

    #[test]
    fn a_commit_that_came_after_its_version_was_cleaned_away_proves_nothing() {
        let late: &[(&[&str], Option<u64>)] = &[(&[], Some(6))];
        assert_eq!(judged_behind(10, 6, late), Standing::Orphan);
        assert_eq!(
            judged_behind(11, 6, late),
            Standing::Unknown,
            "the file may be in the commit that was there before"
        );
    }
}
