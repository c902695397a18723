//! Pauses between attempts: doubling, spread by chance, so that a thousand producers do not come back at one moment.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::time::Duration;

/// The pauses of one stream.
#[derive(Debug)]
pub(crate) struct Backoff {
    generator: StdRng,
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    /// Pauses from `first` to `longest`, spread by a generator with this seed.
    pub(crate) fn new(seed: u64, first: Duration, longest: Duration) -> Self {
        Self { generator: StdRng::seed_from_u64(seed), first, longest, next: first.min(longest) }
    }

    /// The next pause: between half of the present step and all of it.
    pub(crate) fn pause(&mut self) -> Duration {
        let step = self.next;
        self.next = (step * 2).min(self.longest);
        step.mul_f64(self.generator.random_range(0.5..=1.0))
    }

    /// Begins again with the first pause.
    pub(crate) fn reset(&mut self) {
        self.next = self.first.min(self.longest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_the_longest_and_repeat_by_seed() {
        let (first, longest) = (Duration::from_millis(50), Duration::from_millis(300));
        let mut backoff = Backoff::new(7, first, longest);
        let pauses: Vec<_> = (0..6).map(|_| backoff.pause()).collect();
        for (pause, step_ms) in pauses.iter().zip([50, 100, 200, 300, 300, 300]) {
            let step = Duration::from_millis(step_ms);
            assert!(step / 2 <= *pause && *pause <= step, "{pause:?} of {step:?}");
        }
        let mut again = Backoff::new(7, first, longest);
        assert_eq!(pauses, (0..6).map(|_| again.pause()).collect::<Vec<_>>());
        again.reset();
        assert!(again.pause() <= first);
    }
}
