//! A store whose answers can be lost, late or wrong in every way that the fault model of [`lakehead_engine::store`] allows.
//!
//! An operation begins and is answered at a later step. What a put will do is drawn when it begins; puts that were answered
//! as unknown, or whose engine died, can land at any later step: they wait in limbo.

use crate::commit::Commit;
use crate::faults::{Fault, FaultCounts};
use crate::rows::Row;
use crate::shape::chance;
use crate::table::{Landing, Table};
use bytes::Bytes;
use lakehead_engine::commit::ledger::TableView;
use lakehead_engine::store::{PutOutcome, ReadOutcome};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The store and the table in it.
#[derive(Debug, Default)]
pub struct Store {
    pub table: Table,
    /// Tables that were dropped.
    pub dropped: Vec<Table>,
    /// Data files that are there, each with its rows. One that is being written has none yet.
    pub files: BTreeMap<Arc<str>, Arc<[Row]>>,
    /// Puts nobody waits for that may still land.
    limbo: Vec<(u64, Bytes)>,
    /// Chance of a fault, in thousandths.
    pub fault: u32,
    /// Nothing answers before this step.
    pub down_until: u64,
}

/// What will become of a put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Prompt,
    Slow,
    FailsBefore,
    FailsAfter,
    Late,
    ExistsOfItsOwn,
    ExistsOfNothing,
}

impl Store {
    fn is_down(&self) -> bool {
        self.table.step < self.down_until
    }

    /// Draws the fate of a put that begins.
    pub fn fate(&self, rng: &mut ChaCha8Rng) -> Fate {
        if self.is_down() {
            return Fate::FailsBefore;
        }
        if !chance(rng, self.fault) {
            return Fate::Prompt;
        }
        let fates = [
            Fate::Slow,
            Fate::FailsBefore,
            Fate::FailsAfter,
            Fate::FailsAfter,
            Fate::Late,
            Fate::Late,
            Fate::ExistsOfItsOwn,
            Fate::ExistsOfNothing,
        ];
        fates[rng.random_range(0..fates.len())]
    }

    /// Answers a put.
    pub fn put(&mut self, version: u64, bytes: &Bytes, fate: Fate, faults: &mut FaultCounts) -> PutOutcome {
        let unknown = |why: &str| PutOutcome::Unknown(why.to_owned());
        match fate {
            Fate::Prompt | Fate::Slow => {
                if fate == Fate::Slow {
                    faults.met(Fault::PutSlow);
                }
                match self.table.put(version, bytes) {
                    Landing::Landed => PutOutcome::Created,
                    Landing::Taken => PutOutcome::Exists,
                }
            }
            Fate::FailsBefore => {
                faults.met(Fault::PutFailedBefore);
                unknown("failed before")
            }
            Fate::FailsAfter => {
                if self.table.put(version, bytes) == Landing::Landed {
                    faults.met(Fault::PutFailedAfter);
                }
                unknown("answer lost")
            }
            Fate::Late => {
                self.limbo.push((version, bytes.clone()));
                unknown("timed out")
            }
            Fate::ExistsOfItsOwn => {
                if self.table.put(version, bytes) == Landing::Landed {
                    faults.met(Fault::PutExistsOfItsOwn);
                }
                PutOutcome::Exists
            }
            Fate::ExistsOfNothing => {
                if self.table.read(version).is_none() {
                    faults.met(Fault::PutExistsOfNothing);
                }
                PutOutcome::Exists
            }
        }
    }

    /// Reads a version.
    pub fn read(&mut self, version: u64, rng: &mut ChaCha8Rng, faults: &mut FaultCounts) -> ReadOutcome {
        if self.is_down() {
            return ReadOutcome::Unknown("the store is down".into());
        }
        let fails = chance(rng, self.fault);
        match self.table.read(version) {
            Some(_) if fails && chance(rng, 500) => {
                faults.met(Fault::ReadMissing);
                ReadOutcome::Missing
            }
            _ if fails => {
                faults.met(Fault::ReadUnknown);
                ReadOutcome::Unknown("read failed".into())
            }
            Some(bytes) => ReadOutcome::Found(bytes.clone()),
            None => ReadOutcome::Missing,
        }
    }

    /// Reads the newest version, if the store answers.
    ///
    /// # Errors
    /// A sentence when it does not.
    pub fn look(&mut self, rng: &mut ChaCha8Rng, faults: &mut FaultCounts) -> Result<Option<TableView>, String> {
        if self.is_down() || chance(rng, self.fault) {
            faults.met(Fault::LookFailed);
            return Err("listing failed".into());
        }
        Ok(self.table.view())
    }

    /// The engine that waited for this put is gone.
    pub fn orphan(&mut self, table: &str, version: u64, bytes: Bytes) {
        if self.table.is(table) {
            self.limbo.push((version, bytes));
        }
    }

    /// The table is dropped, and an empty one of another id takes its name. It has another place: puts for the one that is
    /// gone come to nothing.
    pub fn remake(&mut self, made: &Commit) {
        let mut table = Table::default();
        table.step = self.table.step;
        self.dropped.push(std::mem::replace(&mut self.table, table));
        self.table.put(0, &made.encode());
        self.limbo.clear();
        self.files.clear();
    }

    /// Rows of a stream that ever were in a table of the name.
    pub fn rows_of(&self, stream: &str) -> u64 {
        let tables = self.dropped.iter().chain([&self.table]);
        tables.map(|table| table.rows_of(stream)).max().unwrap_or(0)
    }

    /// Puts in limbo.
    pub fn limbo(&self) -> usize {
        self.limbo.len()
    }

    /// One put in limbo lands, or never will. Gives its version when it landed.
    pub fn resolve_limbo(&mut self, rng: &mut ChaCha8Rng, faults: &mut FaultCounts) -> Option<u64> {
        if self.limbo.is_empty() {
            return None;
        }
        let (version, bytes) = self.limbo.swap_remove(rng.random_range(0..self.limbo.len()));
        if chance(rng, 300) {
            faults.met(Fault::PutNeverLanded);
            return None;
        }
        match self.table.put(version, &bytes) {
            Landing::Landed => {
                faults.met(Fault::PutLandedLate);
                Some(version)
            }
            Landing::Taken => None,
        }
    }
}
