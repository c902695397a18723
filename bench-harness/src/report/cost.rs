use super::process::{ProcessError, Usage, command};
use serde::Serialize;

/// What a process spent on a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    pub pid: u32,
    pub command: Vec<String>,
    pub user_seconds: f64,
    pub system_seconds: f64,
    pub user_seconds_per_gigabyte: f64,
    pub system_seconds_per_gigabyte: f64,
    /// The most the process held in memory since it was started.
    pub memory_peak_bytes: u64,
}

/// Watches what a process spends.
#[derive(Debug)]
pub struct Meter {
    pid: u32,
    command: Vec<String>,
    before: Usage,
}

impl Meter {
    /// Starts with what the process has spent up to now.
    pub fn start(pid: u32) -> Result<Self, ProcessError> {
        Ok(Self { pid, command: command(pid)?, before: Usage::of(pid)? })
    }

    /// The cost since the start, of so many bytes of rows.
    pub fn stop(self, row_bytes: u64) -> Result<Cost, ProcessError> {
        let after = Usage::of(self.pid)?;
        let gigabytes = (row_bytes as f64 / 1e9).max(f64::MIN_POSITIVE);
        let user_seconds = after.user_seconds - self.before.user_seconds;
        let system_seconds = after.system_seconds - self.before.system_seconds;
        Ok(Cost {
            pid: self.pid,
            command: self.command,
            user_seconds,
            system_seconds,
            user_seconds_per_gigabyte: user_seconds / gigabytes,
            system_seconds_per_gigabyte: system_seconds / gigabytes,
            memory_peak_bytes: after.memory_peak_bytes,
        })
    }
}
