//! Bytes in a second, over all tables. Pure: times come in.

/// A bound on bytes. What was taken is paid for afterwards, by waiting.
#[derive(Debug, Clone)]
pub struct Throttle {
    bytes_per_s: u64,
    /// When everything taken so far is paid for.
    paid_us: u64,
}

impl Throttle {
    /// So many bytes a second, at least one.
    pub fn new(bytes_per_s: u64) -> Self {
        Self { bytes_per_s: bytes_per_s.max(1), paid_us: 0 }
    }

    /// Takes `bytes` at `now_us`; gives how long to wait, in microseconds, before anything else is taken.
    pub fn take(&mut self, now_us: u64, bytes: u64) -> u64 {
        let cost_us = u128::from(bytes) * 1_000_000 / u128::from(self.bytes_per_s);
        self.paid_us = self.paid_us.max(now_us).saturating_add(u64::try_from(cost_us).unwrap_or(u64::MAX));
        self.paid_us - now_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_was_taken_is_waited_for_and_idle_time_is_not_saved_up() {
        let mut throttle = Throttle::new(1_000_000);
        assert_eq!(throttle.take(0, 500_000), 500_000);
        assert_eq!(throttle.take(100_000, 500_000), 900_000);
        assert_eq!(throttle.take(10_000_000, 1), 1);
    }

    proptest! {
        #[test]
        fn who_waits_as_told_takes_no_more_than_the_bound(
            rate in 1u64..1_000_000_000,
            takes in proptest::collection::vec((0u64..50_000_000, 0u64..100_000), 1..50),
        ) {
            let mut throttle = Throttle::new(rate);
            let (mut now_us, mut taken) = (0u64, 0u128);
            for (bytes, idle_us) in takes {
                now_us += idle_us + throttle.take(now_us, bytes);
                taken += u128::from(bytes);
                // A microsecond of rounding a take.
                prop_assert!(taken * 1_000_000 <= u128::from(rate) * (u128::from(now_us) + 50));
            }
        }
    }
}
