use super::process::{ProcessError, Usage, command, written_bytes};
use crate::run::Read;
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
    /// Written to disks during the run, as the kernel counts it. Absent where it does not say, and for the reader.
    pub written_bytes: Option<u64>,
}

/// Watches what a process spends.
#[derive(Debug)]
pub struct Meter {
    pid: u32,
    command: Vec<String>,
    before: Usage,
    written_before: Option<u64>,
}

impl Meter {
    /// Starts with what the process has spent up to now.
    pub fn start(pid: u32) -> Result<Self, ProcessError> {
        Ok(Self { pid, command: command(pid)?, before: Usage::of(pid)?, written_before: written_bytes(pid) })
    }

    /// The cost since the start, of so many bytes of rows.
    pub fn stop(self, row_bytes: u64) -> Result<Cost, ProcessError> {
        let after = Usage::of(self.pid)?;
        Ok(Cost {
            memory_peak_bytes: after.memory_peak_bytes,
            written_bytes: written_bytes(self.pid).zip(self.written_before).map(|(after, before)| after - before),
            ..Cost::new(
                (self.pid, self.command),
                after.user_seconds - self.before.user_seconds,
                after.system_seconds - self.before.system_seconds,
                row_bytes,
            )
        })
    }
}

impl Cost {
    /// What the reader outside says of itself.
    pub fn of_reader(read: &Read, row_bytes: u64) -> Self {
        let ended = &read.ended;
        let process = (read.pid, read.command.clone());
        let memory_peak_bytes = ended.memory_peak_bytes;
        Self { memory_peak_bytes, ..Self::new(process, ended.user_seconds, ended.system_seconds, row_bytes) }
    }

    fn new((pid, command): (u32, Vec<String>), user_seconds: f64, system_seconds: f64, row_bytes: u64) -> Self {
        // Of no rows at all there is no cost a row: it counts as none.
        let per_gigabyte = |seconds: f64| if row_bytes == 0 { 0.0 } else { seconds / (row_bytes as f64 / 1e9) };
        Self {
            pid,
            command,
            user_seconds,
            system_seconds,
            user_seconds_per_gigabyte: per_gigabyte(user_seconds),
            system_seconds_per_gigabyte: per_gigabyte(system_seconds),
            memory_peak_bytes: 0,
            written_bytes: None,
        }
    }
}
