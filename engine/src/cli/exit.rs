//! Exit codes, so that scripts can tell what to do.

use std::process::ExitCode;

/// How a command ended, as sysexits numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Success = 0,
    /// Something failed that no other code names.
    Failure = 1,
    /// The command line is wrong (clap uses the same number).
    Usage = 2,
    /// The data is wrong: look at it before trying again.
    Data = 65,
    /// The engine itself failed.
    Software = 70,
    /// A disk did not do what it must.
    InputOutput = 74,
    /// Nothing is wrong with the request: later it may work.
    TryLater = 75,
    /// The configuration is wrong.
    Configuration = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
