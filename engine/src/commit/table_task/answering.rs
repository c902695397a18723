//! Opens, streams, and the table's end.

use super::{Life, TableMessage, TableTask};
use crate::commit::directory::{DirectoryMessage, Waiter};
use crate::commit::stop::Stop;
use crate::handover::answer::{Answer, Held, OpenTable};
use crate::handover::{Refusal, ShardId};
use crate::table::delta::streams::is_stream_name;
use crate::table::delta::{TableError, Version};
use lakehead_protocol::reject::RejectCode;
use std::sync::Arc;

impl TableTask {
    pub(super) fn tell_all(&self, answer: &Answer) {
        self.book.members().for_each(|shard| self.context.answer(shard, answer.clone()));
    }

    /// A shard has the table open from here on.
    pub(super) fn open(&mut self, waiter: &Waiter) {
        let (shard, ticket) = (waiter.shard, waiter.ticket);
        self.book.join(shard);
        let open = OpenTable {
            key: self.opened.key,
            id: self.opened.terms.id.clone(),
            version: self.known.view().version,
            schema: self.opened.columns.wire.clone(),
            arrow_schema: self.opened.columns.arrow.clone(),
            partition_columns: self.opened.partition_columns(),
            generation: self.book.generation(),
            next_cut: self.book.next_cut(),
            cut_size: self.opened.pace.size,
            bad_rows: self.opened.bad_rows,
            port: self.opened.port.clone(),
        };
        self.context.answer(shard, Answer::TableOpened { ticket, result: Ok(open) });
    }

    /// Answers from the newest version. Those that ask while a look is under way share the next one.
    pub(super) fn find(&mut self, shard: ShardId, stream: Arc<str>) {
        if !is_stream_name(&stream) {
            let why = Refusal::new(RejectCode::BadHello, "a stream's name must not end in \"/epoch\"");
            self.tell_found(shard, stream, Err(why));
            return;
        }
        self.finds.push((shard, stream));
        self.look();
    }

    fn look(&mut self) {
        if !self.finding.is_empty() || self.finds.is_empty() {
            return;
        }
        self.finding = std::mem::take(&mut self.finds);
        self.finding_since_ms = self.context.now_ms();
        let (context, own) = (self.context.clone(), self.own.clone());
        let (table, known) = (self.opened.table.clone(), self.known.clone());
        drop(self.context.runtime.spawn(async move {
            let result = context.blocking(move || table.refresh(&known)).await;
            let _ended = own.send(TableMessage::Looked(result));
        }));
    }

    pub(super) fn looked(&mut self, result: Option<Result<Version, TableError>>) -> Life {
        let finding = std::mem::take(&mut self.finding);
        let refusal = match result {
            Some(Ok(version)) => {
                // A version that the commit in flight has to judge is left to it.
                if version.view().id == self.opened.terms.id {
                    self.answer_from(&version, finding);
                    self.learn(version, self.finding_since_ms);
                    self.look();
                    return Life::GoesOn;
                }
                Stop::Remade.refusal()
            }
            Some(Err(error)) => Refusal::new(RejectCode::TableUnavailable, error.to_string()),
            None => Refusal::new(RejectCode::TableUnavailable, "reading the table was interrupted"),
        };
        for (shard, stream) in finding {
            self.tell_found(shard, stream, Err(refusal.clone()));
        }
        if refusal.code == RejectCode::TableChanged && self.in_flight.is_none() {
            return self.close(&Stop::Remade);
        }
        self.look();
        Life::GoesOn
    }

    fn answer_from(&self, version: &Version, finding: Vec<(ShardId, Arc<str>)>) {
        let view = version.view();
        let full = view.streams_counted() >= self.context.settings.streams_max;
        for (shard, stream) in finding {
            // A forgotten one too: its epoch fences whoever asks.
            let known = view.streams.contains_key(&stream);
            let result = if full && !known { Err(self.too_many_streams()) } else { Ok(view.entry(&stream)) };
            self.tell_found(shard, stream, result);
        }
    }

    fn tell_found(
        &self,
        shard: ShardId,
        stream: Arc<str>,
        result: Result<crate::handover::answer::StreamEntry, Refusal>,
    ) {
        self.context.answer(shard, Answer::StreamFound { table: self.opened.key, stream, result });
    }

    pub(super) fn too_many_streams(&self) -> Refusal {
        let message = format!(
            "the table has {} named streams, which is as many as it may; send under a known name or none",
            self.context.settings.streams_max
        );
        Refusal::new(RejectCode::TooManyStreams, message)
    }

    /// The table cannot be written any more under this key.
    pub(super) fn close(&mut self, stop: &Stop) -> Life {
        let (why, held) = (stop.refusal(), stop.held());
        match held {
            Held::UntilReopened => {
                tracing::error!(table = %self.opened.table.url(), why = why.message, "the table is closed");
            }
            Held::UntilDecided => {
                tracing::error!(
                    table = %self.opened.table.url(),
                    why = why.message,
                    "ALARM: nothing is written to this table any more until a person has decided"
                );
                let (id, why) = (self.opened.terms.id.clone(), why.clone());
                let _stopped = self.opened.reopen.send(DirectoryMessage::Stopped { id, why });
            }
        }
        self.messages.close();
        self.tell_all(&Answer::TableClosed { table: self.opened.key, why: why.clone(), held });
        let waiting = std::mem::take(&mut self.finding).into_iter().chain(std::mem::take(&mut self.finds));
        let waiting: Vec<_> = waiting.collect();
        for (shard, stream) in waiting {
            self.tell_found(shard, stream, Err(why.clone()));
        }
        // Nobody can send any more; what was sent is answered.
        while let Ok(message) = self.messages.try_recv() {
            match message {
                TableMessage::Open(waiter) => {
                    // What stands there now may be opened, under another key.
                    let place = self.opened.table.url().clone();
                    let _stopped = self.opened.reopen.send(DirectoryMessage::Reopen { place, waiter });
                }
                TableMessage::Find { shard, stream } => self.tell_found(shard, stream, Err(why.clone())),
                _ => {}
            }
        }
        Life::Ends
    }

    /// The task's last act.
    pub(super) fn end(mut self) {
        self.messages.close();
        self.give_up_files();
        self.give_up_merge();
    }
}
