//! One sick table costs no other table anything.

use super::world::World;
use crate::log::{Canary, Room};

#[test]
fn a_healthy_table_goes_on_beside_a_sick_one() {
    let mut world = World::new(11, Canary::None);
    world.disk.capacity = u64::MAX / 2;
    world.settings.bytes_max = 16 * 262_144;
    world.settings.segment_bytes = 262_144;
    world.settings.block_bytes = 16384;
    world.log = crate::log::Log::new(world.settings.clone(), super::world::LOG, 1);
    while world.tables.len() < 2 {
        let table = super::world::Table { id: "another".into(), ..world.tables[0].clone() };
        world.tables.push(table);
    }
    (world.tables[0].is_sick, world.tables[1].is_sick) = (true, false);
    let mut refused = 0;
    for _ in 0..6_000 {
        let sick = world.append(0, 3_000).unwrap();
        refused += u32::from(sick == Room::TableShare);
        let healthy = world.append(1, 3_000).unwrap();
        assert_eq!(healthy, Room::Yes, "{:?} {:?}", world.log.usage(), world.log.index.segments);
        world.settle().unwrap();
        world.commit(1, true);
        world.settle().unwrap();
    }
    assert!(refused > 2_000, "the sick table is refused once its share is used: {refused}");
    assert!(world.log.usage().bytes <= 16 * 262_144);
    world.drain().unwrap();
}

#[test]
fn a_log_without_room_says_so_and_recovers() {
    let mut world = World::new(12, Canary::None);
    world.disk.capacity = u64::MAX / 2;
    for table in &mut world.tables {
        table.is_sick = true;
    }
    let tables = world.tables.len();
    let mut rooms = Vec::new();
    for index in 0..2_000 {
        rooms.push(world.append(index % tables, 3_000).unwrap());
        world.settle().unwrap();
    }
    assert!(rooms[1_900..].iter().all(|room| matches!(room, Room::Full | Room::TableShare)));
    world.drain().unwrap();
}

/// Each row lies in a block of its own, and all of them are held: what they take is not what they are.
#[test]
fn a_log_is_not_full_of_rows_that_lie_loosely() {
    for seed in 0..12 {
        let mut world = World::new(seed, Canary::None);
        world.disk.capacity = u64::MAX / 2;
        world.settings.bytes_max = 6 * 65_536;
        world.settings.segment_bytes = 65_536;
        world.settings.block_bytes = 4_096;
        world.log = crate::log::Log::new(world.settings.clone(), super::world::LOG, 1);
        world.tables.truncate(1);
        world.tables[0].is_sick = false;
        // A quarter of what there is for entries.
        while world.log.usage().live_bytes < 65_536 {
            let room = world.append(0, 500).unwrap();
            assert_eq!(room, Room::Yes, "seed {seed}: {:?} {:?}", world.log.usage(), world.log.index.segments);
            world.settle().unwrap();
            world.hold(0);
            world.settle().unwrap();
            world.commit(0, true);
            world.settle().unwrap();
        }
        world.drain().unwrap();
    }
}
