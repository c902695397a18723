//! A table's columns change while streams run.
//!
//! A schema with columns that the table does not have waits, with all that its connection sends behind it, until the commit plane
//! has added them or refused to. When the columns of a table have changed, by that or by another writer's hand, what its streams
//! have announced is matched anew: whoever does not fit any more is refused, all others go on.

use super::action::Action;
use super::connection::{Announced, Connection, ConnectionId, Phase, Streaming};
use super::state::Shard;
use crate::columns::layout::Layout;
use crate::columns::table_builder::TableBuilder;
use crate::handover::answer::TableColumns;
use crate::handover::request::Request;
use crate::handover::{Refusal, TableKey};
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::Schema;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

impl Shard {
    /// Has a schema wait for the table's columns.
    pub(super) fn wish_columns(
        &mut self,
        id: ConnectionId,
        schema_id: u32,
        schema: &Schema,
        actions: &mut Vec<Action>,
    ) {
        let Some(streaming) = self.streaming(id) else { return };
        let schema = Arc::new(schema.clone());
        streaming.waiting.push_back((schema_id, schema.clone()));
        let table = streaming.table;
        actions.push(Action::Request(Request::AddColumns { shard: self.settings.shard, table, schema }));
    }

    fn streaming(&mut self, id: ConnectionId) -> Option<&mut Streaming> {
        match self.connections.get_mut(&id) {
            Some(Connection { phase: Phase::Streaming(streaming), .. }) => Some(streaming),
            _ => None,
        }
    }

    /// The table is built by other columns from here on. Its builder is empty then.
    ///
    /// # Errors
    /// When they cannot be built.
    pub(super) fn take_columns(&mut self, key: TableKey, columns: &TableColumns) -> Result<(), Refusal> {
        let Some(table) = self.tables.get_mut(&key) else { return Ok(()) };
        table.builder = TableBuilder::new(columns.arrow_schema.clone(), self.settings.row_group)
            .map_err(|error| Refusal::new(RejectCode::TableUnsupported, error.to_string()))?;
        (table.open.schema, table.open.arrow_schema) = (columns.schema.clone(), columns.arrow_schema.clone());
        table.open.partition_columns = columns.partition_columns.clone();
        if let Some(table_log) = &mut table.log {
            table_log.layouts.clear();
        }
        Ok(())
    }

    /// Matches everything that streams of the table have announced with its new columns.
    pub(super) fn announce_again(&mut self, key: TableKey, actions: &mut Vec<Action>) {
        for id in self.connections_of(key) {
            let Some(schema) = self.tables.get(&key).map(|table| table.open.schema.clone()) else { return };
            let Some(streaming) = self.streaming(id) else { continue };
            let mut misfit = None;
            for announced in streaming.layouts.values_mut() {
                match Layout::match_columns(&announced.schema, &schema) {
                    Ok(layout) => announced.layout = Rc::new(layout),
                    Err(error) => misfit = Some(error),
                }
            }
            let waiting: VecDeque<_> = std::mem::take(&mut streaming.waiting);
            if let Some(error) = misfit {
                let message =
                    format!("the table's columns were changed, and the stream's do not fit them any more: {error}");
                self.refuse_durably(id, &Refusal::new(RejectCode::SchemaMismatch, message), 0, actions);
                continue;
            }
            waiting.into_iter().for_each(|(schema_id, schema)| self.announce(id, schema_id, &schema, actions));
        }
        actions.push(Action::ReadAgain(key));
    }

    /// The commit plane adds no columns for this schema.
    pub(super) fn columns_refused(&mut self, key: TableKey, schema: &Schema, why: &Refusal, actions: &mut Vec<Action>) {
        for id in self.connections_of(key) {
            let waits = |streaming: &mut Streaming| streaming.waiting.iter().any(|(_, waiting)| **waiting == *schema);
            if self.streaming(id).is_some_and(waits) {
                self.refuse_durably(id, why, 0, actions);
            }
        }
        actions.push(Action::ReadAgain(key));
    }
}

impl Announced {
    /// A schema that nobody has logged yet.
    pub fn new(layout: Layout, schema: Schema) -> Self {
        Self { layout: Rc::new(layout), schema: Arc::new(schema), log_number: None }
    }
}
