//! What somebody sees who sees the disks: which promises would outlive the loss of power at this moment.

use crate::checks::Violation;
use crate::data_directory::DataDirectory;
use crate::durable_rows::{LoggedRows, reach};
use crate::world::World;

impl World {
    /// Everything that was acknowledged as durable by this engine must be in the table or in its logs, were the power to go
    /// now.
    ///
    /// # Errors
    /// When it is not.
    pub fn check_durable(&self, number: usize, directory: &DataDirectory) -> Result<(), Violation> {
        let survivors = directory.survivors()?;
        for (stream, durable) in self.ledger.durable_at(number) {
            let committed = self.store_of(stream).rows_of(stream);
            let logs = survivors.iter().map(|(_, rows): &(_, LoggedRows)| rows);
            let reached = reach(stream, committed, logs);
            if reached < durable {
                return Violation::because(format!(
                    "engine {number}: {durable} rows of {stream} were acknowledged as durable, the table has {committed} and its \
                     logs reach to {reached}"
                ));
            }
        }
        Ok(())
    }

    /// At the end: no log has rows that their table lacks, but those that are held.
    ///
    /// # Errors
    /// When one has.
    pub fn check_logs(&self) -> Result<(), Violation> {
        for (number, engine) in self.engines.iter().enumerate() {
            let Some(engine) = engine else { continue };
            self.check_durable(number, &engine.directory)?;
            for log in engine.hosts.iter().filter_map(|host| host.shard.log()) {
                for (table, record) in &log.state().tables {
                    if log.last_position(*table).is_some_and(|last| last >= record.position) {
                        let (id, position) = (log.id(), record.position);
                        return Violation::because(format!(
                            "log {id} of engine {number} has rows behind {position} left"
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    /// A put may cover only what is durable.
    ///
    /// # Errors
    /// When it covers more.
    pub fn check_put(&mut self, number: usize) -> Result<(), Violation> {
        let Some(engine) = self.engines[number].as_mut() else { return Ok(()) };
        let begun = engine.planes.iter_mut().find_map(|plane| plane.put_begun.take());
        let Some(entries) = begun.filter(|entries| !entries.is_empty()) else { return Ok(()) };
        for (recovered, _) in engine.directory.survivors()? {
            if let Some((_, entry)) = entries.iter().find(|(log, _)| *log == recovered.id)
                && entry.position > recovered.next_position.0
            {
                return Violation::because(format!(
                    "engine {number} commits log {} up to {}, and only {} is durable",
                    recovered.id, entry.position, recovered.next_position
                ));
            }
        }
        Ok(())
    }
}
