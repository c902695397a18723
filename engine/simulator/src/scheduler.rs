//! One thread, one generator: picks what happens next until all is done.
//!
//! A run has two parts. At first work and disturbances alternate as its shape says. Then faults heal: nothing is cut or
//! crashed any more, the store answers, and within a bounded number of steps every row that a surviving producer sent must
//! be committed and every engine settled.

use crate::canary::Canary;
use crate::checks::Violation;
use crate::data_directory::DataDirectory;
use crate::disturbance::{DISTURBANCES, weights};
use crate::engine::{Engine, Sent};
use crate::faults::{Fault, FaultCounts};
use crate::file_checks::check_files;
use crate::plane::Plane;
use crate::producer::{Phase, Producer};
use crate::routes::table_of_stream;
use crate::shape::{Shape, chance};
use crate::store::Store;
use crate::trace::Trace;
use crate::world::World;
use lakehead_engine::shard::connection::ConnectionId;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Steps within which everything must be done once faults have healed.
const HEALING_STEPS: u64 = 60_000;

/// Steps that a run goes on when it cannot be told what would be its end.
const MEDDLED_STEPS: u64 = 3_000;

/// How a run went.
pub struct Run {
    pub outcome: Result<(), Violation>,
    pub faults: FaultCounts,
    pub steps: u64,
    pub trace: String,
}

/// Something that can be done now.
#[derive(Debug, Clone, Copy)]
enum Work {
    Up(u64),
    Down(u64),
    Mail(usize, usize),
    /// The commit plane of an engine's table does something.
    Request(usize, usize),
    AskCut(usize, usize),
    Piece(usize, usize),
    Commit(usize, usize),
    KeepUp(usize, usize),
    Limbo(usize),
    /// The disk of a shard's log takes a step.
    Disk(usize, usize),
    /// A shard's log is asked what it wants.
    Stir(usize, usize),
    /// A block is read for a replay.
    Replay(usize, usize),
    /// A shard hears that a port is stuck.
    Stall(usize, usize),
    Act(usize),
    Start(usize),
    EndDrain(usize),
}

/// Runs a seed.
pub fn run(seed: u64, canary: Option<Canary>, trace: Trace) -> Run {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let shape = Shape::draw(&mut rng, DISTURBANCES.len());
    let mut world = World::new(rng, shape, canary, trace);
    let shape = world.shape.clone();
    world.trace.line(|| format!("seed {seed}: {shape:?}"));
    let outcome = world.disturbed().and_then(|()| world.heal());
    if let Err(Violation(why)) = &outcome {
        world.trace.line(|| format!("VIOLATION {why}"));
    }
    Run { outcome, faults: world.faults, steps: world.step, trace: world.trace.text().to_owned() }
}

impl World {
    fn disturbed(&mut self) -> Result<(), Violation> {
        let total: u32 = weights(&self.shape).sum();
        self.fill();
        for engine in 0..self.engines.len() {
            self.start(engine)?;
        }
        while self.step < self.shape.steps {
            self.next_step();
            if total > 0 && chance(&mut self.rng, self.shape.disturbance) {
                self.disturb(total)?;
            } else {
                self.work()?;
            }
            self.look_after_all()?;
        }
        Ok(())
    }

    fn look_after_all(&mut self) -> Result<(), Violation> {
        (0..self.engines.len()).try_for_each(|engine| self.look_after(engine))
    }

    /// A running engine does something.
    fn engine_step(
        &mut self,
        number: usize,
        act: impl FnOnce(&mut Engine, &mut FaultCounts) -> Vec<Sent>,
    ) -> Result<(), Violation> {
        let Some(engine) = self.engines.get_mut(number).and_then(Option::as_mut) else { return Ok(()) };
        let sent = act(engine, &mut self.faults);
        self.send(sent)
    }

    fn next_step(&mut self) {
        self.step += 1;
        self.trace.at(self.step);
        self.stores.iter_mut().for_each(|store| store.set_step(self.step));
        self.now_us += self.rng.random_range(0..=self.shape.step_us);
        if chance(&mut self.rng, 5) {
            self.now_us += self.rng.random_range(0..1_500_000);
        }
        let now_us = self.now_us;
        self.engines.iter_mut().flatten().for_each(|engine| engine.now_us = now_us);
    }

