//! What producers do of their own accord.

use crate::checks::Violation;
use crate::faults::Fault;
use crate::forgery::forged_frame;
use crate::network::{Link, ToServer};
use crate::producer::{Phase, Producer};
use crate::routes::table_of_stream;
use crate::rows::{self, SCHEMA_ID};
use crate::shape::{BadRows, chance};
use crate::wording::sentence;
use crate::world::World;
use lakehead_engine::reactor::home::home;
use lakehead_protocol::frame::{self, Progress};
use lakehead_protocol::hello::{KEEP_UNTIL_COMMITTED, KEEP_UNTIL_DURABLE, MODE_OPEN};
use lakehead_protocol::kind::PeerState;
use rand::Rng;
use std::collections::VecDeque;

/// Opens of one stream by different producers, at most.
const PRODUCERS_PER_STREAM_MAX: usize = 5;

impl World {
    /// A producer does what it does next.
    ///
    /// # Errors
    /// When a frame cannot be made.
    pub fn act(&mut self, number: usize) -> Result<(), Violation> {
        match self.producers[number].phase {
            Phase::Idle => self.dial(number),
            Phase::Streaming(link) => return self.write(number, link),
            Phase::Opening(_) | Phase::Closing(_) | Phase::Done | Phase::Fenced => {}
        }
        Ok(())
    }

    fn dial(&mut self, number: usize) {
        let producer = &mut self.producers[number];
        if chance(&mut self.rng, self.shape.wander) || self.engines[producer.engine].is_none() {
            let engine = self.rng.random_range(0..self.engines.len());
            if engine != producer.engine && producer.epoch.is_some() {
                self.faults.met(Fault::ResumedElsewhere);
            }
            producer.engine = engine;
        }
        let Some(engine) = &self.engines[producer.engine] else { return };
        producer.schema_early = !self.shape.table_exists || chance(&mut self.rng, 500);
        producer.added = if chance(&mut self.rng, 60) { self.rng.random_range(1..4) } else { 0 };
        let hello = producer.hello();
        let accepted = self.rng.random_range(0..engine.serving);
        let opens = hello.mode == MODE_OPEN;
        let mut to_server = VecDeque::from([ToServer::Hello(Box::new(hello.clone()))]);
        if producer.schema_early {
            to_server.push_back(ToServer::Schema(SCHEMA_ID, rows::schema_with(producer.added)));
        }
        let link = self.network.dial(Link {
            producer: number,
            engine: producer.engine,
            shard: home(&hello, accepted, engine.serving),
            to_server,
            to_client: VecDeque::new(),
            client_open: true,
            server_open: true,
            cut: false,
            welcomed: false,
            rows_sent: false,
            stream: producer.stream.clone(),
            epoch: producer.epoch,
            opener: producer.opener,
            opens,
            greeted: false,
            greeted_epoch: 0,
            expected: 0,
            disguised: None,
        });
        producer.phase = Phase::Opening(link);
        let engine = producer.engine;
        self.trace.line(|| format!("producer {number} dials engine {engine}: connection {link}, {}", sentence(&hello)));
    }

    fn write(&mut self, number: usize, link: u64) -> Result<(), Violation> {
        let producer = &mut self.producers[number];
        if producer.next >= producer.goal {
            if producer.next >= producer.sent && (self.healed || chance(&mut self.rng, 100)) {
                producer.phase = Phase::Closing(link);
                self.trace.line(|| format!("producer {number} closes connection {link}"));
                self.network.send(link, ToServer::Close);
            }
            return Ok(());
        }
        let rows_max = u64::from(self.shape.batch_rows_max).min(producer.goal - producer.next);
        let rows = self.rng.random_range(1..=rows_max);
        let with_bad = self.shape.bad_rows != BadRows::None;
        let forges = chance(&mut self.rng, self.shape.forgery);
        let frame = if forges {
            forged_frame(&producer.stream, producer.next, rows as u32, producer.added, with_bad)
        } else {
            rows::batch_frame(&producer.stream, producer.next, rows as u32, &[], producer.added, with_bad)
        };
        let Ok(bytes) = frame else {
            return Violation::because("a batch cannot be archived".into());
        };
        let Ok(Progress::Frame { frame, .. }) = frame::next(&bytes, PeerState::Streaming) else {
            return Violation::because("a batch frame does not decode".into());
        };
        let payload_bytes = u64::from(frame.header.payload_bytes);
        if producer.spent + payload_bytes > producer.credit {
            return Ok(());
        }
        if forges {
            self.faults.met(Fault::BlockForged);
        }
        producer.spent += payload_bytes;
        let first = producer.next;
        producer.next += rows;
        producer.sent = producer.sent.max(producer.next);
        self.ledger.sent(&producer.stream, producer.sent);
        self.trace.line(|| format!("producer {number} sends rows {first} to {}", first + rows));
        self.network.send(link, ToServer::Batch(bytes));
        Ok(())
    }

    fn draw_keep(&mut self) -> u8 {
        if chance(&mut self.rng, self.shape.keep_until_durable) { KEEP_UNTIL_DURABLE } else { KEEP_UNTIL_COMMITTED }
    }

    /// A second producer wants a stream that has one.
    pub fn rival(&mut self, stream: &str) {
        let named = self.producers.iter().filter(|producer| producer.stream == stream);
        if named.clone().count() >= PRODUCERS_PER_STREAM_MAX && !self.healed {
            return;
        }
        if named.clone().any(|producer| !producer.is_over()) {
            self.faults.met(Fault::RivalOpened);
        }
        let (number, engine) = (self.producers.len(), self.rng.random_range(0..self.engines.len()));
        self.trace.line(|| format!("producer {number} wants stream {stream}"));
        let keep = self.draw_keep();
        let mut producer = Producer::new(number, Some(stream), self.shape.rows_goal, engine, keep);
        producer.table = table_of_stream(stream, self.shape.tables);
        self.producers.push(producer);
    }
}
