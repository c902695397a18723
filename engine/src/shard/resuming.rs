//! Whether a producer may go on with a stream, and where.
//!
//! A resume names the epoch that its producer holds. What this shard knows of the stream may be older than what the producer
//! knows, when the stream went on at another engine meanwhile: then the table is asked, and its newest entries judge.

use super::action::Action;
use super::connection::{Connection, ConnectionId, Phase};
use super::state::Shard;
use super::stream::Mint;
use crate::handover::answer::StreamEntry;
use crate::handover::request::Request;
use crate::handover::{Refusal, TableKey};
use lakehead_protocol::hello::Hello;
use lakehead_protocol::reject::RejectCode;
use std::sync::Arc;

/// Where a client that knows so much goes on in a stream that has `here` rows: in the table, or in this engine's log.
///
/// # Errors
/// LOST_OR_ELSEWHERE when the client was told of rows that are not here and cannot send them again.
pub fn resume_point(hello: &Hello, here: u64) -> Result<u64, Refusal> {
    let promised = hello.committed_seen.max(hello.durable_seen);
    if promised > here && hello.resendable_from > here {
        let message = format!(
            "rows {here} to {} of stream {:?} were acknowledged once but only {here} are here: the table was restored to an older \
             version, or another engine's log holds them; they cannot be sent again from {}",
            promised - 1,
            hello.stream,
            hello.resendable_from
        );
        return Err(Refusal::new(RejectCode::LostOrElsewhere, message));
    }
    Ok(here)
}

impl Shard {
    pub(super) fn resume(&mut self, id: ConnectionId, key: TableKey, hello: &Hello, actions: &mut Vec<Action>) {
        let Some(table) = self.tables.get_mut(&key) else { return };
        let known = table.names.get(hello.stream.as_str()).and_then(|slot| table.streams.get(slot));
        let asks_table = match known {
            None => true,
            Some(stream) => stream.mint == Mint::Idle && stream.is_behind(hello),
        };
        if !asks_table {
            return self.resume_known(id, key, hello, actions);
        }
        let stream: Arc<str> = hello.stream.as_str().into();
        table.look_asked(&stream);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.phase = Phase::FindingStream { table: key };
        }
        actions.push(Action::Request(Request::FindStream { shard: self.settings.shard, table: key, stream }));
    }

    /// Judges a resume by what is known of the stream, which is as new as what the client holds or as the table.
    fn resume_known(&mut self, id: ConnectionId, key: TableKey, hello: &Hello, actions: &mut Vec<Action>) {
        let Some(table) = self.tables.get_mut(&key) else { return };
        let slot = table.named(&hello.stream);
        let Some(stream) = table.streams.get_mut(&slot) else { return };
        if stream.mint == Mint::Idle && stream.is_behind(hello) && !stream.is_settled() {
            let message = "rows of this stream that came before it went on elsewhere are being settled here; try again";
            return self.refuse_with(id, RejectCode::Busy, message, actions);
        }
        if stream.mint != Mint::Idle || stream.epoch != hello.epoch_major || hello.epoch_minor != 0 {
            return self.fence(id, actions);
        }
        if stream.is_stale_attempt(&hello.opener, hello.attempt) && !self.settings.canary.accepts_stale_resumes() {
            return self.refuse_stale(id, actions);
        }
        let here = if self.log.is_some() { stream.next } else { stream.committed };
        if let Err(refusal) = resume_point(hello, here) {
            return self.refuse(id, &refusal, hello.committed_seen, actions);
        }
        stream.opener = Some((hello.opener, hello.attempt));
        // The same producer's older connection: it has not noticed yet that it is dead.
        if let Some(older) = stream.owner.replace(id) {
            self.refuse_with(older, RejectCode::StaleAttempt, "this producer resumed on another connection", actions);
        }
        self.own(key, slot, id);
        self.welcome(id, key, slot, actions);
    }

    pub(super) fn stream_found(
        &mut self,
        key: TableKey,
        name: &str,
        result: Result<StreamEntry, Refusal>,
        actions: &mut Vec<Action>,
    ) {
        let Some(table) = self.tables.get_mut(&key) else { return };
        let looks_to_come = table.look_answered(name);
        if let Ok(entry) = &result {
            self.learn(key, name, entry, actions);
        }
        // Every connection that waits for this stream is judged by the entries, in the order of their coming. One that holds
        // newer things came after this look, and waits for its own.
        let waits = |connection: &Connection| {
            matches!(connection.phase, Phase::FindingStream { table } if table == key)
                && connection.hello.stream == name
        };
        let mut waiting: Vec<ConnectionId> =
            self.connections.iter().filter(|(_, connection)| waits(connection)).map(|(id, _)| *id).collect();
        waiting.sort_unstable();
        for id in waiting {
            let Some(hello) = self.connections.get(&id).map(|connection| connection.hello.clone()) else { continue };
            match &result {
                Ok(_) if looks_to_come > 0 && self.holds_newer(key, &hello) => {}
                Ok(_) => self.resume_known(id, key, &hello, actions),
                Err(refusal) => self.refuse(id, refusal, 0, actions),
            }
        }
    }

    fn holds_newer(&self, key: TableKey, hello: &Hello) -> bool {
        let Some(table) = self.tables.get(&key) else { return false };
        let stream = table.names.get(hello.stream.as_str()).and_then(|slot| table.streams.get(slot));
        stream.is_some_and(|stream| stream.is_behind(hello))
    }

    /// Takes over what the table shows of a stream, unless what is known here is newer. An owner from before that is ended.
    fn learn(&mut self, key: TableKey, name: &str, entry: &StreamEntry, actions: &mut Vec<Action>) {
        let Some(table) = self.tables.get_mut(&key) else { return };
        let unknown = !table.names.contains_key(name);
        let slot = table.named(name);
        let Some(stream) = table.streams.get_mut(&slot).filter(|stream| unknown || stream.is_overtaken_by(entry))
        else {
            return;
        };
        let (owner, fenced) = (stream.owner.take(), entry.epoch > stream.epoch);
        stream.continue_from(entry.committed, entry.epoch, entry.version);
        match owner {
            Some(owner) if fenced => self.fence(owner, actions),
            Some(owner) => {
                let message =
                    "rows of this stream were committed by another engine meanwhile; resume to go on behind them";
                self.refuse_with(owner, RejectCode::Discarded, message, actions);
            }
            None => {}
        }
    }
}
