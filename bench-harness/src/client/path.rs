use super::figures::Figures;
use crate::run::clock::now;
use lakehead_client::Error;
use std::time::Duration;

/// What one pass over the whole input left behind.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pass {
    pub rows: usize,
    /// Bytes of the frames, if the path ends with frames.
    pub frame_bytes: usize,
}

/// Repeats `pass` until `time` is over; the first one, which finds everything cold, is not counted.
pub fn timed(
    name: &'static str,
    time: Duration,
    row_bytes: f64,
    mut pass: impl FnMut() -> Result<Pass, Error>,
) -> Result<Figures, Error> {
    pass()?;
    let begin = now();
    let mut at = begin;
    let mut all = Pass::default();
    let mut passes_ns = Vec::new();
    while at - begin < time {
        let done = pass()?;
        let end = now();
        passes_ns.push((end - at).as_nanos() as f64 / done.rows as f64);
        at = end;
        all.rows += done.rows;
        all.frame_bytes += done.frame_bytes;
    }
    passes_ns.sort_unstable_by(f64::total_cmp);
    Ok(Figures::new(name, &all, (at - begin).as_secs_f64(), &passes_ns, row_bytes))
}
