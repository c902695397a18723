//! Everything there is in a run, and what each single step does to it. Which step comes next is the scheduler's.

use crate::canary::Canary;
use crate::checks::{Ledger, Violation};
use crate::engine::{Engine, Sent};
use crate::faults::{Fault, FaultCounts};
use crate::network::{Link, Network, ToServer};
use crate::plane::{Around, Mail, Plane};
use crate::producer::{Phase, Producer};
use crate::rows::{self, SCHEMA_ID};
use crate::shape::{Shape, chance};
use crate::store::Store;
use crate::table::Commit;
use crate::trace::Trace;
use lakehead_engine::reactor::home::home;
use lakehead_engine::shard::action::Outgoing;
use lakehead_engine::shard::connection::ConnectionId;
use lakehead_engine::shard::event::Event;
use lakehead_protocol::archive;
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::frame::{self, Progress};
use lakehead_protocol::hello::{Hello, MODE_OPEN, MODE_RESUME};
use lakehead_protocol::kind::PeerState;
use lakehead_protocol::reject::RejectCode;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;

/// Opens of one stream by different producers, at most.
const PRODUCERS_PER_STREAM_MAX: usize = 5;
/// Steps that a drain waits for what is on its way.
const DRAIN_STEPS: u64 = 2_000;

/// A run's whole state.
pub struct World {
    pub rng: ChaCha8Rng,
    pub shape: Shape,
    pub store: Store,
    pub network: Network,
    /// Engines by number; `None` while one is down.
    pub engines: Vec<Option<Engine>>,
    pub producers: Vec<Producer>,
    pub ledger: Ledger,
    pub faults: FaultCounts,
    pub trace: Trace,
    pub canary: Option<Canary>,
    pub step: u64,
    pub healed: bool,
    nonce: u64,
}

impl World {
    /// A world in which nothing has happened.
    pub fn new(mut rng: ChaCha8Rng, shape: Shape, canary: Option<Canary>, trace: Trace) -> Self {
        let mut store = Store::default();
        store.fault = shape.store_fault;
        if shape.table_exists {
            store.table.put(0, &Commit { id: Some("t0".into()), ..Commit::default() }.encode());
        }
        let mut producers = Vec::new();
        let names = (0..shape.streams).map(|index| Some(format!("s{index}")));
        for name in names.chain((0..shape.anonymous).map(|_| None)) {
            let engine = rng.random_range(0..shape.engines);
            producers.push(Producer::new(producers.len(), name.as_deref(), shape.rows_goal, engine));
        }
        let engines = (0..shape.engines).map(|_| None).collect();
        let mut world = Self {
            rng,
            shape,
            store,
            network: Network::default(),
            engines,
            producers,
            ledger: Ledger::default(),
            faults: FaultCounts::default(),
            trace,
            canary,
            step: 0,
            healed: false,
            nonce: 0,
        };
        (0..world.engines.len()).for_each(|engine| world.start(engine));
        world
    }

    /// Starts an engine; it need not have as many shards as before.
    pub fn start(&mut self, engine: usize) {
        let shards = self.rng.random_range(1..=self.shape.shards_max);
        self.trace.line(|| format!("engine {engine} starts with {shards} shards"));
        self.engines[engine] = Some(Engine::start(&self.shape, shards));
    }

    /// An engine loses everything it has.
    ///
    /// # Errors
    /// When memory is still accounted for after all of it is gone.
    pub fn crash(&mut self, number: usize) -> Result<(), Violation> {
        let Some(engine) = self.engines[number].take() else { return Ok(()) };
        self.trace.line(|| format!("engine {number} is gone"));
        let Engine { budget, hosts, plane, .. } = engine;
        drop(hosts);
        plane.crash(&mut self.store, &mut self.faults);
        self.network.engine_died(number, &mut self.rng);
        if budget.used() != 0 {
            return Violation::because(format!("{} bytes stay reserved when nothing is left", budget.used()));
        }
        Ok(())
    }

