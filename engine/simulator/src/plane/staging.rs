//! Data files of cuts that are being gathered.

use super::{Around, OpenedTable};
use crate::commit::AddedFile;
use crate::rows::{self, Row};
use lakehead_engine::commit::cut_book::GatheredCut;
use lakehead_engine::commit::staged_name::Origin;
use lakehead_engine::handover::ShardId;
use lakehead_engine::handover::row_group::RowGroup;
use std::sync::Arc;

impl OpenedTable {
    /// The first row group of a cut has its file begun.
    pub(super) fn stage(&mut self, cut: u64, shard: ShardId, around: &mut Around<'_>) {
        if !self.staged.contains_key(&cut) {
            let origin = self.upkeep.claims.origin(shard, self.known.version);
            self.staged.insert(cut, begin_file(origin.as_ref(), around));
        }
    }

    /// All row groups of a cut are there.
    pub(super) fn write(&mut self, cut: u64, row_groups: &[RowGroup], around: &mut Around<'_>) {
        if let Some(name) = self.staged.get(&cut) {
            let rows: Vec<Row> = row_groups.iter().flat_map(|group| rows::read(&group.rows)).collect();
            finish_file(name, rows, around);
        }
    }

    /// The file of a cut that begins to be committed.
    pub(super) fn take_file(
        &mut self,
        cut: &GatheredCut,
        row_groups: &[RowGroup],
        around: &Around<'_>,
    ) -> Option<AddedFile> {
        if row_groups.is_empty() {
            return None;
        }
        let rows = row_groups.iter().map(|group| group.rows.num_rows()).sum();
        Some(AddedFile::of(self.staged.remove(&cut.cut)?, rows, around.step))
    }

    /// Files of cuts that were given up before their commit began go at once.
    pub(super) fn unstage(&mut self, around: &mut Around<'_>) {
        for name in std::mem::take(&mut self.staged).values() {
            around.store.files.remove(name);
        }
    }
}

/// Begins a file, by a name that no other one has.
pub(super) fn begin_file(origin: Option<&Origin>, around: &mut Around<'_>) -> Arc<str> {
    *around.nonce += 1;
    let number = *around.nonce;
    let name: Arc<str> =
        origin.map_or_else(|| format!("part-{number}.parquet"), |origin| origin.name(number, "")).into();
    around.trace.line(|| format!("file {name} is begun"));
    around.store.files.insert(name.clone(), [].into());
    name
}

/// What was written to a file is there. One that somebody removed meanwhile is gone.
pub(super) fn finish_file(name: &str, rows: Vec<Row>, around: &mut Around<'_>) {
    if let Some(file) = around.store.files.get_mut(name) {
        *file = rows.into();
    }
}
