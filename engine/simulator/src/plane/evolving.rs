//! Columns that streams send and the table does not have: added by an attempt of their own, in the one place for a commit.

use super::{Around, Mail, OpenedTable, Plane};
use crate::faults::Fault;
use crate::rows;
use lakehead_engine::columns::additions::additions;
use lakehead_engine::commit::cut_book::GatheredCut;
use lakehead_engine::commit::ledger::Proposal;
use lakehead_engine::handover::Refusal;
use lakehead_engine::handover::answer::TableColumns;
use lakehead_protocol::arrow_schema::to_arrow;
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::Schema;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Plane {
    /// A stream wants the table to have its columns.
    pub(super) fn wish(&mut self, schema: Arc<Schema>, around: &mut Around<'_>) {
        around.trace.line(|| format!("plane hears of a stream with {} columns", schema.columns.len()));
        if let Some(table) = &mut self.table {
            table.wishes.push_back(schema);
        }
    }
}

impl OpenedTable {
    /// What the oldest wish lacks, as a cut of nobody's rows.
    pub(super) fn next_wish(&mut self) -> Option<GatheredCut> {
        while let Some(wish) = self.wishes.front() {
            let columns = additions(wish, &self.columns()?.schema).unwrap_or_default();
            if !columns.is_empty() {
                let proposal = Proposal { columns, ..Proposal::default() };
                return Some(GatheredCut { cut: 0, members: BTreeSet::new(), proposal });
            }
            self.wishes.pop_front();
        }
        None
    }

    /// The table's columns, as its schema says.
    pub(super) fn columns(&self) -> Option<TableColumns> {
        let schema = rows::schema_with(rows::added_columns(&self.schema));
        let arrow_schema = Arc::new(to_arrow(&schema).ok()?);
        Some(TableColumns { schema: Arc::new(schema), arrow_schema, partition_columns: [].into() })
    }

    /// Goes on under the columns that the newest version has, if they are others.
    pub(super) fn take_columns(&mut self, around: &mut Around<'_>) -> Mail {
        if self.schema == self.known.schema {
            return Vec::new();
        }
        around.faults.met(Fault::ColumnsTakenOver);
        self.schema = self.known.schema.clone();
        self.doomed = None;
        let why = Refusal::new(RejectCode::Discarded, "the table has other columns");
        let columns = self.columns();
        self.discard(Vec::new(), why, columns, around)
    }
}
