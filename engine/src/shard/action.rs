//! What a shard wants done.

use super::connection::ConnectionId;
use crate::handover::TableKey;
use crate::handover::cut::Piece;
use crate::handover::request::Request;
use crate::log::BlockPlace;
use lakehead_protocol::ack::Ack;
use lakehead_protocol::control::{Closed, GoingAway};
use lakehead_protocol::reject::Reject;
use lakehead_protocol::welcome::Welcome;
use std::sync::Arc;

/// One output of [`super::Shard::step`], to be carried out in order.
#[derive(Debug)]
pub enum Action {
    /// Send a frame. An Ack that has not left yet may be replaced by the next one.
    Send(ConnectionId, Outgoing),
    /// Send a last frame, then close. The shard has forgotten the connection already.
    Finish(ConnectionId, Outgoing),
    /// Ask the commit plane.
    Request(Request),
    /// Hand a piece of a table's cut over, in order per table.
    HandOver(TableKey, Piece),
    /// Read this block of the log, when the table has room for its rows; [`super::event::Event::LogRead`] brings it.
    ReadLog { table: TableKey, generation: u64, place: BlockPlace },
    /// All that was read of the table's rows in the log, so many bytes of blocks, is built.
    Replayed { table: TableKey, name: Arc<str>, bytes: u64 },
    /// Rows of the table may be read from its sockets again.
    ReadAgain(TableKey),
    /// A person has to look at this.
    Alarm(String),
    /// The log, which only drains, has no more rows for the table of this id.
    Drained(Arc<str>),
    /// The shard cannot go on: end the process.
    Fatal(String),
}

/// A frame to a client.
#[derive(Debug, Clone, PartialEq)]
pub enum Outgoing {
    Welcome(Box<Welcome>),
    Ack(Ack),
    Reject(Box<Reject>),
    GoingAway(GoingAway),
    Closed(Closed),
}
