//! The `lakehead` binary.

use clap::Parser;
use lakehead_engine::cli::arguments::Arguments;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    Arguments::parse().command.run().into()
}
