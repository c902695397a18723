use super::latency::{Latencies, LatencyError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What some connections measure together. Histograms take a hundred kilobytes and more each: with some for every connection, a
/// thousand of them would spend their time on cache misses and fresh pages.
#[derive(Debug)]
pub struct Recorder {
    durable: Mutex<Latencies>,
    committed: Mutex<Latencies>,
    lateness: Mutex<Latencies>,
}

/// All that was measured.
#[derive(Debug)]
pub struct Recorded {
    pub durable: Latencies,
    pub committed: Latencies,
    pub lateness: Latencies,
}

impl Recorder {
    pub fn new() -> Result<Self, LatencyError> {
        let empty = || Ok::<_, LatencyError>(Mutex::new(Latencies::new()?));
        Ok(Self { durable: empty()?, committed: empty()?, lateness: empty()? })
    }

    pub fn durable(&self, latencies: &[Duration]) -> Result<(), LatencyError> {
        record(&self.durable, latencies)
    }

    pub fn committed(&self, latencies: &[Duration]) -> Result<(), LatencyError> {
        record(&self.committed, latencies)
    }

    /// How long after its intended time a batch was handed to the client.
    pub fn late(&self, late: Duration) -> Result<(), LatencyError> {
        record(&self.lateness, &[late])
    }
}

impl Recorded {
    /// What all recorders hold.
    pub fn merged<'a>(recorders: impl IntoIterator<Item = &'a Recorder>) -> Result<Self, LatencyError> {
        let mut all = Self { durable: Latencies::new()?, committed: Latencies::new()?, lateness: Latencies::new()? };
        for recorder in recorders {
            merge(&mut all.durable, &recorder.durable)?;
            merge(&mut all.committed, &recorder.committed)?;
            merge(&mut all.lateness, &recorder.lateness)?;
        }
        Ok(all)
    }
}

fn record(into: &Mutex<Latencies>, latencies: &[Duration]) -> Result<(), LatencyError> {
    let mut into = into.lock().unwrap_or_else(PoisonError::into_inner);
    latencies.iter().try_for_each(|latency| into.record(*latency))
}

fn merge(all: &mut Latencies, one: &Mutex<Latencies>) -> Result<(), LatencyError> {
    all.merge(&one.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_recorded_is_merged_by_kind() {
        let recorders = [Recorder::new().unwrap(), Recorder::new().unwrap()];
        let milliseconds = Duration::from_millis;
        recorders[0].durable(&[milliseconds(1), milliseconds(2)]).unwrap();
        recorders[1].durable(&[milliseconds(3)]).unwrap();
        recorders[1].committed(&[milliseconds(40)]).unwrap();
        recorders[0].late(milliseconds(5)).unwrap();
        let all = Recorded::merged(&recorders).unwrap();
        let of = |latencies: &Latencies| (latencies.summary().count, latencies.max_ms().round());
        assert_eq!((of(&all.durable), of(&all.committed), of(&all.lateness)), ((3, 3.0), (1, 40.0), (1, 5.0)));
    }
}
