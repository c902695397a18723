use super::bound::{Bound, Percentile, Promise};
use super::decision::{Limit, Limits, Outcome, Purpose, Response, Search, Step};
use super::document::SearchReport;
use super::probe::Probe;
use crate::report::{Cause, Report, Validity, assert_documented, sample};
use proptest::prelude::*;

const LIMITS: Limits =
    Limits { rate_start: 100.0, rate_min: 1.0, rate_max: 5_000.0, precision: 0.05, confirmations: 3, probes_max: 200 };

/// The outcome, and every rate tried with its purpose.
fn searched(limits: Limits, mut respond: impl FnMut(f64) -> Response) -> (Outcome, Vec<(f64, Purpose)>) {
    let (mut search, mut tried) = (Search::new(limits), Vec::new());
    loop {
        match search.step() {
            Step::Done(outcome) => return (outcome, tried),
            Step::Probe { rate, purpose } => {
                tried.push((rate, purpose));
                search.answer(respond(rate));
            }
        }
    }
}

fn below(limit: f64) -> impl FnMut(f64) -> Response {
    move |rate| if rate <= limit { Response::Met } else { Response::Missed }
}

#[test]
fn the_limit_is_found_and_confirmed() {
    for limit in [1.01, 3.0, 77.0, 100.0, 101.0, 640.0, 4_999.0] {
        let (outcome, tried) = searched(LIMITS, below(limit));
        let Outcome::Confirmed { rate, limit: Limit::Bound } = outcome else { panic!("{limit}: {outcome:?}") };
        assert!(rate <= limit && rate * 1.06 > limit, "{limit}: {rate}");
        let confirmations = tried.iter().filter(|(_, purpose)| *purpose == Purpose::Confirm).count();
        assert_eq!(confirmations, 2, "two of three decide");
        assert!(tried.len() < 40, "{limit}: {} runs", tried.len());
    }
}

#[test]
fn a_bound_that_is_never_kept_is_told() {
    let (outcome, tried) = searched(LIMITS, |_| Response::Missed);
    assert_eq!(outcome, Outcome::NeverMet { rate_lowest_tried: 1.0 });
    assert!(tried.windows(2).all(|pair| pair[1].0 <= pair[0].0));
}

#[test]
fn a_bound_that_is_always_kept_ends_at_the_highest_rate() {
    let (outcome, tried) = searched(LIMITS, |_| Response::Met);
    assert_eq!(outcome, Outcome::Confirmed { rate: 5_000.0, limit: Limit::RateMax });
    assert_eq!(tried.len(), 7 + 2);
}

#[test]
fn a_generator_that_does_not_keep_up_is_named_as_the_limit() {
    let (outcome, _) = searched(LIMITS, |rate| if rate > 300.0 { Response::NotOffered } else { Response::Met });
    let Outcome::Confirmed { rate, limit: Limit::Generator } = outcome else { panic!("{outcome:?}") };
    assert!(rate <= 300.0 && rate > 280.0);
}

#[test]
fn one_miss_among_good_runs_changes_nothing() {
    let mut seen = std::collections::HashSet::new();
    // The first run of every rate misses.
    let (outcome, _) =
        searched(LIMITS, |rate| if seen.insert(rate.to_bits()) { Response::Missed } else { below(640.0)(rate) });
    let Outcome::Confirmed { rate, .. } = outcome else { panic!("{outcome:?}") };
    assert!(rate <= 640.0 && rate * 1.06 > 640.0, "{rate}");
}

#[test]
fn a_rate_that_was_kept_by_luck_is_not_confirmed() {
    let mut runs = 0;
    // 700 and above was lucky in the beginning.
    let (outcome, _) = searched(LIMITS, |rate| {
        runs += 1;
        if runs <= 10 { below(900.0)(rate) } else { below(700.0)(rate) }
    });
    let Outcome::Confirmed { rate, .. } = outcome else { panic!("{outcome:?}") };
    assert!(rate <= 700.0 && rate > 600.0, "{rate}");
}

