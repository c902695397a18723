use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The time that everything in a run is measured by.
#[expect(clippy::disallowed_methods, reason = "measuring is asking the time")]
pub fn now() -> Instant {
    Instant::now()
}

/// Milliseconds since 1970, to date a report and to name its streams.
#[expect(clippy::disallowed_methods, reason = "a report says when it was made")]
pub fn unix_milliseconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// Nanoseconds of the clock that [`now`] shows, and that all processes of a machine share.
pub fn monotonic_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec that lives until the call returns; this clock is always there.
    #[expect(unsafe_code, reason = "the standard library does not show what an Instant says")]
    unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time);
    }
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// A moment at which both clocks were read: turns what another process wrote down into an [`Instant`].
#[derive(Debug, Clone, Copy)]
pub struct Anchor {
    instant: Instant,
    monotonic_ns: u64,
}

impl Anchor {
    pub fn here() -> Self {
        Self { instant: now(), monotonic_ns: monotonic_ns() }
    }

    pub fn instant(&self, monotonic_ns: u64) -> Instant {
        let since = Duration::from_nanos(monotonic_ns.abs_diff(self.monotonic_ns));
        let moved = if monotonic_ns >= self.monotonic_ns {
            self.instant.checked_add(since)
        } else {
            self.instant.checked_sub(since)
        };
        moved.unwrap_or(self.instant)
    }
}
