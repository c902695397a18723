//! Engines that start, crash, and are started upon what somebody made of their disks.

use crate::checks::Violation;
use crate::engine::Engine;
use crate::faults::Fault;
use crate::plane::Plane;
use crate::shape::{LogUse, chance};
use crate::world::World;
use rand::Rng;

/// Engines in a run, copies among them.
const ENGINES_MAX: usize = 3;

/// How many of a thousand steps of merges are used to clone the node, where somebody does such things.
const CLONED_AMID_MERGE: u32 = 100;

impl World {
    /// Starts an engine; it need not have as many shards as before, nor logs.
    ///
    /// # Errors
    /// When its logs do not have what they must, or what it sends breaks a promise.
    pub fn start(&mut self, number: usize) -> Result<(), Violation> {
        if self.directories[number].as_ref().is_none_or(|directory| directory.broken_until > self.step && !self.healed)
        {
            return Ok(());
        }
        let Some(mut directory) = self.directories[number].take() else { return Ok(()) };
        directory.set_broken(false);
        if chance(&mut self.rng, self.shape.rot) {
            directory.rot(&mut self.rng, &mut self.faults)?;
        }
        let changes = chance(&mut self.rng, self.shape.core_change) || directory.cores() == 0;
        let drawn = self.rng.random_range(1..=self.shape.shards_max);
        let shards = if changes { usize::from(drawn) } else { directory.cores() };
        let has_log = match self.shape.log.used {
            LogUse::Never => false,
            LogUse::Always => true,
            LogUse::Changes => chance(&mut self.rng, 700),
        };
        let logs = directory.begin_run(if has_log { shards } else { 0 }, &mut self.rng, &mut self.faults)?;
        let draining = logs.draining.len();
        self.trace.line(|| format!("engine {number} starts with {shards} shards, log: {has_log}, draining {draining}"));
        self.check_durable(number, &directory)?;
        let mut engine = Engine::start(&self.shape, shards, directory, logs, self.now_us, self.canary);
        let sent = engine.begin(&mut self.faults);
        self.engines[number] = Some(engine);
        self.send(sent)
    }

    /// An engine loses everything it has in memory, and perhaps the power.
    ///
    /// # Errors
    /// When memory is still accounted for after all of it is gone.
    pub fn crash(&mut self, number: usize) -> Result<(), Violation> {
        let Some(engine) = self.engines[number].take() else { return Ok(()) };
        self.trace.line(|| format!("engine {number} is gone"));
        let Engine { budget, hosts, planes, mut directory, .. } = engine;
        drop(hosts);
        for (plane, store) in planes.into_iter().zip(&mut self.stores) {
            plane.crash(store, &mut self.faults);
        }
        self.network.engine_died(number, &mut self.rng);
        if budget.used() != 0 {
            return Violation::because(format!("{} bytes stay reserved when nothing is left", budget.used()));
        }
        if chance(&mut self.rng, 600) {
            self.faults.met(Fault::PowerCut);
            self.trace.line(|| format!("engine {number} has lost power"));
            directory.cut_power();
        }
        self.directories[number] = Some(directory);
        Ok(())
    }

    /// Another engine is started upon a copy of this one's directory.
    pub fn copy_directory(&mut self, number: usize) {
        let Some(engine) = &self.engines[number] else { return };
        let copy = engine.directory.clone();
        if self.engines.len() > ENGINES_MAX || copy.cores() == 0 {
            return;
        }
        self.trace.line(|| format!("the directory of engine {number} is copied"));
        self.faults.met(Fault::DirectoryCopied);
        self.is_meddled = true;
        self.engines.push(None);
        self.directories.push(Some(copy));
    }

    /// A node is cloned while its engine merges files, and stands still for it: the clone's engine may come to speak for the
    /// log before the merge is committed.
    pub fn clone_amid_merge(&mut self, number: usize) {
        let Some(engine) = &self.engines[number] else { return };
        let merges = engine.planes.iter().any(Plane::has_merge);
        if !self.shape.meddles || self.healed || !merges || !chance(&mut self.rng, CLONED_AMID_MERGE) {
            return;
        }
        self.copy_directory(number);
        let until = self.step + self.rng.random_range(100..1_000);
        if let Some(engine) = &mut self.engines[number] {
            engine.still_until = until;
            self.faults.met(Fault::EngineStoodStill);
            self.trace.line(|| format!("engine {number} stands still until step {until}"));
        }
    }

    /// An engine's directory is taken back to an older state, when there is one; otherwise this one is kept for later.
    ///
    /// # Errors
    /// When the engine's end breaks a promise.
    pub fn roll_back(&mut self, number: usize) -> Result<(), Violation> {
        let Some(engine) = &self.engines[number] else { return Ok(()) };
        self.snapshots.resize(self.engines.len(), None);
        let Some(older) = self.snapshots[number].take() else {
            self.snapshots[number] = Some(engine.directory.clone());
            return Ok(());
        };
        self.crash(number)?;
        self.trace.line(|| format!("the directory of engine {number} is rolled back"));
        self.faults.met(Fault::RolledBack);
        self.is_meddled = true;
        // Rows that came since are lost with the newer state.
        self.ledger.rolled_back(number);
        if chance(&mut self.rng, 500) {
            // It may happen again, upon what was made of it.
            self.snapshots[number] = Some(older.clone());
        }
        self.directories[number] = Some(older);
        Ok(())
    }
}