#[test]
fn the_number_of_runs_is_bounded() {
    let limits = Limits { probes_max: 5, ..LIMITS };
    let (outcome, tried) = searched(limits, below(640.0));
    assert_eq!((outcome, tried.len()), (Outcome::Unconfirmed { rate: 400.0 }, 5));
    let (outcome, _) = searched(Limits { probes_max: 1, ..LIMITS }, below(1.0));
    assert_eq!(outcome, Outcome::NeverMet { rate_lowest_tried: 100.0 });
}

proptest! {
    /// Whatever the answers, it ends, stays within its limits, and names a rate that kept the bound at least once.
    #[test]
    fn it_ends_whatever_the_answers(answers in proptest::collection::vec(0_u8..3, 300), start in 0.1_f64..20_000.0,
                                    confirmations in 0_u32..5) {
        let (mut answers, mut met) = (answers.into_iter(), Vec::new());
        let limits = Limits { rate_start: start, confirmations, ..LIMITS };
        let (outcome, tried) = searched(limits, |rate| match answers.next() {
            Some(0) => Response::Missed,
            Some(1) => Response::NotOffered,
            _ => {
                met.push(rate);
                Response::Met
            }
        });
        prop_assert!(tried.len() <= 200);
        prop_assert!(tried.iter().all(|(rate, _)| (1.0..=5_000.0).contains(rate)));
        match outcome {
            Outcome::Confirmed { rate, .. } | Outcome::Unconfirmed { rate } => prop_assert!(met.contains(&rate)),
            Outcome::NeverMet { .. } => {}
        }
    }
}

#[test]
fn bounds_are_read_and_shown() {
    let bound: Bound = "durable:p99:4ms".parse().unwrap();
    assert_eq!(bound, Bound { promise: Promise::Durable, percentile: Percentile::P99, limit_ms: 4.0 });
    assert_eq!(bound.to_string(), "durable p99 at most 4 ms");
    assert_eq!("queryable:p99.9:1.5s".parse::<Bound>().unwrap().limit_ms, 1_500.0);
    assert_eq!("committed:max:800us".parse::<Bound>().unwrap().limit_ms, 0.8);
    for (text, said) in [
        ("durable:p99", "promise:percentile:limit"),
        ("synced:p99:4ms", "durable, committed, queryable"),
        ("durable:p98:4ms", "p99.9"),
        ("durable:p99:4", "not a time"),
        ("durable:p99:-4ms", "not a time"),
    ] {
        assert!(text.parse::<Bound>().unwrap_err().contains(said), "{text}");
    }
}

#[test]
fn every_field_of_a_search_is_documented() {
    let report = sample::report();
    let bound = Bound { promise: Promise::Durable, percentile: Percentile::P99, limit_ms: 4.0 };
    let document = |outcome| SearchReport {
        header: sample::header("search"),
        bound,
        limits: LIMITS,
        configuration: sample::configuration(),
        probes: vec![Probe::new(100.0, Purpose::Judge, &bound, &report)],
        outcome,
    };
    // What an outcome has depends on its state; the page has all of it.
    let mut all = serde_json::to_value(document(Outcome::Confirmed { rate: 1.0, limit: Limit::Bound })).unwrap();
    let never = serde_json::to_value(document(Outcome::NeverMet { rate_lowest_tried: 1.0 })).unwrap();
    all["outcome"]["rate_lowest_tried"] = never["outcome"]["rate_lowest_tried"].clone();
    assert_documented("search", &all);
}

#[test]
fn a_run_answers_what_its_validity_and_latency_say() {
    let bound = Bound { promise: Promise::Durable, percentile: Percentile::P99, limit_ms: 2.0 };
    let answer = |validity: Validity, bound: Bound| {
        let report = Report { validity, ..sample::report() };
        Probe::new(1.0, Purpose::Judge, &bound, &report).response
    };
    let invalid = |cause| Validity::Invalid { cause, reason: String::new() };
    assert_eq!(answer(Validity::Valid, bound), Response::Met);
    assert_eq!(answer(Validity::Valid, Bound { limit_ms: 1.9, ..bound }), Response::Missed);
    assert_eq!(answer(Validity::Valid, Bound { promise: Promise::Queryable, ..bound }), Response::Missed);
    assert_eq!(answer(invalid(Cause::Engine), bound), Response::Missed);
    assert_eq!(answer(invalid(Cause::Generator), bound), Response::NotOffered);
}
