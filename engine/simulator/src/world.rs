//! Everything there is in a run, and what each single step does to it. Which step comes next is the scheduler's.

use crate::canary::Canary;
use crate::checks::{Ledger, Violation};
use crate::commit::Commit;
use crate::data_directory::DataDirectory;
use crate::engine::{Engine, Sent};
use crate::faults::{Fault, FaultCounts};
use crate::host::Letter;
use crate::network::{Link, Network};
use crate::plane::{Around, Mail, Plane};
use crate::producer::Producer;
use crate::routes::{table_name, table_of_key, table_of_stream};
use crate::rows;
use crate::shape::{BadRows, Shape, chance};
use crate::store::Store;
use crate::trace::Trace;
use crate::wording::outgoing;
use lakehead_engine::handover::answer::{Answer, Held};
use lakehead_engine::shard::action::Outgoing;
use lakehead_engine::shard::event::Event;
use lakehead_protocol::hello::{KEEP_UNTIL_COMMITTED, KEEP_UNTIL_DURABLE};
use lakehead_protocol::reject::RejectCode;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Steps that a drain waits for what is on its way.
const DRAIN_STEPS: u64 = 2_000;

/// How many of a thousand promises are held against the disks.
const DURABLE_CHECK: u32 = 100;

/// A run's whole state.
pub struct World {
    pub rng: ChaCha8Rng,
    pub shape: Shape,
    /// Stores with a table each.
    pub stores: Vec<Store>,
    pub network: Network,
    /// Engines by number; `None` while one is down.
    pub engines: Vec<Option<Engine>>,
    /// Their directories, while they are down.
    pub directories: Vec<Option<DataDirectory>>,
    pub producers: Vec<Producer>,
    pub ledger: Ledger,
    pub faults: FaultCounts,
    pub trace: Trace,
    pub canary: Option<Canary>,
    pub step: u64,
    pub healed: bool,
    /// Somebody copied a data directory, took one back to an older state, or did as much to the table.
    pub is_meddled: bool,
    /// Older states of engines' directories.
    pub snapshots: Vec<Option<DataDirectory>>,
    pub nonce: u64,
    pub now_us: u64,
}

impl World {
    /// A world in which nothing has happened.
    pub fn new(mut rng: ChaCha8Rng, shape: Shape, canary: Option<Canary>, trace: Trace) -> Self {
        let stores = (0..shape.tables).map(|table| {
            let mut store = Store::default();
            (store.fault, store.rejects_mut().fault) = (shape.store_fault, shape.store_fault);
            if shape.table_exists {
                let id = format!("{}.0", table_name(table));
                store.table.put(0, &Commit { id: Some(id), ..Commit::default() }.encode());
            }
            store
        });
        let stores = stores.collect();
        let mut producers = Vec::new();
        let names = (0..shape.streams).map(|index| Some(format!("s{index}")));
        for name in names.chain((0..shape.anonymous).map(|_| None)) {
            let engine = rng.random_range(0..shape.engines);
            let keep =
                if chance(&mut rng, shape.keep_until_durable) { KEEP_UNTIL_DURABLE } else { KEEP_UNTIL_COMMITTED };
            let mut producer = Producer::new(producers.len(), name.as_deref(), shape.rows_goal, engine, keep);
            producer.table = table_of_stream(&producer.stream, shape.tables);
            producers.push(producer);
        }
        let engines = (0..shape.engines).map(|_| None).collect();
        let directory = |_| Some(DataDirectory::new(&shape.log, canary, &mut rng));
        let directories = (0..shape.engines).map(directory).collect();
        Self {
            rng,
            shape,
            stores,
            network: Network::default(),
            engines,
            directories,
            producers,
            ledger: Ledger::default(),
            faults: FaultCounts::default(),
            trace,
            canary,
            step: 0,
            healed: false,
            is_meddled: false,
            snapshots: Vec::new(),
            nonce: 0,
            now_us: 1,
        }
    }

