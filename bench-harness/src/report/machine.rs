use super::disk::Disk;
use serde::Serialize;
use std::fs;
use std::path::Path;
use std::thread::available_parallelism;

/// The machine a run was made on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Machine {
    pub cpu_model: String,
    /// That this process may use.
    pub cores: usize,
    pub memory_bytes: u64,
    pub kernel: String,
    /// Of the data directory or the table; absent when neither is on this machine.
    pub disk: Option<Disk>,
}

impl Machine {
    /// What `/proc` says; "unknown" where it does not.
    pub fn here() -> Self {
        let unknown = || "unknown".to_owned();
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        Self {
            cpu_model: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(unknown),
            cores: available_parallelism().map_or(0, |cores| cores.get()),
            memory_bytes: field(&read("/proc/meminfo"), "MemTotal")
                .and_then(|size| size.split_whitespace().next()?.parse::<u64>().ok())
                .map_or(0, |kilobytes| kilobytes * 1_024),
            kernel: Some(read("/proc/sys/kernel/osrelease").trim().to_owned())
                .filter(|release| !release.is_empty())
                .unwrap_or_else(unknown),
            disk: None,
        }
    }

    /// With the disk of a folder.
    pub fn with_disk(self, folder: Option<&Path>) -> Self {
        Self { disk: folder.and_then(Disk::of), ..self }
    }
}

fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
