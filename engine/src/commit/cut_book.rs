//! Numbers of cuts and generations, and who has answered. Pure; [`crate::handover`] says what they mean.

use super::ledger::{LogProposal, Proposal};
use crate::handover::ShardId;
use crate::handover::cut::CutDone;
use std::collections::BTreeSet;

/// One table's cuts.
#[derive(Debug, Clone)]
pub struct CutBook {
    generation: u64,
    next_cut: u64,
    /// Shards that have the table open.
    members: BTreeSet<ShardId>,
    gathering: Option<Gathering>,
}

#[derive(Debug, Clone)]
struct Gathering {
    cut: u64,
    waiting_for: BTreeSet<ShardId>,
    members: BTreeSet<ShardId>,
    proposal: Proposal,
}

/// A cut that all its shards have answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatheredCut {
    pub cut: u64,
    /// The shards that it is from.
    pub members: BTreeSet<ShardId>,
    pub proposal: Proposal,
}

/// What became of a [`CutDone`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gathered {
    /// It belongs to what was given up: ignored.
    Stale,
    /// Others are still to answer.
    Partly,
    Whole(GatheredCut),
}

impl Default for CutBook {
    fn default() -> Self {
        Self { generation: 1, next_cut: 1, members: BTreeSet::new(), gathering: None }
    }
}

impl CutBook {
    /// Current generation.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The cut that will be asked for next.
    pub fn next_cut(&self) -> u64 {
        self.next_cut
    }

    /// Shards that have the table open.
    pub fn members(&self) -> impl Iterator<Item = ShardId> + '_ {
        self.members.iter().copied()
    }

    /// `shard` opens the table: it takes part from the next cut on.
    pub fn join(&mut self, shard: ShardId) {
        self.members.insert(shard);
    }

    /// Whether a cut has been asked for and not all have answered.
    pub fn is_gathering(&self) -> bool {
        self.gathering.is_some()
    }

    /// Begins the next cut; gives its number, to be asked of every member. `None` while one is being gathered, or when
    /// nobody has the table open.
    pub fn ask(&mut self) -> Option<u64> {
        if self.gathering.is_some() || self.members.is_empty() {
            return None;
        }
        let cut = self.next_cut;
        self.next_cut += 1;
        let members = self.members.clone();
        self.gathering = Some(Gathering { cut, waiting_for: members.clone(), members, proposal: Proposal::default() });
        Some(cut)
    }

    /// Whether rows of this generation and cut are still wanted.
    pub fn accepts(&self, generation: u64, cut: u64) -> bool {
        let first = self.gathering.as_ref().map_or(self.next_cut, |gathering| gathering.cut);
        generation == self.generation && (first..=self.next_cut).contains(&cut)
    }

    /// A shard has answered.
    pub fn done(&mut self, done: CutDone) -> Gathered {
        let matches = |gathering: &Gathering| gathering.cut == done.cut && done.generation == self.generation;
        let Some(mut gathering) = self.gathering.take_if(|gathering| matches(gathering)) else {
            return Gathered::Stale;
        };
        if gathering.waiting_for.remove(&done.shard) {
            gathering.proposal.rows += done.rows;
            gathering.proposal.ranges.extend(done.ranges);
            gathering.proposal.mints.extend(done.mints);
            gathering.proposal.logs.extend(done.log.map(|part| LogProposal { part, rows: done.rows }));
        }
        if gathering.waiting_for.is_empty() {
            let Gathering { cut, members, proposal, .. } = gathering;
            return Gathered::Whole(GatheredCut { cut, members, proposal });
        }
        self.gathering = Some(gathering);
        Gathered::Partly
    }

    /// Everything uncommitted is given up; gives the new generation and the next cut's number.
    pub fn discard(&mut self) -> (u64, u64) {
        self.gathering = None;
        self.generation += 1;
        (self.generation, self.next_cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(shard: u16, generation: u64, cut: u64, rows: u64) -> CutDone {
        CutDone { shard: ShardId(shard), generation, cut, rows, ranges: vec![], mints: vec![], log: None }
    }

    #[test]
    fn a_cut_is_whole_when_all_who_were_asked_have_answered() {
        let mut book = CutBook::default();
        assert_eq!(book.ask(), None, "nobody there");
        book.join(ShardId(0));
        book.join(ShardId(1));
        assert_eq!(book.ask(), Some(1));
        assert_eq!(book.ask(), None, "one at a time");
        // Who joins meanwhile belongs to the next cut.
        book.join(ShardId(2));
        assert_eq!(book.done(done(0, 1, 1, 5)), Gathered::Partly);
        assert_eq!(book.done(done(0, 1, 1, 5)), Gathered::Partly, "a repeat counts once");
        assert_eq!(book.done(done(1, 1, 2, 5)), Gathered::Stale);
        assert!(book.accepts(1, 1) && book.accepts(1, 2) && !book.accepts(1, 3) && !book.accepts(0, 1));
        let Gathered::Whole(whole) = book.done(done(1, 1, 1, 6)) else { panic!("not whole") };
        assert_eq!((whole.cut, whole.proposal.rows, whole.members.len()), (1, 11, 2));
        assert!(book.accepts(1, 2) && !book.accepts(1, 1));
        assert_eq!(book.ask(), Some(2));
    }

    #[test]
    fn what_is_given_up_is_not_listened_to() {
        let mut book = CutBook::default();
        book.join(ShardId(0));
        assert_eq!(book.ask(), Some(1));
        assert_eq!(book.discard(), (2, 2));
        assert_eq!(book.done(done(0, 1, 1, 5)), Gathered::Stale);
        assert!(!book.accepts(1, 2) && book.accepts(2, 2) && !book.is_gathering());
        assert_eq!(book.ask(), Some(2));
        assert!(matches!(book.done(done(0, 2, 2, 1)), Gathered::Whole(_)));
    }
}
