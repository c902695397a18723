//! What others do to a table that engines write: they restore it to an older version, or make it anew.

use crate::checks::Violation;
use crate::commit::Commit;
use crate::faults::Fault;
use crate::file_checks::check_files;
use crate::routes::{table_name, table_of_stream};
use crate::world::World;
use rand::Rng;

impl World {
    /// Somebody makes the files of an older version the table's again.
    pub fn restore(&mut self) {
        let table = self.draw_table();
        let Some(newest) = self.stores[table].table.view().map(|view| view.version) else { return };
        let to = self.rng.random_range(0..=newest);
        self.nonce += 1;
        let (files, older) = (self.stores[table].table.files(), self.stores[table].table.files_at(to));
        let removes = files.keys().filter(|name| !older.contains_key(*name)).cloned().collect();
        let adds = older.into_values().filter(|file| !files.contains_key(&file.name)).collect();
        let commit = Commit { nonce: self.nonce, restores: Some(to), removes, adds, ..Commit::default() };
        if let Some(version) = self.stores[table].table.foreign(&commit) {
            self.is_meddled = true;
            self.faults.met(Fault::TableRestored);
            self.trace.line(|| format!("version {version}: table {table} is restored to version {to}"));
        }
    }

    /// Somebody drops the table, and makes another one of its name.
    pub fn remake(&mut self) {
        let table = self.draw_table();
        if self.stores[table].table.view().is_none() {
            return;
        }
        self.nonce += 1;
        let made = Commit {
            id: Some(format!("{}.{}", table_name(table), self.nonce)),
            nonce: self.nonce,
            ..Commit::default()
        };
        self.stores[table].remake(&made);
        self.is_meddled = true;
        self.faults.met(Fault::TableRemade);
        self.trace.line(|| format!("table {table} is made anew: {:?}", made.id));
    }

    /// The end of a run in which somebody meddled: nothing is anywhere twice, and in a table that was left alone every row is
    /// in its place, whatever became of data directories; no log has written behind a RESTORE that it had
    /// to stop at, and what was acknowledged as durable is in a table or in the log.
    ///
    /// # Errors
    /// What is not as it must be.
    pub fn check_spoiled(&self) -> Result<(), Violation> {
        for table in self.stores.iter().flat_map(|store| store.dropped.iter().chain([&store.table])) {
            self.ledger.nothing_twice(table)?;
            if let Some((log, version)) = table.written_behind_restore() {
                return Violation::because(format!(
                    "log {log} wrote version {version} behind a RESTORE that no person has accepted"
                ));
            }
        }
        self.stores.iter().try_for_each(check_files)?;
        if !self.shape.spoils {
            let tables = self.stores.len();
            for (number, store) in self.stores.iter().enumerate() {
                self.ledger.table(&store.table, |stream| table_of_stream(stream, tables) == number)?;
            }
        }
        for (number, engine) in self.engines.iter().enumerate() {
            if let Some(engine) = engine {
                self.check_durable(number, &engine.directory)?;
            }
        }
        Ok(())
    }
}
