//! What `/proc` says of a process.

use std::path::PathBuf;
use std::{fs, io};

/// The unit of CPU times in `/proc`: fixed by the kernel's interface on every architecture that has one.
pub const TICKS_PER_SECOND: f64 = 100.0;

/// CPU seconds and memory of a process up to now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    pub user_seconds: f64,
    pub system_seconds: f64,
    pub memory_bytes: u64,
    /// The most it ever held in memory.
    pub memory_peak_bytes: u64,
}

/// Why a process could not be looked at.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path}: {source}")]
pub struct ProcessError {
    pub path: PathBuf,
    pub source: io::Error,
}

impl Usage {
    pub fn of(pid: u32) -> Result<Self, ProcessError> {
        let stat = read(pid, "stat")?;
        let status = read(pid, "status")?;
        Self::parse(&stat, &status).ok_or_else(|| ProcessError {
            path: path(pid, "stat"),
            source: io::Error::new(io::ErrorKind::InvalidData, "not in the form that Linux documents"),
        })
    }

    pub fn parse(stat: &str, status: &str) -> Option<Self> {
        let (user_ticks, system_ticks) = cpu_ticks(stat)?;
        let bytes = |field| {
            let size = status.lines().find_map(|line| line.strip_prefix(field))?;
            Some(size.split_whitespace().next()?.parse::<u64>().ok()? * 1_024)
        };
        Some(Self {
            user_seconds: user_ticks as f64 / TICKS_PER_SECOND,
            system_seconds: system_ticks as f64 / TICKS_PER_SECOND,
            memory_bytes: bytes("VmRSS:")?,
            memory_peak_bytes: bytes("VmHWM:")?,
        })
    }
}

/// User and system time in a `stat` file, of a process or a thread.
pub fn cpu_ticks(stat: &str) -> Option<(u64, u64)> {
    // The name, second and in parentheses, may hold anything; fields are counted after it.
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_whitespace();
    Some((fields.nth(11)?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// Bytes that the process has had the kernel write to disks; `None` where the kernel does not say.
pub fn written_bytes(pid: u32) -> Option<u64> {
    let io = read(pid, "io").ok()?;
    io.lines().find_map(|line| line.strip_prefix("write_bytes:"))?.trim().parse().ok()
}

/// The process's command line.
pub fn command(pid: u32) -> Result<Vec<String>, ProcessError> {
    Ok(read(pid, "cmdline")?.split_terminator('\0').map(str::to_owned).collect())
}

fn read(pid: u32, file: &str) -> Result<String, ProcessError> {
    let path = path(pid, file);
    match fs::read(&path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(source) => Err(ProcessError { path, source }),
    }
}

fn path(pid: u32, file: &str) -> PathBuf {
    format!("/proc/{pid}/{file}").into()
}
