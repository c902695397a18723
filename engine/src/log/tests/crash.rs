//! Random histories with crashes at any point.

use super::world::{Met, World};
use crate::log::Canary;

/// Several generations of one log; the first broken promise, or what was met.
pub fn history(seed: u64, canary: Canary) -> Result<Met, String> {
    let mut world = World::new(seed, canary);
    for _ in 0..2 + world.random.below(4) {
        let steps = 20 + world.random.below(400);
        let big = world.random.percent(30);
        for _ in 0..steps {
            let table = world.random.below(world.tables.len() as u64) as usize;
            match world.random.below(100) {
                0..25 => {
                    let payload = match world.random.below(10) {
                        0 => 4096 + world.random.below(24_000),
                        1..4 if big => 2048 + world.random.below(8192),
                        _ => world.random.below(600),
                    };
                    world.append(table, payload as usize)?;
                }
                25..35 => {
                    let tell = world.random.percent(80);
                    world.commit(table, tell);
                }
                35 => world.hold(table),
                36 => world.release(),
                37..45 => world.now_us += world.random.below(2_000),
                45 => world.now_us += 60_000,
                46 if world.random.percent(20) => world.now_us += 1_100_000,
                _ => world.step_files(),
            }
            world.turn()?;
        }
        if world.random.percent(30) {
            world.settle()?;
        }
        let is_power_cut = world.random.percent(75);
        world.crash(is_power_cut)?;
    }
    world.settle()?;
    if world.random.percent(50) {
        super::damage::damage(&mut world)?;
    } else {
        world.drain()?;
        world.crash(true)?;
    }
    Ok(world.met)
}

#[test]
fn promises_outlive_crashes() {
    let mut sum = Met::default();
    let seeds = 4_000;
    for seed in 0..seeds {
        let met = history(seed, Canary::None).unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
        sum.acked += met.acked;
        sum.torn += met.torn;
        sum.retired += met.retired;
        sum.copies += met.copies;
        sum.full += met.full;
        sum.share += met.share;
        sum.disk_full += met.disk_full;
        sum.held += met.held;
        sum.recoveries += met.recoveries;
        sum.damages += met.damages;
    }
    println!("{sum:?}");
    let Met { acked, torn, retired, copies, full, share, disk_full, held, recoveries, damages } = sum;
    let all = [acked, torn, retired, copies, full, share, disk_full, held, recoveries, damages];
    assert!(all.into_iter().all(|met| met > seeds / 100), "something was hardly ever met: {sum:?}");
}
