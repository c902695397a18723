//! What must hold after a recovery.

use super::world::{Entry, World};
use crate::log::{Point, Position, ReadDisk, Record, Recovered, open_block};
use std::collections::BTreeMap;

impl World {
    /// Everything promised is there, nothing else is.
    pub fn check(&self, recovered: &Recovered, durable: Point) -> Result<(), String> {
        if let Some((position, entry)) = self.entries.range(recovered.next_position..).find(|(_, entry)| entry.is_acked)
        {
            return Err(format!(
                "acked entry {position} is lost: {entry:?}; the log ends at {}",
                recovered.next_position
            ));
        }
        if self.entries.range(..recovered.next_position).count() as u64 != recovered.next_position.0 {
            return Err(format!("the log ends at {}, behind what was appended", recovered.next_position));
        }
        for (position, hold) in &self.holds {
            let is_held = recovered.state.held.contains_key(position);
            let must = hold.point <= durable && hold.released.is_none();
            let must_not = hold.released.is_some_and(|released| released <= durable);
            if must && !is_held || must_not && is_held {
                return Err(format!("entry {position} is held: {is_held}, should be: {must}"));
            }
        }
        for (index, table) in self.tables.iter().enumerate() {
            let known = recovered.state.tables.values().find(|known| known.id == table.id);
            let expected = |position: &Position, entry: &Entry| {
                entry.table == index && (*position >= table.position || recovered.state.held.contains_key(position))
            };
            let mut expected: BTreeMap<_, _> = self
                .entries
                .range(..recovered.next_position)
                .filter(|(position, entry)| expected(position, entry))
                .collect();
            let Some(known) = known else {
                match expected.first_key_value() {
                    Some((position, _)) => return Err(format!("entry {position} and its table are lost")),
                    None => continue,
                }
            };
            if known.position > table.position || (table.noted.1 <= durable && known.position < table.noted.0) {
                return Err(format!("{} is remembered at {}, is at {}", table.id, known.position, table.position));
            }
            let mut last = None;
            for place in recovered.blocks(known.number, Position(0)) {
                let mut bytes = vec![0; place.bytes as usize];
                self.disk.read(place.segment, place.offset, &mut bytes).map_err(|error| error.to_string())?;
                let segment = recovered.segments().find(|segment| segment.number == place.segment).expect("named");
                let view = open_block(&segment.life(self.settings.canary), place.offset, &bytes)
                    .map_err(|bad| format!("{place:?}: {bad}"))?;
                for record in view.rows().filter(|record| record.header.table == known.number) {
                    let position = record.header.position;
                    let Some(entry) = self.entries.get(&position) else {
                        return Err(format!("entry {position} was never appended"));
                    };
                    self.check_entry(recovered, position, entry, &record)?;
                    if last.is_some_and(|last| last >= position) {
                        return Err(format!("entry {position} comes behind {last:?}"));
                    }
                    last = Some(position);
                    expected.remove(&position);
                }
            }
            if let Some((position, entry)) = expected.first_key_value() {
                return Err(format!("entry {position} is lost: {entry:?}; the table is at {}", table.position));
            }
        }
        Ok(())
    }

    fn check_entry(
        &self,
        recovered: &Recovered,
        position: Position,
        entry: &Entry,
        record: &Record<'_>,
    ) -> Result<(), String> {
        let stream = recovered.state.streams.get(&record.header.stream);
        let schema = recovered.state.schemas.get(&record.header.schema);
        let is_same = stream.is_some_and(|stream| {
            stream.record.name.as_ref() == Some(&entry.stream) && stream.record.epoch == entry.epoch
        }) && schema.is_some_and(|schema| schema.record.schema == self.schemas[entry.schema])
            && (record.payload.len(), crc32c::crc32c(record.payload)) == entry.frame
            && record.offsets() == Some((entry.from, entry.next));
        if is_same { Ok(()) } else { Err(format!("entry {position} is not what was appended: {record:?}, {entry:?}")) }
    }
}