    /// What persons were told, and whether an engine has to end.
    ///
    /// # Errors
    /// When there was no reason for it.
    pub fn look_after(&mut self, number: usize) -> Result<(), Violation> {
        let Some(engine) = self.engines.get_mut(number).and_then(Option::as_mut) else { return Ok(()) };
        for note in std::mem::take(&mut engine.notes) {
            self.trace.line(|| format!("  engine {number}: {note}"));
        }
        for alarm in std::mem::take(&mut engine.alarms) {
            self.trace.line(|| format!("ALARM at engine {number}: {alarm}"));
            if alarm.contains("they are held") {
                self.faults.met(Fault::RowsHeld);
            } else if alarm.contains("do not fit the table any more") && self.shape.bad_rows != BadRows::None {
                self.faults.met(Fault::RowsFitNoMore);
            } else if !self.is_meddled {
                return Violation::because(format!("engine {number} raises an alarm without reason: {alarm}"));
            }
        }
        let is_broken = engine.directory.is_broken();
        match engine.failed.take() {
            Some(why) if is_broken => {
                self.faults.met(Fault::DiskBroken);
                self.trace.line(|| format!("engine {number} ends: {why}"));
                self.crash(number)
            }
            Some(why) => Violation::because(format!("engine {number} cannot go on: {why}")),
            None => Ok(()),
        }
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
    ///
    /// # Errors
    /// When it puts what it must not, or stops a table for no reason.
    pub fn plane(
        &mut self,
        number: usize,
        table: usize,
        act: fn(&mut Plane, &mut Around<'_>) -> Mail,
    ) -> Result<(), Violation> {
        let Some(engine) = self.engines.get_mut(number).and_then(Option::as_mut) else { return Ok(()) };
        let mut around = Around {
            store: &mut self.stores[table],
            rng: &mut self.rng,
            faults: &mut self.faults,
            step: self.step,
            nonce: &mut self.nonce,
            canary: self.canary,
            trace: &mut self.trace,
        };
        let mail = act(&mut engine.planes[table], &mut around);
        for (_, answer) in &mail {
            if self.is_meddled {
                let stops = matches!(answer, Answer::TableClosed { held: Held::UntilDecided, .. });
                if stops {
                    self.faults.met(Fault::TableStopped);
                }
            } else if let Answer::TableClosed { why, held: Held::UntilDecided, .. } = answer {
                return Violation::because(format!("engine {number} stops the table: {}", why.message));
            }
        }
        engine.post(mail);
        self.check_put(number)
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
        if let Some(Letter::Answer(Answer::CutWanted { table, cut, .. })) = engine.hosts[shard].mail.front() {
            // Whoever waits for an epoch now has it asked for by this cut, though it may be handed over later.
            let tables = self.shape.tables;
            let waits = |link: &&Link| {
                let of_table = table_of_stream(&link.stream, tables) == table_of_key(*table);
                (link.engine, link.shard) == (number, shard)
                    && of_table
                    && link.opens
                    && link.greeted
                    && link.server_open
                    && !link.welcomed
            };
            let minted =
                self.network.links.values().filter(waits).map(|link| (*table, *cut, link.stream.as_str().into()));
            let minted: Vec<_> = minted.collect();
            engine.hosts[shard].mints.extend(minted);
        }
        let sent = engine.take_mail(shard, &mut self.faults);
        self.send(sent)
    }

    /// Frames leave a shard.
    ///
    /// # Errors
    /// When they break a promise.
    pub fn send(&mut self, sent: Vec<Sent>) -> Result<(), Violation> {
        for Sent { link: id, mut frame, last } in sent {
            self.trace.line(|| format!("  to connection {id}: {}", outgoing(&frame)));
            if matches!(&frame, Outgoing::Reject(reject) if reject.code == RejectCode::Fenced as u16) {
                self.judge_fencing(id)?;
            }
            // Of a table that was made anew nobody can say what it should show.
            if let Some(link) = self.network.links.get_mut(&id) {
                let store = &self.stores[table_of_stream(&link.stream, self.shape.tables)];
                let is_remade = !store.dropped.is_empty();
                match &mut frame {
                    Outgoing::Ack(ack) => {
                        if ack.durable > ack.committed {
                            self.faults.met(Fault::DurableFirst);
                        }
                        if is_remade {
                            self.ledger.durable(link, ack.durable);
                        } else {
                            self.ledger.acked(link, ack, store)?;
                        }
                    }
                    Outgoing::Welcome(welcome) => {
                        link.expected = welcome.resume_offset;
                        if let Some(epoch) = link.disguised {
                            welcome.epoch_major = epoch;
                        }
                        if is_remade {
                            self.ledger.durable(link, welcome.durable);
                        } else {
                            self.ledger.welcomed(link, welcome, &store.table)?;
                        }
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
            let engine = self.network.links.get(&id).map(|link| link.engine);
            let is_promise = matches!(frame, Outgoing::Ack(_) | Outgoing::Welcome(_));
            self.network.answer(id, frame, last, &mut self.rng);
            self.network.forget_if_over(id);
            if let (true, Some(number)) = (is_promise && chance(&mut self.rng, DURABLE_CHECK), engine)
                && let Some(engine) = &self.engines[number]
            {
                self.check_durable(number, &engine.directory)?;
            }
        }
        Ok(())
    }

    /// A producer may be fenced only when somebody else opened its stream: an open that stands at this engine, an epoch that
    /// a cut of it asked for, or a newer one in the table. An engine that says so for less has forgotten something.
    pub fn judge_fencing(&self, id: u64) -> Result<(), Violation> {
        let Some(link) = self.network.links.get(&id) else { return Ok(()) };
        let rival = |(other, rival): (&u64, &Link)| {
            let stands = rival.opens && rival.greeted && rival.server_open && rival.engine == link.engine;
            stands && *other != id && rival.stream == link.stream
        };
        let engine = self.engines.get(link.engine).and_then(Option::as_ref);
        let minting = engine.is_some_and(|engine| engine.is_minting(link.shard, &link.stream));
        let store = self.store_of(&link.stream);
        if !store.dropped.is_empty() {
            return Ok(());
        }
        let newer = |epoch| store.table.newer_epoch_version(&link.stream, epoch).is_some();
        // Its own epoch came into the table and then a newer one, before its Welcome could leave.
        let overtaken = link.opens && !link.welcomed && store.table.epoch_of(&link.stream) >= link.greeted_epoch + 2;
        if self.network.links.iter().any(rival) || minting || overtaken || link.epoch.is_some_and(newer) {
            return Ok(());
        }
        let (number, stream) = (link.producer, &link.stream);
        Violation::because(format!("producer {number} was fenced and nobody newer opened stream {stream}"))
    }

    /// The store with the table of a stream.
    pub fn store_of(&self, stream: &str) -> &Store {
        &self.stores[table_of_stream(stream, self.shape.tables)]
    }

    /// One of the tables.
    pub fn draw_table(&mut self) -> usize {
        if self.stores.len() == 1 { 0 } else { self.rng.random_range(0..self.stores.len()) }
    }

    /// Somebody else, who knows nothing of streams, commits to a table.
    pub fn foreign_commit(&mut self, fault: Fault) {
        self.nonce += 1;
        let table = self.draw_table();
        let schema = self.stores[table].table.view().filter(|_| fault == Fault::SchemaChanged).map(|view| {
            // Or only its comment.
            let added = rows::added_columns(&view.schema) + usize::from(chance(&mut self.rng, 700));
            let toggles = self.shape.bad_rows == BadRows::OfChangingTables && chance(&mut self.rng, 900);
            rows::schema_text(added, self.nonce, rows::is_lenient(&view.schema) != toggles)
        });
        let commit = Commit { nonce: self.nonce, schema, ..Commit::default() };
        if let Some(version) = self.stores[table].table.foreign(&commit) {
            self.faults.met(fault);
            self.trace.line(|| format!("version {version} of table {table}: {}", fault.sentence()));
        }
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
        for shard in 0..engine.serving {
            sent.extend(engine.dismiss(shard, &mut self.faults));
        }
        self.send(sent)?;
        self.crash(number)
    }
}
