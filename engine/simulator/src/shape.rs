//! What a run is like, drawn from its seed: how many of everything, how small the limits, how frequent which fault.

use lakehead_engine::upkeep::planner::Limits;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// The shape of one run. Chances are in thousandths.
#[derive(Debug, Clone)]
pub struct Shape {
    pub engines: usize,
    pub shards_max: u16,
    pub streams: usize,
    pub anonymous: usize,
    /// Rows that a producer wants to write before faults heal.
    pub rows_goal: u64,
    pub batch_rows_max: u32,
    /// Whether the table is there before the first stream.
    pub table_exists: bool,
    /// Steps with faults.
    pub steps: u64,
    pub row_group_rows: usize,
    pub cut_rows: u64,
    pub credit_bytes: u64,
    pub budget_bytes: usize,
    pub port_capacity: usize,
    /// Steps after which a put in doubt is believed only when the table shows it.
    pub patience_steps: u64,
    /// Chance that a step is a disturbance rather than work.
    pub disturbance: u32,
    /// Weights of the disturbances, in the order of [`crate::disturbance::Disturbance`].
    pub weights: Vec<u32>,
    /// Chance that a put, read or look goes wrong.
    pub store_fault: u32,
    /// Chance that a producer that connects goes to another engine than before.
    pub wander: u32,
    /// Chance that a resuming producer sends from its committed offset instead of the resume offset.
    pub rebatch: u32,
    pub log: LogShape,
    /// Chance that an engine starts with another number of shards than before.
    pub core_change: u32,
    /// Chance that a producer keeps rows until they are durable only.
    pub keep_until_durable: u32,
    /// Microseconds that pass with a step, at most.
    pub step_us: u64,
    /// Chance that a bit of a log has turned when an engine starts.
    pub rot: u32,
    /// Whether somebody copies data directories, or takes them back to an older state.
    pub meddles: bool,
    /// Whether somebody restores tables to older versions, or makes them anew.
    pub spoils: bool,
    /// Tables, with a store each; streams take turns.
    pub tables: usize,
    /// Chance that a look at a table, for its upkeep, may begin.
    pub upkeep: u32,
    /// Chance that one that was begun may go on: how slow files are merged.
    pub upkeep_pace: u32,
    /// Small files that a table has from others, if it is there before the first stream.
    pub older_files: usize,
    /// What upkeep's merges go by.
    pub limits: Limits,
    /// Chance that rows hold bytes that look like blocks of the log.
    pub forgery: u32,
    pub bad_rows: BadRows,
}

/// Rows that their table cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadRows {
    /// Nobody sends any.
    None,
    Diverted,
    /// Diverted, and somebody else changes now and then what a table can hold.
    OfChangingTables,
}

/// When engines have logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogUse {
    Never,
    Always,
    /// It is switched on and off between runs.
    Changes,
}

/// What logs are like.
#[derive(Debug, Clone)]
pub struct LogShape {
    pub used: LogUse,
    pub bytes_max: u64,
    pub segment_bytes: u32,
    pub block_bytes: usize,
    pub linger_us: u64,
    /// Of the disk that a log is on.
    pub disk_bytes: u64,
}

