//! Connections that can be cut at any point, losing what was on its way.
//!
//! The two ends hear of a cut at different times: the server may go on believing in a connection whose client has long
//! resumed elsewhere, and frames that were sent before the cut may arrive after that.

use crate::faults::{Fault, FaultCounts};
use lakehead_engine::shard::action::Outgoing;
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::hello::Hello;
use lakehead_protocol::schema::Schema;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, VecDeque};

/// A frame on its way to the server. Batches are real frames; of the others the value is what matters.
pub enum ToServer {
    Hello(Box<Hello>),
    Schema(u32, Schema),
    Batch(FrameBuffer),
    Close,
}

/// One connection.
pub struct Link {
    pub producer: usize,
    pub engine: usize,
    pub shard: usize,
    pub to_server: VecDeque<ToServer>,
    pub to_client: VecDeque<Outgoing>,
    /// The client still listens.
    pub client_open: bool,
    /// The server still has it.
    pub server_open: bool,
    /// Nothing more gets onto the wire.
    pub cut: bool,
    /// A Welcome went out: rows may come.
    pub welcomed: bool,
    /// Rows were sent on it.
    pub rows_sent: bool,
    /// The stream and the epoch that the connection's producer believes to hold.
    pub stream: String,
    pub epoch: Option<u64>,
    pub opener: [u8; 16],
    pub opens: bool,
    /// The Hello reached the shard.
    pub greeted: bool,
    /// The stream's epoch in the table at that moment.
    pub greeted_epoch: u64,
    /// The row that the shard expects next, once rows may come.
    pub expected: u64,
    /// The epoch under which a planted bug hides the true one.
    pub disguised: Option<u64>,
}

/// All connections, by id.
#[derive(Default)]
pub struct Network {
    pub links: BTreeMap<u64, Link>,
    next: u64,
}

impl Network {
    /// A new connection.
    pub fn dial(&mut self, link: Link) -> u64 {
        self.next += 1;
        self.links.insert(self.next, link);
        self.next
    }

    /// The client sends a frame; on a dead connection it is lost.
    pub fn send(&mut self, id: u64, frame: ToServer) {
        if let Some(link) = self.links.get_mut(&id).filter(|link| !link.cut && link.server_open) {
            link.rows_sent |= matches!(frame, ToServer::Batch(_));
            link.to_server.push_back(frame);
        }
    }

    /// The server sends a frame; on a dead connection it is lost. An ack that has not left may be replaced by the next.
    pub fn answer(&mut self, id: u64, frame: Outgoing, last: bool, rng: &mut ChaCha8Rng) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.welcomed |= matches!(frame, Outgoing::Welcome(_));
        if !link.cut && link.client_open {
            if let (Outgoing::Ack(_), Some(Outgoing::Ack(_)), true) =
                (&frame, link.to_client.back(), rng.random_range(0..2) == 0)
            {
                link.to_client.pop_back();
            }
            link.to_client.push_back(frame);
        }
        if last {
            link.server_open = false;
            link.to_server.clear();
        }
    }

    /// Cuts a connection; of what is on its way a prefix still arrives.
    pub fn cut(&mut self, id: u64, rng: &mut ChaCha8Rng, faults: &mut FaultCounts) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if !link.welcomed {
            faults.met(Fault::CutBeforeWelcome);
        } else if link.rows_sent {
            faults.met(Fault::CutBeforeAck);
        }
        link.cut = true;
        let (up, down) = (link.to_server.len(), link.to_client.len());
        link.to_server.truncate(rng.random_range(0..=up));
        link.to_client.truncate(rng.random_range(0..=down));
        if link.to_server.len() < up {
            faults.met(Fault::FramesToServerLost);
        }
        if link.to_client.len() < down {
            faults.met(Fault::FramesToClientLost);
        }
    }

    /// The client lets go of a connection without a word: what it sent may still arrive.
    pub fn abandon(&mut self, id: u64) {
        if let Some(link) = self.links.get_mut(&id) {
            link.client_open = false;
            link.cut = true;
            link.to_client.clear();
        }
        self.forget_if_over(id);
    }

    /// An engine died: its ends of all connections are gone.
    pub fn engine_died(&mut self, engine: usize, rng: &mut ChaCha8Rng) {
        for link in self.links.values_mut().filter(|link| link.engine == engine && link.server_open) {
            link.server_open = false;
            link.cut = true;
            link.to_server.clear();
            let down = link.to_client.len();
            link.to_client.truncate(rng.random_range(0..=down));
        }
        self.links.retain(|_, link| link.client_open || link.server_open);
    }

    /// Drops a connection that both ends have let go of.
    pub fn forget_if_over(&mut self, id: u64) {
        if self.links.get(&id).is_some_and(|link| !link.client_open && !link.server_open) {
            self.links.remove(&id);
        }
    }
}
