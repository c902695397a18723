//! The table's columns change: by somebody else's hand, or because a stream sends more than the table has.
//!
//! Either way everything uncommitted is given up and built again under the new columns, without closing the table: producers
//! whose rows are in a log notice nothing, others send again. New columns are added by a commit of their own, in the table's one
//! place for a commit. It is judged like a cut's: whoever finds that the columns have changed meanwhile takes them over first and
//! sees what is still missing.

use super::splitting::bounds;
use super::{InFlight, Life, TableMessage, TableTask};
use crate::columns::additions::{Addition, additions};
use crate::commit::attempt::Outcome;
use crate::commit::drive::{Driven, Job, drive};
use crate::commit::ledger::Proposal;
use crate::commit::opening::{OpenFailure, TablePlan, plan_of};
use crate::commit::stop::Stop;
use crate::handover::answer::{Answer, TableColumns};
use crate::handover::evolve::{EVOLVE_PROPERTY, EvolvePolicy};
use crate::handover::{Refusal, ShardId};
use crate::table::delta::Version;
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::Schema;
use std::sync::Arc;

/// A stream's schema with columns that its table does not have.
pub struct Wish {
    pub shard: ShardId,
    pub schema: Arc<Schema>,
}

/// How a wish's turn ended.
pub enum Evolved {
    /// The table does not want new columns.
    Unwanted(Version),
    Driven(Driven),
}

impl TableTask {
    /// Begins to add what the oldest wish lacks, if no commit is in flight.
    pub(super) fn begin_evolution(&mut self) {
        if self.in_flight.is_some() || self.doomed.is_some() || self.stopping.is_some() {
            return;
        }
        while let Some(wish) = self.wishes.front() {
            match additions(&wish.schema, &self.opened.columns.wire) {
                // Its shard has been told of the columns since it asked.
                Ok(lacking) if lacking.is_empty() => _ = self.wishes.pop_front(),
                Ok(lacking) => return self.add(lacking),
                Err(error) => self.refuse_wish(RejectCode::SchemaMismatch, error.to_string()),
            }
        }
    }

    fn add(&mut self, columns: Vec<Addition>) {
        tracing::info!(table = %self.opened.table.url(), columns = names(&columns), "columns are wanted");
        let began_ms = self.context.now_ms();
        self.in_flight = Some(InFlight::Evolution { began_ms });
        let (context, table, own) = (self.context.clone(), self.opened.table.clone(), self.own.clone());
        let (terms, known, fallback) = (self.opened.terms.clone(), self.known.clone(), self.context.settings.evolve);
        drop(self.context.runtime.spawn(async move {
            let (look, from) = (table.clone(), known.clone());
            // A person may have changed the table's way a moment ago.
            let known = match context.blocking(move || look.refresh(&from)).await {
                Some(Ok(seen)) if seen.view().id == terms.id => seen,
                _ => known,
            };
            let evolved = if known.policy(fallback) == EvolvePolicy::Refuse {
                Evolved::Unwanted(known)
            } else {
                let proposal = Proposal { columns, ..Proposal::default() };
                let job = Job { terms, proposal, files: Vec::new(), known, known_ms: began_ms };
                Evolved::Driven(drive(&context, &table, job).await)
            };
            let _ended = own.send(TableMessage::Evolved(Box::new(evolved)));
        }));
    }

    /// The columns are there, or will not be; or others came first.
    pub(super) fn evolved(&mut self, evolved: Evolved) -> Life {
        let Some(InFlight::Evolution { began_ms }) = self.in_flight.take() else { return self.life() };
        let outcome = match evolved {
            Evolved::Unwanted(version) => {
                self.learn(version, began_ms);
                self.refuse_new_columns();
                None
            }
            Evolved::Driven(Driven { outcome, version, .. }) => {
                self.learn(version, began_ms);
                Some(outcome)
            }
        };
        match outcome {
            Some(Outcome::Committed { version, .. }) => {
                tracing::info!(table = %self.opened.table.url(), version, "columns were added");
                self.rhythm.committed(self.context.now_ms());
            }
            Some(Outcome::Stop { why: Stop::Broken(why) }) => {
                self.refuse_wish(
                    RejectCode::SchemaMismatch,
                    format!("the table cannot get the stream's columns: {why}"),
                );
            }
            Some(Outcome::Stop { why }) if why != Stop::SchemaChanged => return self.close(&why),
            _ => {}
        }
        // Whoever asked is judged again by the columns that the table has now.
        if self.take_columns() == Life::Ends {
            return Life::Ends;
        }
        if let Some(why) = self.doomed.take() {
            self.discard(Vec::new(), why, None);
        }
        self.life()
    }

    /// Unless somebody else has changed the columns: then the wish is looked at again by those.
    fn refuse_new_columns(&mut self) {
        if self.known.view().schema != self.opened.terms.schema {
            return;
        }
        let table = &self.opened.columns.wire;
        let lacking = self.wishes.front().and_then(|wish| additions(&wish.schema, table).ok());
        let (lacking, known) =
            (names(&lacking.unwrap_or_default()), table.top_level().map(|field| field.name.as_str()));
        let known = known.collect::<Vec<_>>().join(", ");
        let why = format!(
            "the table has no column {lacking}; its columns are: {known}. New columns are refused: leave them out, or set the table \
             property {EVOLVE_PROPERTY} (or tables.evolve of the engine) to \"add\" to have them added"
        );
        self.refuse_wish(RejectCode::SchemaMismatch, why);
    }

    fn refuse_wish(&mut self, code: RejectCode, why: String) {
        let Some(Wish { shard, schema }) = self.wishes.pop_front() else { return };
        let (table, why) = (self.opened.key, Refusal::new(code, why));
        self.context.answer(shard, Answer::ColumnsRefused { table, schema, why });
    }

    /// Goes on under the columns of the newest version that is known, if they are others than the table is open with.
    pub(super) fn take_columns(&mut self) -> Life {
        let (schema, version) = (self.known.view().schema.clone(), self.known.view().version);
        if schema == self.opened.terms.schema {
            return Life::GoesOn;
        }
        match plan_of(&self.context, &self.opened.table, &self.known) {
            Ok(TablePlan { columns, encoding, partitioning }) => {
                let (schema_of_wire, arrow_schema) = (columns.wire.clone(), columns.arrow.clone());
                (self.opened.columns, self.opened.encoding, self.opened.terms.schema) = (columns, encoding, schema);
                self.opened.partitioning = partitioning;
                self.bounds = bounds(&self.context, &self.opened);
                let partition_columns = self.opened.partition_columns();
                let why =
                    format!("version {version} has other columns: rows that were not committed are taken up again");
                tracing::warn!(table = %self.opened.table.url(), version, "the table's columns changed");
                self.doomed = None;
                let columns = TableColumns { schema: schema_of_wire, arrow_schema, partition_columns };
                self.discard(Vec::new(), Refusal::new(RejectCode::Discarded, why), Some(Arc::new(columns)));
                Life::GoesOn
            }
            Err(OpenFailure::Refused(why)) => self.close(&Stop::Unsupported(why.message.into())),
            Err(OpenFailure::Missing) => self.close(&Stop::Remade),
        }
    }
}

fn names(columns: &[Addition]) -> String {
    columns.iter().map(|column| format!("{:?}", column.path())).collect::<Vec<_>>().join(", ")
}
