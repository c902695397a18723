//! The command line of the simulator.

use clap::Parser;
use lakehead_simulator::canary::{CANARIES, Canary};
use lakehead_simulator::faults::FAULTS;
use lakehead_simulator::scheduler::run;
use lakehead_simulator::suite::{Suite, suite};
use lakehead_simulator::trace::Trace;
use std::io::Write;
use std::process::ExitCode;

/// Seeds within which every planted bug must be caught.
const CANARY_SEEDS: u64 = 4_000;
/// From so many seeds on, a kind of fault that was never met is a failure.
const SEEDS_THAT_MEET_ALL: u64 = 2_000;

/// Runs seeded schedules over the engine's shard and commit machines, and checks what was promised.
#[derive(Parser)]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Runs this one only.
    #[arg(long)]
    seed: Option<u64>,
    /// With --seed: prints what happens, step by step.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Plants a bug, which should be noticed.
    #[arg(long)]
    canary: Option<Canary>,
    /// Plants each bug in turn; fails when one is not noticed.
    #[arg(long, conflicts_with_all = ["canary", "seed"])]
    canaries: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.canaries {
        return canaries(arguments.from);
    }
    match arguments.seed {
        Some(seed) => one(seed, arguments.canary, arguments.trace),
        None => many(&arguments),
    }
}

fn one(seed: u64, canary: Option<Canary>, trace: bool) -> ExitCode {
    let run = run(seed, canary, if trace { Trace::kept() } else { Trace::default() });
    // A reader that went away (a pager, head) is no reason to fail.
    let _ = std::io::stdout().write_all(run.trace.as_bytes());
    match run.outcome {
        Ok(()) => {
            println!("1 seed clean");
            ExitCode::SUCCESS
        }
        Err(violation) => {
            println!("seed {seed} failed after {} steps: {}", run.steps, violation.0);
            ExitCode::FAILURE
        }
    }
}

fn many(arguments: &Arguments) -> ExitCode {
    let every = (arguments.seeds / 20).max(1);
    let seeds = arguments.seeds;
    let Suite { faults, failure, steps, .. } = suite(arguments.from, seeds, arguments.canary, |done| {
        if done % every == 0 || done == seeds {
            eprint!("\r{done} of {seeds} seeds");
        }
    });
    eprintln!();
    for fault in FAULTS {
        println!("{:>10}  {}", faults.of(*fault), fault.sentence());
    }
    println!("{steps:>10}  steps");
    if let Some((seed, violation)) = failure {
        let planted = arguments.canary.map_or_else(String::new, |canary| format!(" --canary {}", canary.name()));
        println!("seed {seed} failed: {}", violation.0);
        println!("replay: lakehead-simulator --seed {seed} --trace{planted}");
        return ExitCode::FAILURE;
    }
    let missing = faults.missing();
    if seeds >= SEEDS_THAT_MEET_ALL && !missing.is_empty() {
        let sentences: Vec<&str> = missing.iter().map(|fault| fault.sentence()).collect();
        println!("never met in {seeds} seeds: {}", sentences.join("; "));
        return ExitCode::FAILURE;
    }
    println!("{seeds} seeds clean");
    ExitCode::SUCCESS
}

fn canaries(from: u64) -> ExitCode {
    let mut missed = 0;
    for canary in CANARIES {
        let Suite { seeds, failure, .. } = suite(from, CANARY_SEEDS, Some(canary), |_| {});
        match failure {
            Some((seed, violation)) => {
                println!("{}: caught after {seeds} seeds (seed {seed}: {})", canary.name(), violation.0);
            }
            None => {
                missed += 1;
                println!("{}: NOT caught in {CANARY_SEEDS} seeds", canary.name());
            }
        }
    }
    if missed == 0 {
        println!("{} canaries caught", CANARIES.len());
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
