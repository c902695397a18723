//! Frames that arrive, at either end of a connection.

use crate::canary::Canary;
use crate::checks::Violation;
use crate::faults::Fault;
use crate::network::ToServer;
use crate::routes::table_of_stream;
use crate::rows::{self, SCHEMA_ID};
use crate::shape::chance;
use crate::wording::{outgoing, sentence};
use crate::world::World;
use lakehead_engine::shard::action::Outgoing;
use lakehead_engine::shard::connection::ConnectionId;
use lakehead_engine::shard::event::Event;
use lakehead_engine::shard::logging::Intake;
use lakehead_protocol::archive;
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::frame::{self, Progress};
use lakehead_protocol::hello::MODE_RESUME;
use lakehead_protocol::kind::PeerState;

impl World {
    /// The server's end of a connection takes what comes next: a frame, or word that the connection is gone.
    ///
    /// # Errors
    /// When what it sends breaks a promise.
    pub fn deliver_up(&mut self, id: u64) -> Result<(), Violation> {
        let Some(link) = self.network.links.get_mut(&id) else { return Ok(()) };
        let (number, shard) = (link.engine, link.shard);
        let Some(engine) = self.engines.get_mut(number).and_then(Option::as_mut) else { return Ok(()) };
        let connection = ConnectionId(id);
        if let Some(ToServer::Batch(bytes)) = link.to_server.front() {
            let Some(_memory) = engine.budget.try_reserve(bytes.len()) else {
                self.faults.met(Fault::MemoryShort);
                self.trace.line(|| format!("connection {id}: no memory for a frame"));
                let sent = engine.event(shard, Event::MemoryShort, &mut self.faults);
                return self.send(sent);
            };
            let Some(ToServer::Batch(bytes)) = link.to_server.pop_front() else { return Ok(()) };
            let alive = self.producers[link.producer].link() == Some(id);
            if !alive {
                self.faults.met(Fault::BatchFromDeadConnection);
            }
            let Ok(Progress::Frame { frame, .. }) = frame::next(&bytes, PeerState::Streaming) else {
                return Violation::because("a batch frame does not decode".into());
            };
            let Ok(batch) = archive::access::<ArchivedBatch>(frame.payload) else {
                return Violation::because("a batch's archive is malformed".into());
            };
            let mut header = frame.header;
            let end = header.first_offset + u64::from(header.rows);
            if engine.hosts[shard].shard.intake(connection) == Intake::Logged {
                self.faults.met(Fault::OnlyLogged);
            }
            self.trace
                .line(|| format!("connection {id} delivers rows {} to {end} of {}", header.first_offset, link.stream));
            if header.first_offset < link.expected && end > link.expected {
                self.faults.met(Fault::DuplicateTrimmed);
                if self.canary == Some(Canary::DedupOffByOne) {
                    header.first_offset += 1;
                }
            }
            link.expected = link.expected.max(header.first_offset + u64::from(header.rows));
            let sent = engine.event(shard, Event::Batch { connection, header, batch, frame: &bytes }, &mut self.faults);
            return self.send(sent);
        }
        let event = match link.to_server.pop_front() {
            Some(ToServer::Hello(mut hello)) => {
                link.greeted = true;
                let table = table_of_stream(&link.stream, self.shape.tables);
                link.greeted_epoch = self.stores[table].table.epoch_of(&link.stream);
                if !link.client_open {
                    self.faults.met(Fault::DialAbandoned);
                }
                let table = table_of_stream(&link.stream, self.shape.tables);
                let current = self.stores[table].table.view().map_or(0, |view| view.stream(&hello.stream).epoch);
                if hello.mode == MODE_RESUME && hello.epoch_major < current {
                    self.faults.met(Fault::ZombieResumed);
                    if self.canary == Some(Canary::AcceptOldEpoch) {
                        link.disguised = Some(hello.epoch_major);
                        hello.epoch_major = current;
                    }
                }
                self.trace
                    .line(|| format!("connection {id} reaches engine {number} shard {shard}: {}", sentence(&hello)));
                Event::Hello { connection, hello: *hello }
            }
            Some(ToServer::Schema(schema_id, schema)) => Event::Schema { connection, schema_id, schema },
            Some(ToServer::Close) => {
                self.trace.line(|| format!("connection {id} delivers Close"));
                Event::Close { connection }
            }
            Some(ToServer::Batch(_)) => return Ok(()),
            None => {
                self.trace.line(|| format!("engine {number} hears that connection {id} is gone"));
                link.server_open = false;
                self.network.forget_if_over(id);
                Event::Lost { connection }
            }
        };
        let sent = engine.event(shard, event, &mut self.faults);
        self.send(sent)
    }

    /// The client's end takes what comes next.
    ///
    /// # Errors
    /// When it was promised otherwise.
    pub fn deliver_down(&mut self, id: u64) -> Result<(), Violation> {
        let Some(link) = self.network.links.get_mut(&id) else { return Ok(()) };
        let number = link.producer;
        let Some(frame) = link.to_client.pop_front() else {
            link.client_open = false;
            self.network.forget_if_over(id);
            self.trace.line(|| format!("producer {number} hears that connection {id} is gone"));
            self.producers[number].disconnected(&mut self.faults);
            return Ok(());
        };
        self.trace.line(|| format!("producer {number} on connection {id} gets {}", outgoing(&frame)));
        self.producers[number].expects_anything = self.is_meddled;
        match frame {
            Outgoing::Welcome(welcome) => {
                let rebatch = chance(&mut self.rng, self.shape.rebatch);
                let producer = &mut self.producers[number];
                producer.welcome(id, &welcome, rebatch, &mut self.faults)?;
                if !producer.schema_early {
                    let schema = rows::schema_with(producer.added);
                    self.network.send(id, ToServer::Schema(SCHEMA_ID, schema));
                }
            }
            Outgoing::Ack(ack) => self.producers[number].ack(&ack)?,
            Outgoing::Reject(reject) => {
                self.producers[number].rejected(&reject, &mut self.faults)?;
                self.hang_up(id);
            }
            Outgoing::Closed(closed) => {
                self.producers[number].closed(&closed)?;
                self.hang_up(id);
            }
            Outgoing::GoingAway(_) => {}
        }
        Ok(())
    }

    fn hang_up(&mut self, id: u64) {
        if let Some(link) = self.network.links.get_mut(&id) {
            link.client_open = false;
        }
        self.network.forget_if_over(id);
    }
}
