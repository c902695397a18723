//! The suite itself: clean seeds, runs that can be repeated, and planted bugs that are noticed.

use lakehead_simulator::canary::CANARIES;
use lakehead_simulator::scheduler::run;
use lakehead_simulator::suite::suite;
use lakehead_simulator::trace::Trace;

#[test]
fn a_hundred_seeds_are_clean() {
    let suite = suite(0, 100, None, |_| {});
    assert_eq!(suite.failure, None);
}

#[test]
fn five_thousand_seeds_meet_every_kind_of_fault() {
    let suite = suite(0, 5_000, None, |_| {});
    assert_eq!((suite.failure, suite.faults.missing()), (None, vec![]));
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in [3, 77, 91, 1_234] {
        let [first, second] = [run(seed, None, Trace::kept()), run(seed, None, Trace::kept())];
        assert!(first.trace.len() > 1_000);
        assert!(first.trace == second.trace, "seed {seed} gave two traces");
        assert_eq!(first.faults, second.faults);
        // What is written down must not change what happens.
        assert_eq!(run(seed, None, Trace::default()).steps, first.steps);
    }
}

#[test]
fn every_planted_bug_is_caught() {
    for canary in CANARIES {
        let suite = suite(0, 4_000, Some(canary), |_| {});
        assert!(suite.failure.is_some(), "{} was not caught", canary.name());
    }
}