impl Shape {
    /// Draws a shape.
    pub fn draw(rng: &mut ChaCha8Rng, disturbances: usize) -> Self {
        let mut pick = |choices: &[u64]| choices[rng.random_range(0..choices.len())];
        let mut shape = Self {
            engines: pick(&[1, 2]) as usize,
            shards_max: pick(&[1, 2, 3, 4]) as u16,
            streams: pick(&[1, 1, 2, 3, 5]) as usize,
            anonymous: pick(&[0, 1, 2]) as usize,
            rows_goal: pick(&[20, 60, 150, 300]),
            batch_rows_max: pick(&[1, 3, 8, 20]) as u32,
            table_exists: pick(&[0, 1, 1, 1]) == 1,
            steps: pick(&[200, 500, 1_000, 2_500]),
            row_group_rows: pick(&[5, 20, 100]) as usize,
            cut_rows: pick(&[10, 50, 1_000]),
            credit_bytes: pick(&[4 << 10, 16 << 10, 1 << 20]),
            budget_bytes: pick(&[16 << 10, 64 << 10, 1 << 20]) as usize,
            port_capacity: pick(&[1, 2, 4, 16]) as usize,
            patience_steps: pick(&[20, 100, 1_000_000]),
            disturbance: pick(&[0, 5, 20, 60, 120]) as u32,
            weights: (0..disturbances).map(|_| pick(&[0, 1, 1, 4]) as u32).collect(),
            store_fault: pick(&[0, 30, 150, 400]) as u32,
            wander: pick(&[0, 100, 900]) as u32,
            rebatch: pick(&[0, 300, 800]) as u32,
            log: LogShape {
                used: [LogUse::Never, LogUse::Always, LogUse::Changes][pick(&[0, 1, 1, 1, 1, 2]) as usize],
                // Segments are a thousandth of an engine's and blocks are not: with fewer of them notes and what is held
                // could take up all that is not reserved.
                bytes_max: 49_152 * pick(&[8, 9, 11, 15]),
                segment_bytes: 49_152,
                block_bytes: pick(&[4_096, 4_096, 8_192]) as usize,
                linger_us: pick(&[0, 1_000]),
                disk_bytes: 49_152 * pick(&[8, 10, 1_000, 1_000, 1_000]),
            },
            core_change: pick(&[0, 200, 800]) as u32,
            keep_until_durable: pick(&[0, 500, 1_000]) as u32,
            step_us: pick(&[20, 200, 2_000]),
            rot: pick(&[0, 0, 200]) as u32,
            meddles: pick(&[0, 0, 0, 1]) == 1,
            spoils: pick(&[0, 0, 0, 0, 0, 0, 0, 1]) == 1,
            forgery: pick(&[0, 0, 0, 200]) as u32,
            tables: pick(&[1, 1, 2]) as usize,
            bad_rows: [BadRows::None, BadRows::Diverted, BadRows::OfChangingTables][pick(&[0, 0, 1, 2]) as usize],
            upkeep: pick(&[0, 100, 400, 1_000]) as u32,
            upkeep_pace: pick(&[20, 300, 1_000]) as u32,
            older_files: pick(&[0, 3, 8, 20]) as usize,
            limits: Limits {
                many: pick(&[2, 2, 3, 5]) as usize,
                crowd: pick(&[4, 64]) as usize,
                ..Limits::of_target(pick(&[500, 5_000, 100_000]), None)
            },
        };
        shape.spoils &= !shape.meddles;
        if shape.log.used != LogUse::Always || shape.meddles || shape.spoils {
            shape.bad_rows = BadRows::None;
        }
        if shape.bad_rows == BadRows::OfChangingTables {
            // Where a stream goes on at another engine between the two commits of a cut, while a table's rules change, that one
            // takes rows that the first one has rejected: the one case that is not covered.
            shape.engines = 1;
        }
        if shape.meddles {
            // Of two engines that speak for one log the later one may find what the other one staged.
            shape.upkeep = shape.upkeep.max(400);
        }
        if shape.credit_bytes < 16 << 10 || shape.budget_bytes < 64 << 10 {
            // Such a frame would have to wait for ever.
            shape.forgery = 0;
        }
        if shape.forgery > 0 {
            // A segment should hold several of the largest frames.
            let LogShape { bytes_max, segment_bytes, disk_bytes, .. } = &mut shape.log;
            (*bytes_max, *segment_bytes, *disk_bytes) = (*bytes_max * 2, *segment_bytes * 2, *disk_bytes * 2);
        }
        shape
    }
}

/// True once in a while: `thousandths` of the time.
pub fn chance(rng: &mut ChaCha8Rng, thousandths: u32) -> bool {
    rng.random_range(0..1_000) < thousandths
}
