//! What comes in between.

use crate::checks::Violation;
use crate::faults::Fault;
use crate::plane::Plane;
use crate::producer::Phase;
use crate::shape::{BadRows, Shape};
use crate::world::World;
use lakehead_engine::shard::event::Event;
use rand::Rng;

/// A disturbance of the work; what each does is told by [`crate::faults::Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disturbance {
    CutConnection,
    AbandonDial,
    CrashEngine,
    DrainEngine,
    FreezeEngine,
    MemoryShort,
    Rival,
    AskCut,
    ForeignCommit,
    ChangeSchema,
    FailFile,
    BreakDisk,
    CleanUp,
    StoreOutage,
    CopyDirectory,
    RollBack,
    Restore,
    Remake,
    Append,
    DeleteRows,
    Optimize,
}

/// Every one, with how likely it is before a shape weighs it.
pub const DISTURBANCES: [(Disturbance, u32); 21] = [
    (Disturbance::CutConnection, 8),
    (Disturbance::AbandonDial, 6),
    (Disturbance::CrashEngine, 2),
    (Disturbance::DrainEngine, 1),
    (Disturbance::FreezeEngine, 4),
    (Disturbance::MemoryShort, 3),
    (Disturbance::Rival, 3),
    (Disturbance::AskCut, 4),
    (Disturbance::ForeignCommit, 3),
    (Disturbance::ChangeSchema, 1),
    (Disturbance::FailFile, 2),
    (Disturbance::BreakDisk, 1),
    (Disturbance::CleanUp, 2),
    (Disturbance::StoreOutage, 1),
    (Disturbance::CopyDirectory, 0),
    (Disturbance::RollBack, 0),
    (Disturbance::Restore, 0),
    (Disturbance::Remake, 0),
    (Disturbance::Append, 4),
    (Disturbance::DeleteRows, 3),
    (Disturbance::Optimize, 2),
];

/// How much more often rules change, and engines die, where that is what a run is about.
const CHANGING_WEIGHT: u32 = 6;

