//! Rot of acked rows is refused, with the streams named; accepting it lets the log go on.

use super::world::World;
use crate::log::fake::Name;
use crate::log::recovery::Mode;
use crate::log::{Position, ReadDisk, RecoveryError};

/// Turns a bit of a durable block with rows that are not in their table.
pub fn damage(world: &mut World) -> Result<(), String> {
    // Without room there is no final watermark, and rot in the last block is not found.
    world.disk.capacity = u64::MAX / 2;
    world.now_us += 2_000_000;
    world.settle()?;
    let Some(place) = world
        .tables
        .iter()
        .filter_map(|table| world.log.table_of(&table.id))
        .find_map(|number| world.log.blocks(number, Position(0)).into_iter().next())
    else {
        return Ok(());
    };
    let mut bytes = vec![0; place.bytes as usize];
    world.disk.read(place.segment, place.offset, &mut bytes).map_err(|error| error.to_string())?;
    let view = world.log.view_block(&place, &bytes).map_err(|bad| bad.to_string())?;
    let streams: Vec<_> = view.rows().filter_map(|record| world.entries.get(&record.header.position)).collect();
    let at = world.random.below(u64::from(place.bytes)) as usize;
    world.disk.flip(Name::Segment(place.segment), place.offset as usize + at, world.random.below(8) as u32);
    let damages = match world.recovered(Mode::Strict) {
        Err(RecoveryError::Damaged(damages)) => damages,
        Err(error) => return Err(error.to_string()),
        Ok(_) => return Err(format!("rot at {at} of {place:?} goes unnoticed")),
    };
    let text = RecoveryError::Damaged(damages).to_string();
    // The bit may be in what names one of them.
    let unnamed: Vec<_> =
        streams.iter().filter(|entry| !text.contains(&*entry.stream)).map(|entry| &entry.stream).collect();
    let distinct: std::collections::BTreeSet<_> = unnamed.iter().collect();
    if distinct.len() > 1 {
        return Err(format!("{text}\ndoes not name {distinct:?}; bit at {at} of {place:?}"));
    }
    world.met.damages += 1;
    let accepted = world.recovered(Mode::AcceptLoss).map_err(|error| error.to_string())?;
    let lost = streams.len();
    if accepted.damages.is_empty() || lost == 0 {
        return Err("an accepted loss is not reported".to_owned());
    }
    if accepted.next_position < world.log.next_position() {
        return Err(format!("after a loss the log ends at {}", accepted.next_position));
    }
    world.disk.sync_all();
    world.resume(accepted);
    world.files = Default::default();
    world.settle()?;
    world.recovered(Mode::Strict).map_err(|error| format!("refused although accepted: {error}"))?;
    Ok(())
}
