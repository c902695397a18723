//! One turn, by programs of their own: whatever load this one could carry over stays out of it.

use super::engine::{Engine, end_with_this, last_of};
use super::error::CompareError;
use super::side::{Side, beside_this};
use crate::stages::StageName;
use serde::Serialize;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a turn came to; not a number where it has no such figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figures {
    pub rows_per_second: f64,
    pub mb_per_second: f64,
    /// The engine's, or the stage's.
    pub cpu_s_per_gb: f64,
    pub generator_cpu_s_per_gb: f64,
    pub durable_p99_ms: f64,
    pub committed_p99_ms: f64,
    pub memory_peak_mb: f64,
    /// Of the table.
    pub file_mb: f64,
}

#[cfg(test)]
impl Figures {
    /// All of this value.
    pub fn filled(value: f64) -> Self {
        Self {
            rows_per_second: value,
            mb_per_second: value,
            cpu_s_per_gb: value,
            generator_cpu_s_per_gb: value,
            durable_p99_ms: value,
            committed_p99_ms: value,
            memory_peak_mb: value,
            file_mb: value,
        }
    }
}

/// A fresh engine under this load.
///
/// # Errors
/// When it does not start, or a row is not in the table exactly once.
pub fn load(side: &Side, options: &[String], folder: &Path) -> Result<Figures, CompareError> {
    let engine = Engine::start(side, folder)?;
    let report = folder.join("report.json");
    let mut command = Command::new(beside_this("lakehead-bench")?);
    command.args(["run", "--server", &engine.address, "--data-dir"]).arg(folder);
    command.arg("--json").arg(&report).args(options);
    finish(command)?;
    let said = read(&report)?;
    drop(engine);
    fs::remove_dir_all(folder).map_err(CompareError::io(format!("cannot remove {}", folder.display())))?;
    let number = |pointer: &str| said.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let cost = |who: &str| {
        number(&format!("/{who}/user_seconds_per_gigabyte")) + number(&format!("/{who}/system_seconds_per_gigabyte"))
    };
    let figures = Figures {
        rows_per_second: number("/throughput/rows_per_second"),
        mb_per_second: number("/throughput/megabytes_per_second"),
        cpu_s_per_gb: cost("engine"),
        generator_cpu_s_per_gb: cost("generator"),
        durable_p99_ms: number("/durable_latency/p99_ms"),
        committed_p99_ms: number("/committed_latency/p99_ms"),
        memory_peak_mb: number("/engine/memory_peak_bytes") / 1e6,
        file_mb: number("/rows/read_back/file_bytes") / 1e6,
    };
    if figures.rows_per_second.is_nan() {
        return Err(CompareError::Report { path: report, field: "rows a second" });
    }
    Ok(figures)
}

/// One stage alone, by the load generator that was built with the engine.
///
/// # Errors
/// When it cannot be measured.
pub fn stage(side: &Side, stage: StageName, options: &[String], folder: &Path) -> Result<Figures, CompareError> {
    fs::create_dir_all(folder).map_err(CompareError::io(format!("cannot make {}", folder.display())))?;
    let report = folder.join("stages.json");
    let mut command = Command::new(side.bench()?);
    command.args(["stages", "--only", stage.text(), "--work-dir"]).arg(folder).arg("--json").arg(&report).args(options);
    finish(command)?;
    let said = read(&report)?;
    fs::remove_dir_all(folder).map_err(CompareError::io(format!("cannot remove {}", folder.display())))?;
    let number = |pointer: &str| said.pointer(pointer).and_then(Value::as_f64);
    let field = |field| CompareError::Report { path: report.clone(), field };
    // Of the fastest pass: others on the machine can only make a pass slower.
    let ns_per_row = number("/stages/0/ns_per_row_min").ok_or_else(|| field("nanoseconds a row"))?;
    let row_bytes = number("/row_bytes").ok_or_else(|| field("bytes a row"))?;
    Ok(Figures {
        rows_per_second: 1e9 / ns_per_row,
        mb_per_second: row_bytes / ns_per_row * 1e3,
        cpu_s_per_gb: ns_per_row / row_bytes,
        generator_cpu_s_per_gb: f64::NAN,
        durable_p99_ms: f64::NAN,
        committed_p99_ms: f64::NAN,
        memory_peak_mb: f64::NAN,
        file_mb: f64::NAN,
    })
}

/// Runs a program to its end; gives what it said on its standard output.
///
/// # Errors
/// When it ends badly.
pub fn finish(mut command: Command) -> Result<String, CompareError> {
    let name = format!("{command:?}");
    end_with_this(&mut command);
    let output = command.stdin(Stdio::null()).output().map_err(CompareError::io(format!("cannot run {name}")))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    let said = last_of(&format!("{said}{}", String::from_utf8_lossy(&output.stderr)));
    Err(CompareError::Load { command: name, status: output.status.to_string(), said })
}

fn read(path: &Path) -> Result<Value, CompareError> {
    let text = fs::read_to_string(path).map_err(CompareError::io(format!("cannot read {}", path.display())))?;
    serde_json::from_str(&text).map_err(|source| CompareError::Json { path: path.to_owned(), source })
}
