//! When blocks are written, and when they count.

use super::world::World;
use crate::log::fake::Files;
use crate::log::{Canary, LogAction, Room};

fn actions(world: &mut World) -> Vec<LogAction> {
    let mut out = Vec::new();
    world.log.actions(world.now_us, &mut out);
    out
}

fn opened() -> World {
    let mut world = World::new(1, Canary::None);
    world.disk.capacity = u64::MAX / 2;
    world.settings.linger_us = 1_000;
    world.log = crate::log::Log::new(world.settings.clone(), super::world::LOG, 1);
    world.settle().unwrap();
    assert!(actions(&mut world).is_empty(), "an idle log wants nothing");
    world
}

#[test]
fn a_record_after_a_pause_is_written_at_once_and_the_next_ones_together() {
    let mut world = opened();
    world.now_us += 5_000;
    assert_eq!(world.append(0, 100).unwrap(), Room::Yes);
    let [LogAction::Write { .. }] = &actions(&mut world)[..] else { panic!("a write, and no sync yet") };
    assert_eq!(world.append(0, 100).unwrap(), Room::Yes);
    assert!(actions(&mut world).is_empty(), "one flush at a time");
}

#[test]
fn nothing_is_durable_before_the_sync() {
    let mut world = opened();
    world.now_us += 5_000;
    world.append(0, 100).unwrap();
    let before = world.log.durable();
    world.turn().unwrap();
    while !world.files.is_idle() {
        assert_eq!(world.log.durable(), before);
        world.step_files();
    }
    assert_eq!(world.log.durable(), before);
    world.turn().unwrap();
    while !world.files.is_idle() {
        assert_eq!(world.log.durable(), before);
        world.step_files();
    }
    assert_eq!(world.log.durable(), world.log.point());
}

#[test]
fn records_linger_after_a_flush() {
    let mut world = opened();
    world.now_us += 5_000;
    world.append(0, 100).unwrap();
    while world.log.durable() < world.log.point() {
        world.turn().unwrap();
        world.step_files();
    }
    world.turn().unwrap();
    world.append(0, 100).unwrap();
    assert!(actions(&mut world).is_empty());
    let wake = world.log.wake_at_us().expect("the linger ends");
    assert!(wake <= world.now_us + 1_000 && wake > world.now_us);
    world.now_us = wake;
    assert!(matches!(&actions(&mut world)[..], [LogAction::Write { .. }]));
}

#[test]
fn an_idle_log_writes_the_final_watermark_once() {
    let mut world = opened();
    world.append(0, 100).unwrap();
    world.settle().unwrap();
    world.files = Files::default();
    world.now_us += 10_000_000;
    assert!(actions(&mut world).is_empty() && world.log.wake_at_us().is_none());
}

/// Not a benchmark: shows that the bookkeeping stays small beside the copy. Run it by name, with `--ignored --nocapture`.
#[test]
#[ignore = "prints a time"]
fn the_cost_of_an_append() {
    use crate::log::NewRows;
    let world = opened();
    let mut settings = world.settings.clone();
    (settings.bytes_max, settings.segment_bytes, settings.block_bytes) = (1 << 40, 1 << 30, 1 << 20);
    let log = &mut crate::log::Log::new(settings, super::world::LOG, 1);
    a_fast_disk(log);
    let table = log.note_table(&"id".into(), &"name".into());
    let schema = log.note_schema(table, &world.schemas[0]);
    let streams: Vec<_> = (0..1_000).map(|epoch| log.note_stream(table, None, epoch)).collect();
    for bytes in [64, 512, 4_096, 65_536] {
        let frame = vec![7u8; bytes];
        let count = 64 * 1024 * 1024 / bytes.max(512);
        #[expect(clippy::disallowed_methods, reason = "a measurement")]
        let start = std::time::Instant::now();
        for index in 0..count {
            let stream = streams[index % streams.len()];
            log.append(NewRows { table, schema, stream, skip: 0, next: 1, frame: &frame, decision: &[] });
            if index % (1 + (1 << 20) / bytes) == 0 {
                a_fast_disk(log);
            }
        }
        println!("{bytes} bytes: {:?} each", start.elapsed() / count as u32);
    }
}

/// Whatever the log wants is done at once.
fn a_fast_disk(log: &mut crate::log::Log) {
    use crate::log::LogEvent;
    let mut wanted = Vec::new();
    loop {
        log.actions(0, &mut wanted);
        if wanted.is_empty() {
            return;
        }
        for action in wanted.drain(..) {
            log.on(match action {
                LogAction::MakeSpare { number, .. } => LogEvent::SpareMade { number, result: Ok(()) },
                LogAction::OpenSegment { number, .. } => LogEvent::SegmentOpened { number },
                LogAction::Write { ticket, block, .. } => LogEvent::Written { ticket, block },
                LogAction::Sync { ticket, .. } => LogEvent::Synced { ticket },
                other => panic!("{other:?}"),
            });
        }
    }
}
