//! Under which claims the logs of a table's shards speak. Pure.
//!
//! A file is named by the claim that its commit will depend upon ([`Origin`]), and once the table shows a higher one the name
//! says that nobody will commit the file. So a claim must not be known longer than it holds: what is given up is built again
//! under new ones, and rows of the cuts behind come before the cut that says which.

use super::ledger::TableView;
use super::staged_name::Origin;
use crate::handover::ShardId;
use crate::handover::cut::CutDone;
use crate::handover::log_part::LogId;
use std::collections::{BTreeMap, BTreeSet};

/// What shards have said in the current generation.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    generation: u64,
    heard: BTreeMap<ShardId, (LogId, u64)>,
    /// Whether rows come without a log, so that no claim names their files.
    without_log: bool,
}

impl Claims {
    /// For a table whose generation is this one.
    pub fn new(generation: u64) -> Self {
        Self { generation, ..Self::default() }
    }

    /// A shard has handed over the end of a cut.
    pub fn hear(&mut self, done: &CutDone) {
        if done.generation != self.generation {
            return;
        }
        if let Some(part) = &done.log {
            self.heard.insert(done.shard, (part.log, part.claim));
        } else {
            self.without_log = true;
        }
    }

    /// What was uncommitted is given up: logs claim the table anew.
    pub fn discarded(&mut self, generation: u64) {
        *self = Self::new(generation);
    }

    /// What the commit of a file will depend upon that begins with rows of this shard, behind this version.
    pub fn origin(&self, shard: ShardId, version: u64) -> Option<Origin> {
        self.heard.get(&shard).map(|(log, claim)| Origin { log: *log, claim: *claim, version })
    }

    /// What a commit upon `view` can depend upon: one of the logs that speak there.
    pub fn origin_upon(&self, view: &TableView) -> Option<Origin> {
        let shown = self.heard.values().find(|(log, claim)| view.log(*log).claim == *claim);
        shown.map(|(log, claim)| Origin { log: *log, claim: *claim, version: view.version })
    }

    /// Whether a file that is begun upon `view`, and not committed, can be told for an orphan some day, as far as anything can. Of a
    /// file that was begun before its log's claim was there nothing could be said, and it would stay for ever.
    pub fn tell_orphans_upon(&self, view: &TableView) -> bool {
        self.without_log || self.shown(view) > 0
    }

    /// How many of them `view` shows.
    pub fn shown(&self, view: &TableView) -> usize {
        self.heard.values().filter(|(log, claim)| view.log(*log).claim == *claim).count()
    }

    /// The logs that were heard of.
    pub fn logs(&self) -> BTreeSet<LogId> {
        self.heard.values().map(|(log, _)| *log).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handover::log_part::{Base, LogEntry, LogPart};
    use std::sync::Arc;

    fn done(generation: u64, claim: u64) -> CutDone {
        let part = LogPart { log: LogId([7; 16]), claim, to: 0, base: Base::Claimed { position: 0 } };
        let (ranges, mints) = (Vec::new(), Vec::new());
        CutDone { shard: ShardId(0), generation, cut: 1, rows: 0, ranges, mints, log: Some(part) }
    }

    #[test]
    fn no_file_is_named_by_a_claim_of_what_was_given_up() {
        let claim = |claims: &Claims| claims.origin(ShardId(0), 4).map(|origin| origin.claim);
        let mut claims = Claims::new(1);
        claims.hear(&done(1, 5));
        assert_eq!(claim(&claims), Some(5));
        claims.discarded(2);
        assert_eq!(claim(&claims), None, "the next claim is not known yet");
        claims.hear(&done(1, 5));
        assert_eq!(claim(&claims), None, "what was on its way does not hold any more");
        claims.hear(&done(2, 6));
        assert_eq!((claim(&claims), claims.logs().len()), (Some(6), 1));
        assert_eq!(claims.origin(ShardId(1), 4), None);
    }

    #[test]
    fn files_wait_for_a_name_that_proves_something_unless_there_is_no_log() {
        let mut claims = Claims::new(1);
        let shown = |logs: &[(LogId, u64)]| {
            let logs = logs.iter().map(|(log, claim)| (*log, LogEntry { claim: *claim, position: 0 })).collect();
            TableView {
                id: "id".into(),
                version: 4,
                schema: "schema".into(),
                streams: Arc::default(),
                logs: Arc::new(logs),
                restored: Arc::default(),
                unsupported: None,
            }
        };
        let (log, nothing) = (LogId([7; 16]), shown(&[]));
        assert!(!claims.tell_orphans_upon(&nothing), "nobody was heard yet");
        claims.hear(&done(1, 5));
        assert!(!claims.tell_orphans_upon(&nothing), "the claim is on its way");
        assert!(!claims.tell_orphans_upon(&shown(&[(log, 4)])), "this one is of the run before");
        assert!(claims.tell_orphans_upon(&shown(&[(log, 5)])));
        let mut claims = Claims::new(1);
        claims.hear(&CutDone { log: None, ..done(1, 0) });
        assert!(claims.tell_orphans_upon(&nothing));
    }
}