    /// Puts an event into a shard.
    ///
    /// # Errors
    /// When what it sends breaks a promise.
    pub fn event(&mut self, number: usize, shard: usize, event: Event<'_>) -> Result<(), Violation> {
        let Some(engine) = self.engines.get_mut(number).and_then(Option::as_mut) else { return Ok(()) };
        let sent = engine.event(shard, event, &mut self.faults);
        self.send(sent)
    }

    /// Runs one step of an engine's commit plane.
    pub fn plane(&mut self, number: usize, act: fn(&mut Plane, &mut Around<'_>) -> Mail) {
        let Some(engine) = self.engines.get_mut(number).and_then(Option::as_mut) else { return };
        let mut around = Around {
            store: &mut self.store,
            rng: &mut self.rng,
            faults: &mut self.faults,
            step: self.step,
            nonce: &mut self.nonce,
            canary: self.canary,
            trace: &mut self.trace,
        };
        let mail = act(&mut engine.plane, &mut around);
        engine.post(mail);
    }

    /// A shard takes its oldest mail.
    ///
    /// # Errors
    /// When what it sends breaks a promise.
    pub fn mail(&mut self, number: usize, shard: usize) -> Result<(), Violation> {
        let Some(engine) = self.engines.get_mut(number).and_then(Option::as_mut) else { return Ok(()) };
        if let Some(answer) = engine.hosts[shard].mail.front() {
            self.trace.line(|| {
                let text = format!("{answer:?}");
                let text: String = text.chars().take(160).collect();
                format!("engine {number} shard {shard} mail {text}")
            });
        }
        let sent = engine.take_mail(shard, &mut self.faults);
        self.send(sent)
    }

    /// Frames leave a shard.
    fn send(&mut self, sent: Vec<Sent>) -> Result<(), Violation> {
        for Sent { link: id, mut frame, last } in sent {
            self.trace.line(|| format!("  to connection {id}: {}", outgoing(&frame)));
            if matches!(&frame, Outgoing::Reject(reject) if reject.code == RejectCode::Fenced as u16) {
                self.judge_fencing(id)?;
            }
            if let Some(link) = self.network.links.get_mut(&id) {
                match &mut frame {
                    Outgoing::Ack(ack) => self.ledger.acked(link, ack, &self.store.table)?,
                    Outgoing::Welcome(welcome) => {
                        link.expected = welcome.resume_offset;
                        if let Some(epoch) = link.disguised {
                            welcome.epoch_major = epoch;
                        }
                        self.ledger.welcomed(link, welcome, &self.store.table)?;
                        if !link.stream.starts_with('~') {
                            link.epoch = Some(welcome.epoch_major);
                        }
                    }
                    Outgoing::Reject(reject) => {
                        if reject.code == RejectCode::StaleAttempt as u16 {
                            self.faults.met(Fault::StaleAttempt);
                        }
                    }
                    Outgoing::GoingAway(_) | Outgoing::Closed(_) => {}
                }
            }
            self.network.answer(id, frame, last, &mut self.rng);
            self.network.forget_if_over(id);
        }
        Ok(())
    }

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
                if !link.client_open {
                    self.faults.met(Fault::DialAbandoned);
                }
                let current = self.store.table.view().map_or(0, |view| view.stream(&hello.stream).epoch);
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
        match frame {
            Outgoing::Welcome(welcome) => {
                let rebatch = chance(&mut self.rng, self.shape.rebatch);
                let producer = &mut self.producers[number];
                producer.welcome(id, &welcome, rebatch, &mut self.faults)?;
                if !producer.schema_early {
                    self.network.send(id, ToServer::Schema(SCHEMA_ID, rows::schema()));
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

    /// A producer may be fenced only when somebody else opened its stream: an open that stands at this engine, an epoch that
    /// a cut of it asked for, or a newer one in the table. An engine that says so for less has forgotten something.
    fn judge_fencing(&self, id: u64) -> Result<(), Violation> {
        let Some(link) = self.network.links.get(&id) else { return Ok(()) };
        let rival = |(other, rival): (&u64, &Link)| {
            let stands = rival.opens && rival.greeted && rival.server_open && rival.engine == link.engine;
            stands && *other != id && rival.stream == link.stream
        };
        let engine = self.engines.get(link.engine).and_then(Option::as_ref);
        let minting = engine.is_some_and(|engine| engine.is_minting(link.shard, &link.stream));
        let newer = |epoch| self.store.table.newer_epoch_version(&link.stream, epoch).is_some();
        if self.network.links.iter().any(rival) || minting || link.epoch.is_some_and(newer) {
            return Ok(());
        }
        let (number, stream) = (link.producer, &link.stream);
        Violation::because(format!("producer {number} was fenced and nobody newer opened stream {stream}"))
    }

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
        let hello = producer.hello();
        let accepted = self.rng.random_range(0..engine.hosts.len());
        let opens = hello.mode == MODE_OPEN;
        let mut to_server = VecDeque::from([ToServer::Hello(Box::new(hello.clone()))]);
        if producer.schema_early {
            to_server.push_back(ToServer::Schema(SCHEMA_ID, rows::schema()));
        }
        let link = self.network.dial(Link {
            producer: number,
            engine: producer.engine,
            shard: home(&hello, accepted, engine.hosts.len()),
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
        let Ok(bytes) = rows::batch_frame(&producer.stream, producer.next, rows as u32) else {
            return Violation::because("a batch cannot be archived".into());
        };
        let Ok(Progress::Frame { frame, .. }) = frame::next(&bytes, PeerState::Streaming) else {
            return Violation::because("a batch frame does not decode".into());
        };
        let payload_bytes = u64::from(frame.header.payload_bytes);
        if producer.spent + payload_bytes > producer.credit {
            return Ok(());
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

    /// Somebody else, who knows nothing of streams, commits to the table.
    pub fn foreign_commit(&mut self, fault: Fault) {
        self.nonce += 1;
        let schema = (fault == Fault::SchemaChanged).then(|| format!("columns-with-comment-{}", self.nonce));
        let commit = Commit { nonce: self.nonce, schema, ..Commit::default() };
        if let Some(version) = self.store.table.foreign(&commit) {
            self.faults.met(fault);
            self.trace.line(|| format!("version {version}: {}", fault.sentence()));
        }
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
        self.producers.push(Producer::new(number, Some(stream), self.shape.rows_goal, engine));
    }

    /// Ends the drain of an engine when it is settled or its time is up.
    ///
    /// # Errors
    /// When what it sends breaks a promise.
    pub fn end_drain(&mut self, number: usize) -> Result<(), Violation> {
        let Some(engine) = self.engines.get_mut(number).and_then(Option::as_mut) else { return Ok(()) };
        let late = engine.draining.is_some_and(|since| self.step - since > DRAIN_STEPS);
        if !engine.is_settled() && !late {
            return Ok(());
        }
        let mut sent = Vec::new();
        for shard in 0..engine.hosts.len() {
            sent.extend(engine.dismiss(shard, &mut self.faults));
        }
        self.send(sent)?;
        self.crash(number)
    }
}

fn outgoing(frame: &Outgoing) -> String {
    match frame {
        Outgoing::Welcome(welcome) => format!(
            "Welcome epoch {} resume {} committed {}",
            welcome.epoch_major, welcome.resume_offset, welcome.committed
        ),
        Outgoing::Reject(reject) => {
            format!("Reject {:?} at {}: {}", RejectCode::from_number(reject.code), reject.offset, reject.message)
        }
        other => format!("{other:?}"),
    }
}

fn sentence(hello: &Hello) -> String {
    format!(
        "{} {:?} opener {} attempt {} epoch {} committed {} sent {}",
        if hello.mode == MODE_RESUME { "resume" } else { "open" },
        hello.stream,
        hello.opener[0],
        hello.attempt,
        hello.epoch_major,
        hello.committed_seen,
        hello.sent
    )
}
