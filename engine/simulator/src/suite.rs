//! Many seeds, and what must be true of all of them together.

use crate::canary::Canary;
use crate::checks::Violation;
use crate::faults::FaultCounts;
use crate::scheduler::run;
use crate::trace::Trace;

/// What a suite of seeds came to.
#[derive(Debug)]
pub struct Suite {
    pub seeds: u64,
    pub steps: u64,
    pub faults: FaultCounts,
    /// The first seed that broke a promise.
    pub failure: Option<(u64, Violation)>,
}

/// Runs seeds `from..from + seeds` until one fails; `progress` hears of each that is done.
pub fn suite(from: u64, seeds: u64, canary: Option<Canary>, mut progress: impl FnMut(u64)) -> Suite {
    let mut suite = Suite { seeds: 0, steps: 0, faults: FaultCounts::default(), failure: None };
    for seed in from..from.saturating_add(seeds) {
        let run = run(seed, canary, Trace::default());
        suite.seeds += 1;
        suite.steps += run.steps;
        suite.faults.add(&run.faults);
        if let Err(violation) = run.outcome {
            suite.failure = Some((seed, violation));
            break;
        }
        progress(suite.seeds);
    }
    suite
}
