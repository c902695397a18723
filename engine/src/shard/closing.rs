//! How connections and the shard end.

use super::action::{Action, Outgoing};
use super::connection::{Connection, ConnectionId, Phase};
use super::state::Shard;
use crate::handover::TableKey;
use crate::handover::request::Urgency;
use lakehead_protocol::control::GoingAway;
use lakehead_protocol::reject::RejectCode;

impl Shard {
    /// The client is done: its rows are committed at the next tick, then it hears Closed.
    pub(super) fn close(&mut self, id: ConnectionId, actions: &mut Vec<Action>) {
        let Some(Connection { phase, .. }) = self.connections.get_mut(&id) else { return };
        match phase {
            Phase::Streaming(streaming) => {
                streaming.closing = true;
                let (table, slot) = (streaming.table, streaming.slot);
                self.finish_if_closed(table, slot, actions);
            }
            Phase::Dismissed => {}
            _ => self.refuse_with(id, RejectCode::UnexpectedFrame, "Close came before Welcome", actions),
        }
    }

    /// The connection is gone. Its rows stay: they are there once, whether it hears of them or not.
    pub(super) fn lost(&mut self, id: ConnectionId, _actions: &mut Vec<Action>) {
        self.release(id);
    }

    /// The engine stops: announce it, admit nothing more, and have everything committed.
    pub(super) fn drain(&mut self, actions: &mut Vec<Action>) {
        self.draining = true;
        let mut ids: Vec<ConnectionId> = self.connections.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            let deadline_ms = self.settings.drain_deadline_ms;
            match self.connections.get(&id).map(|connection| &connection.phase) {
                Some(Phase::Streaming(_)) => {
                    actions.push(Action::Send(id, Outgoing::GoingAway(GoingAway { deadline_ms })));
                }
                None | Some(Phase::Dismissed) => {}
                Some(_) => self.refuse_with(
                    id,
                    RejectCode::ShuttingDown,
                    "this engine is stopping; connect again later",
                    actions,
                ),
            }
        }
        let mut keys: Vec<TableKey> = self.tables.keys().copied().collect();
        keys.sort_unstable();
        for key in keys {
            self.want_cut(key, Urgency::Now, actions);
        }
    }

    /// Says goodbye to everyone, once the shard is settled or its time is up.
    pub fn dismiss(&mut self, actions: &mut Vec<Action>) {
        let mut ids: Vec<ConnectionId> = self.connections.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            self.refuse_with(id, RejectCode::ShuttingDown, "this engine has stopped; resume when it is back", actions);
        }
    }
}