impl World {
    /// Something comes in between.
    ///
    /// # Errors
    /// When it breaks a promise.
    pub fn disturb(&mut self, total: u32) -> Result<(), Violation> {
        let mut drawn = self.rng.random_range(0..total);
        let mut chosen = Disturbance::AskCut;
        for (weight, (disturbance, _)) in weights(&self.shape).zip(DISTURBANCES) {
            if drawn < weight {
                chosen = disturbance;
                break;
            }
            drawn -= weight;
        }
        let engine = self.rng.random_range(0..self.engines.len());
        match chosen {
            Disturbance::CutConnection => {
                let ids: Vec<u64> =
                    self.network.links.iter().filter(|(_, link)| !link.cut).map(|(id, _)| *id).collect();
                if let Some(id) = self.pick(&ids) {
                    self.trace.line(|| format!("connection {id} is cut"));
                    self.network.cut(id, &mut self.rng, &mut self.faults);
                }
            }
            Disturbance::AbandonDial => {
                let opening = |phase| if let Phase::Opening(link) = phase { Some(link) } else { None };
                let dials: Vec<(usize, u64)> = self
                    .producers
                    .iter()
                    .filter_map(|producer| Some((producer.number, opening(producer.phase)?)))
                    .collect();
                if let Some((number, id)) = self.pick(&dials) {
                    self.trace.line(|| format!("producer {number} gives up on connection {id}"));
                    self.network.abandon(id);
                    self.producers[number].disconnected(&mut self.faults);
                }
            }
            Disturbance::CrashEngine => {
                if self.engines[engine].is_some() {
                    self.faults.met(Fault::EngineCrashed);
                    self.crash(engine)?;
                }
            }
            Disturbance::DrainEngine => {
                let step = self.step;
                let mut shards = 0;
                if let Some(running) = self.engines[engine].as_mut().filter(|running| running.draining.is_none()) {
                    running.draining = Some(step);
                    shards = running.hosts.len();
                    self.faults.met(Fault::EngineDrained);
                    self.trace.line(|| format!("engine {engine} drains"));
                }
                for shard in 0..shards {
                    self.event(engine, shard, Event::Drain)?;
                }
            }
            Disturbance::FreezeEngine => {
                let until = self.step + self.rng.random_range(20..400);
                if let Some(running) = &mut self.engines[engine] {
                    running.still_until = until;
                    self.faults.met(Fault::EngineStoodStill);
                    self.trace.line(|| format!("engine {engine} stands still until step {until}"));
                }
            }
            Disturbance::MemoryShort => {
                let shards = self.engines[engine].as_ref().map_or(0, |engine| engine.hosts.len());
                if shards > 0 {
                    self.faults.met(Fault::MemoryShortByChance);
                    let shard = self.rng.random_range(0..shards);
                    self.event(engine, shard, Event::MemoryShort)?;
                }
            }
            Disturbance::Rival => {
                let stream = self.rng.random_range(0..self.shape.streams);
                self.rival(&format!("s{stream}"));
            }
            Disturbance::ForeignCommit => self.foreign_commit(Fault::ForeignCommit),
            Disturbance::ChangeSchema => self.foreign_commit(Fault::SchemaChanged),
            Disturbance::BreakDisk => {
                if let Some(engine) = self.engines[engine].as_mut() {
                    engine.directory.set_broken(true);
                    engine.directory.broken_until = self.step + self.rng.random_range(0..400);
                }
            }
            Disturbance::StoreOutage => {
                self.faults.met(Fault::StoreOutage);
                let table = self.draw_table();
                let until = self.step + self.rng.random_range(50..800);
                let store = &mut self.stores[table];
                (store.down_until, store.rejects_mut().down_until) = (until, until);
                if self.stores.iter().any(|store| store.down_until <= self.step) {
                    self.faults.met(Fault::OneStoreDown);
                }
                self.trace.line(|| format!("the store of table {table} is down"));
            }
            Disturbance::CopyDirectory => self.copy_directory(engine),
            Disturbance::RollBack => self.roll_back(engine)?,
            Disturbance::Restore => self.restore(),
            Disturbance::Remake => self.remake(),
            Disturbance::Append => self.append(),
            Disturbance::DeleteRows => self.delete_rows(),
            Disturbance::Optimize => self.optimize(),
            Disturbance::CleanUp => {
                let table = self.draw_table();
                if self.stores[table].table.clean_up(self.shape.patience_steps) {
                    self.faults.met(Fault::VersionsCleanedAway);
                    self.trace.line(|| "old versions are cleaned away".to_owned());
                }
            }
            Disturbance::FailFile => {
                let table = self.draw_table();
                self.plane(engine, table, Plane::fail_file)?;
            }
            Disturbance::AskCut => {
                let table = self.draw_table();
                if self.engines[engine].as_ref().is_some_and(|engine| engine.planes[table].may_cut()) {
                    self.plane(engine, table, Plane::ask_cut)?;
                }
            }
        }
        Ok(())
    }
}

/// How likely each disturbance is in a run of this shape.
pub fn weights(shape: &Shape) -> impl Iterator<Item = u32> + '_ {
    shape.weights.iter().zip(DISTURBANCES).map(move |(weight, (disturbance, usual))| {
        let happens = |does: bool| if does { 2 } else { 0 };
        match disturbance {
            Disturbance::CopyDirectory | Disturbance::RollBack => happens(shape.meddles),
            Disturbance::Restore | Disturbance::Remake => happens(shape.spoils),
            // It takes several changes of rules, and deaths between them.
            Disturbance::ChangeSchema | Disturbance::CrashEngine if shape.bad_rows == BadRows::OfChangingTables => {
                weight * usual + CHANGING_WEIGHT
            }
            _ => weight * usual,
        }
    })
}
