//! What a table's task knows, what it gives up, and whom it tells.

use super::{Around, Mail, OpenedTable};
use crate::canary::Canary;
use lakehead_engine::commit::ledger::TableView;
use lakehead_engine::handover::Refusal;
use lakehead_engine::handover::answer::{Answer, TableColumns};
use std::sync::Arc;

impl OpenedTable {
    pub(super) fn discard(
        &mut self,
        fenced: Vec<Arc<str>>,
        why: Refusal,
        columns: Option<TableColumns>,
        around: &mut Around<'_>,
    ) -> Mail {
        self.gathered.clear();
        self.rejected.clear();
        if around.canary != Some(Canary::GenerationIgnored) {
            self.rows.clear();
            self.unstage(around);
        }
        let (generation, next_cut) = self.book.discard();
        if around.canary != Some(Canary::FilesOfOlderClaims) {
            self.upkeep.claims.discarded(generation);
        }
        let (fenced, shown) = (fenced.into(), self.known.shown());
        let columns = columns.map(Arc::new);
        self.to_all(&Answer::Discarded { table: self.key, generation, next_cut, fenced, why, shown, columns })
    }

    /// Takes over what was seen of the table, unless something newer is known.
    pub(super) fn learn(&mut self, seen: TableView, at: u64) {
        if seen.version > self.known.version {
            (self.known, self.known_at) = (seen, at);
        }
    }

    pub(super) fn to_all(&self, answer: &Answer) -> Mail {
        self.book.members().map(|shard| (shard, answer.clone())).collect()
    }
}
