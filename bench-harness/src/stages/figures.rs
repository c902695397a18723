use super::name::StageName;
use super::stage::Parts;
use super::stopwatch::Lap;
use serde::Serialize;

/// One time through a stage.
#[derive(Debug, Clone)]
pub struct Pass {
    pub rows: u64,
    pub parts: Vec<Lap>,
}

/// What a stage takes. Nanoseconds are of CPU time; GB are 10^9 bytes of rows in Arrow's layout.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    pub name: StageName,
    /// Of the pass in the middle.
    pub ns_per_row: f64,
    /// Of the fastest pass: what others on the machine take away shows as their distance.
    pub ns_per_row_min: f64,
    /// On one core.
    pub gb_per_s: f64,
    pub cpu_s_per_gb: f64,
    /// MB of rows a second of time that passed, waiting included.
    pub wall_mb_per_s: f64,
    /// Requests to the allocator, of the thread that does the stage, for each GB of rows.
    pub allocations_per_gb: f64,
    /// MB that were asked for, of those requests.
    pub allocated_mb_per_gb: f64,
    pub passes: usize,
    pub input: &'static str,
    /// Where the stage has parts that can be told apart.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartFigures>,
}

/// What a part of a stage takes, in its pass in the middle.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartFigures {
    pub name: String,
    pub ns_per_row: f64,
    pub cpu_s_per_gb: f64,
}

impl Figures {
    pub fn new(name: StageName, input: &'static str, parts: &Parts, passes: &[Pass], row_bytes: f64) -> Self {
        let per_row = |rows: u64, seconds: f64| seconds * 1e9 / rows.max(1) as f64;
        let sum =
            |of: fn(&Lap) -> f64| sorted(passes.iter().map(|pass| per_row(pass.rows, pass.parts.iter().map(of).sum())));
        let (cpu, wall) = (sum(|lap| lap.cpu.as_secs_f64()), sum(|lap| lap.wall.as_secs_f64()));
        let requests = |of: fn(&Lap) -> u64| {
            let requests: u64 = passes.iter().flat_map(|pass| &pass.parts).map(of).sum();
            let rows: u64 = passes.iter().map(|pass| pass.rows).sum();
            requests as f64 / (rows.max(1) as f64 * row_bytes) * 1e9
        };
        let part = |(index, name): (usize, &String)| {
            let laps =
                passes.iter().filter_map(|pass| Some(per_row(pass.rows, pass.parts.get(index)?.cpu.as_secs_f64())));
            let ns_per_row = middle(&sorted(laps));
            PartFigures { name: name.clone(), ns_per_row, cpu_s_per_gb: ns_per_row / row_bytes }
        };
        let ns_per_row = middle(&cpu);
        Self {
            name,
            ns_per_row,
            ns_per_row_min: cpu.first().copied().unwrap_or(f64::NAN),
            gb_per_s: row_bytes / ns_per_row,
            // A nanosecond a byte is a second a GB.
            cpu_s_per_gb: ns_per_row / row_bytes,
            wall_mb_per_s: row_bytes / middle(&wall) * 1e3,
            allocations_per_gb: requests(|lap| lap.allocations.count),
            allocated_mb_per_gb: requests(|lap| lap.allocations.bytes) / 1e6,
            passes: passes.len(),
            input,
            parts: match parts {
                Parts::One => Vec::new(),
                Parts::Named(names) => names.iter().enumerate().map(part).collect(),
            },
        }
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

fn middle(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
