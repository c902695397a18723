use super::error::StageError;
use super::figures::{Figures, Pass};
use super::stage::Stage;
use super::stopwatch::{Clock, Stopwatch};
use crate::run::clock::now;
use std::time::Duration;

/// Fewer say nothing about their spread.
const PASSES_MIN: usize = 5;
/// More say nothing new.
const PASSES_MAX: usize = 2_000;

/// Goes through a stage again and again until the time is over. The first time, which finds everything cold and learns, is
/// not counted.
pub fn measure(stage: &mut dyn Stage, time: Duration, row_bytes: f64) -> Result<Figures, StageError> {
    stage.pass(&mut Stopwatch::new(Clock::Off, 0))?;
    let (begin, parts) = (now(), stage.parts());
    let mut passes = Vec::new();
    while passes.len() < PASSES_MIN || (begin.elapsed() < time && passes.len() < PASSES_MAX) {
        let mut stopwatch = Stopwatch::new(stage.clock(), parts.count());
        let rows = stage.pass(&mut stopwatch)?;
        passes.push(Pass { rows, parts: stopwatch.parts().to_vec() });
    }
    Ok(Figures::new(stage.name(), stage.input(), &parts, &passes, row_bytes))
}