    /// One of the choices, if there is any.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        if choices.is_empty() { None } else { Some(choices[self.rng.random_range(0..choices.len())]) }
    }

    fn work(&mut self) -> Result<(), Violation> {
        let choices = self.choices();
        let Some(work) = self.pick(&choices) else { return Ok(()) };
        match work {
            Work::Up(link) => self.deliver_up(link),
            Work::Down(link) => self.deliver_down(link),
            Work::Mail(engine, shard) => self.mail(engine, shard),
            Work::Request(engine, table) => self.plane(engine, table, Plane::answer_request),
            Work::AskCut(engine, table) => self.plane(engine, table, Plane::ask_cut),
            Work::Piece(engine, table) => self.plane(engine, table, Plane::take_piece),
            Work::Commit(engine, table) => self.plane(engine, table, Plane::commit),
            Work::KeepUp(engine, table) => {
                self.plane(engine, table, Plane::keep_up)?;
                self.clone_amid_merge(engine);
                Ok(())
            }
            Work::Limbo(table) => {
                let landed = self.stores[table].resolve_limbo(&mut self.rng, &mut self.faults);
                self.trace.line(|| format!("a put in limbo lands: {landed:?}"));
                Ok(())
            }
            Work::Act(producer) => self.act(producer),
            Work::Disk(engine, shard) => self.engine_step(engine, |engine, faults| engine.disk_step(shard, faults)),
            Work::Replay(engine, shard) => self.engine_step(engine, |engine, faults| engine.replay(shard, faults)),
            Work::Stall(engine, shard) => self.engine_step(engine, |engine, faults| engine.port_stalled(shard, faults)),
            Work::Stir(engine, shard) => {
                self.engines[engine].iter_mut().for_each(|engine| engine.stir(shard));
                Ok(())
            }
            Work::Start(engine) => self.start(engine),
            Work::EndDrain(engine) => self.end_drain(engine),
        }
    }

    fn choices(&mut self) -> Vec<Work> {
        let mut choices = Vec::new();
        for (number, engine) in self.engines.iter().enumerate() {
            let Some(engine) = engine else {
                if self.healed || chance(&mut self.rng, 200) {
                    choices.push(Work::Start(number));
                }
                continue;
            };
            if self.is_still(engine) {
                continue;
            }
            let with_mail = engine.hosts.iter().enumerate().filter(|(_, host)| !host.mail.is_empty());
            choices.extend(with_mail.map(|(shard, _)| Work::Mail(number, shard)));
            for (shard, host) in engine.hosts.iter().enumerate() {
                if host.stalled(self.now_us).is_some() {
                    choices.push(Work::Stall(number, shard));
                }
                let Some(desk) = &host.log else { continue };
                if !desk.files.is_idle() {
                    choices.extend([Work::Disk(number, shard); 3]);
                }
                if host.wake_at_us().is_some_and(|at| at <= self.now_us) {
                    choices.push(Work::Stir(number, shard));
                }
                if !desk.reads.is_empty() {
                    choices.push(Work::Replay(number, shard));
                }
            }
            for (table, plane) in engine.planes.iter().enumerate() {
                if !plane.requests.is_empty() {
                    choices.push(Work::Request(number, table));
                }
                if plane.pieces > 0 {
                    choices.push(Work::Piece(number, table));
                }
                if plane.may_commit(self.step) {
                    choices.push(Work::Commit(number, table));
                }
                // A look that was begun ends, even when faults have healed.
                let likely = match (plane.is_keeping_up(), self.healed) {
                    (true, true) => 1_000,
                    (true, false) => self.shape.upkeep_pace,
                    (false, true) => 0,
                    (false, false) => self.shape.upkeep,
                };
                if likely > 0 && plane.may_keep_up() && chance(&mut self.rng, likely) {
                    choices.push(Work::KeepUp(number, table));
                }
                if plane.wanted && plane.may_cut() && chance(&mut self.rng, 300) {
                    choices.push(Work::AskCut(number, table));
                }
            }
            if engine.draining.is_some() {
                choices.push(Work::EndDrain(number));
            }
        }
        for (id, link) in &self.network.links {
            let running = self.engines.get(link.engine).and_then(Option::as_ref);
            if let (true, Some(engine)) = (link.server_open, running.filter(|engine| !self.is_still(engine))) {
                let table = table_of_stream(&link.stream, self.shape.tables);
                let over = link.to_server.is_empty() && (link.cut || !link.client_open);
                let reads = engine.draining.is_none()
                    && (!link.welcomed || engine.reads_rows(link.shard, ConnectionId(*id), table));
                if (over && chance(&mut self.rng, 300)) || (reads && !link.to_server.is_empty()) {
                    choices.push(Work::Up(*id));
                }
            }
            if link.client_open && (!link.to_client.is_empty() || link.cut || !link.server_open) {
                choices.push(Work::Down(*id));
            }
        }
        for (table, store) in self.stores.iter().enumerate() {
            if store.limbo() > 0 && (self.healed || chance(&mut self.rng, 100)) {
                choices.push(Work::Limbo(table));
            }
        }
        let acts = |phase: &Phase| matches!(phase, Phase::Idle | Phase::Streaming(_));
        let acting = self.producers.iter().filter(|producer| acts(&producer.phase));
        choices.extend(acting.map(|producer| Work::Act(producer.number)));
        choices
    }

    fn is_still(&self, engine: &Engine) -> bool {
        !self.healed && engine.still_until > self.step
    }

    /// Faults end here; everything must come to its end.
    fn heal(&mut self) -> Result<(), Violation> {
        self.trace.line(|| "faults have healed".to_owned());
        self.healed = true;
        self.stores.iter_mut().for_each(Store::heal);
        self.directories.iter_mut().flatten().for_each(DataDirectory::heal);
        self.engines.iter_mut().flatten().for_each(|engine| engine.directory.heal());
        for producer in &mut self.producers {
            // A few new rows show that writing goes on, not only what was begun.
            producer.goal = producer.sent + 3;
        }
        for stream in 0..self.shape.streams {
            let stream = format!("s{stream}");
            self.rival_if_alone(&stream);
        }
        if self.is_meddled {
            return self.wind_down();
        }
        let end = self.step + HEALING_STEPS;
        while !self.is_over() {
            self.next_step();
            if self.step > end {
                return Violation::because(format!(
                    "not at rest {HEALING_STEPS} steps after the last fault: {}",
                    self.restless()
                ));
            }
            self.work()?;
            self.look_after_all()?;
        }
        let tables = self.stores.len();
        for (number, store) in self.stores.iter().enumerate() {
            self.ledger.table(store, |stream| table_of_stream(stream, tables) == number)?;
        }
        self.check_logs()?;
        for store in &self.stores {
            check_files(store)?;
            if store.table.has_stray() {
                self.faults.met(Fault::StrayPut);
            }
        }
        for engine in 0..self.engines.len() {
            self.end_drain(engine)?;
            if self.engines[engine].is_some() {
                return Violation::because(format!("engine {engine} is not settled though nothing is left to do"));
            }
        }
        Ok(())
    }

    /// Somebody meddled with what engines rest on: tables may be stopped and producers may wait for ever. What comes into the
    /// table must be right all the same.
    fn wind_down(&mut self) -> Result<(), Violation> {
        let end = self.step + MEDDLED_STEPS;
        while self.step < end {
            self.next_step();
            self.work()?;
            self.look_after_all()?;
        }
        self.check_spoiled()
    }

    /// Where every producer of a stream was fenced or is done, a fresh one must be able to go on.
    fn rival_if_alone(&mut self, stream: &str) {
        let alive = self.producers.iter().any(|producer| producer.stream == stream && !producer.is_over());
        if !alive {
            self.rival(stream);
            if let Some(producer) = self.producers.last_mut() {
                producer.goal = 3;
            }
        }
    }

    fn is_over(&self) -> bool {
        let settled = |engine: &Option<Engine>| {
            engine.as_ref().is_none_or(|engine| engine.is_settled() && engine.draining.is_none())
        };
        self.producers.iter().all(Producer::is_over)
            && self.network.links.is_empty()
            && self.stores.iter().all(|store| store.limbo() == 0)
            && self.engines.iter().all(settled)
    }

    fn restless(&self) -> String {
        let producers: Vec<String> = self
            .producers
            .iter()
            .filter(|producer| !producer.is_over())
            .map(|producer| {
                let (number, phase) = (producer.number, producer.phase);
                format!("producer {number} {phase:?} {} of {} rows committed", producer.committed, producer.sent)
            })
            .collect();
        let engines: Vec<bool> = self.engines.iter().flatten().map(Engine::is_settled).collect();
        let connections: Vec<String> = self
            .network
            .links
            .iter()
            .map(|(id, link)| {
                let host = self.engines[link.engine].as_ref().and_then(|engine| engine.hosts.get(link.shard));
                let reads = host.is_some_and(|host| {
                    host.reads_rows(ConnectionId(*id), table_of_stream(&link.stream, self.shape.tables))
                });
                let room = host.map(|host| host.shard.log_room(ConnectionId(*id)));
                let usage = host.and_then(|host| host.shard.log()).map(lakehead_engine::log::Log::usage);
                format!("{id} (reads: {reads}, room: {room:?}, {usage:?})")
            })
            .collect();
        format!("{}; connections {}; engines settled {engines:?}", producers.join(", "), connections.join(", "))
    }
}
