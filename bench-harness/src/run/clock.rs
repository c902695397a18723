use std::time::{Instant, SystemTime, UNIX_EPOCH};

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
