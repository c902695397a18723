//! Lakehead's load generator and its reports.
//!
//! - [`workload`]: the rows.
//! - [`run`]: sending them and hearing of their commits.
//! - [`readback`]: counting them in the table, independently of the engine.
//! - [`report`]: what is said about it.
//! - [`sink`]: a server without an engine, to load the generator itself.
//! - [`reader`]: a process beside a run that tells when rows can be read.
//! - [`search`]: the highest rate that keeps a latency bound.
//! - [`scenario`]: options from a file.
//! - [`page`]: result files as one HTML page.
//! - [`client`]: what the Rust client does before the network, on one core.
//! - [`stages`]: what each stage of the engine costs alone; [`kernels`]: the same for who counts instructions.
//! - [`compare`]: two engines in turns; [`peers`]: the engine and others.
//! - [`measure`], [`generate`]: the other two commands.

mod allocations;
mod arguments;
mod client;
mod compare;
mod folder;
mod generate;
mod kernels;
mod measure;
mod page;
mod peers;
mod readback;
mod reader;
mod report;
mod run;
mod scenario;
mod search;
mod sink;
mod stages;
mod workload;

use arguments::{Arguments, Command};
use clap::Parser;
use report::Verdict;
use std::fmt::Display;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: allocations::CountingAllocator = allocations::CountingAllocator;

const NOT_EXACTLY_ONCE: u8 = 1;
const NO_RUN: u8 = 2;

fn main() -> ExitCode {
    // What was sent is freed by the second, and wanted again in the next one.
    lakehead_engine::allocator::keep_freed_memory();
    let words = match scenario::expanded(std::env::args_os()) {
        Ok(words) => words,
        Err(error) => return failed(&error),
    };
    match Arguments::parse_from(words).command {
        Command::Run(arguments) => match measure::measure(&arguments) {
            Ok(report) => {
                print!("{}", report::summary(&report));
                match report.rows.verdict {
                    Verdict::ExactlyOnce | Verdict::CommittedNotRead => ExitCode::SUCCESS,
                    Verdict::Uncommitted | Verdict::Wrong => ExitCode::from(NOT_EXACTLY_ONCE),
                }
            }
            Err(error) => failed(&error),
        },
        Command::Search(arguments) => match search::search(&arguments) {
            Ok(search::Found::Rate) => ExitCode::SUCCESS,
            Ok(search::Found::Nothing) => ExitCode::from(NOT_EXACTLY_ONCE),
            Err(error) => failed(&error),
        },
        Command::Report(arguments) => match page::write(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error),
        },
        Command::Reader(arguments) => match reader::run(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error),
        },
        Command::Generate(arguments) => match generate::generate(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error),
        },
        Command::Client(arguments) => match client::run(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error),
        },
        Command::Sink(arguments) => match sink::serve(arguments.listen) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error),
        },
        Command::Stages(arguments) => {
            stages::run(&arguments).map_or_else(|error| failed(&error), |()| ExitCode::SUCCESS)
        }
        Command::Compare(arguments) => compare::run(&arguments).unwrap_or_else(|error| failed(&error)),
        Command::Peers(arguments) => peers::run(&arguments).unwrap_or_else(|error| failed(&error)),
        Command::Kernels(arguments) => {
            kernels::run(&arguments).map_or_else(|error| failed(&error), |()| ExitCode::SUCCESS)
        }
    }
}

fn failed(error: &dyn Display) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::from(NO_RUN)
}
