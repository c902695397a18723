//! The time that this thread has computed.

/// Nanoseconds of something that only grows.
pub(super) type Clock = fn() -> u64;

/// CPU time of this thread: what others do on a busy machine does not count.
pub(crate) fn thread_cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    #[expect(unsafe_code, reason = "the standard library has no clock of a thread's CPU time")]
    // SAFETY: `time` is a timespec that the call may write; it keeps no pointer to it.
    let outcome = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    if outcome != 0 {
        // Every Linux has this clock; without it no way costs time, and sizes alone decide.
        return 0;
    }
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computing_takes_time() {
        let begin = thread_cpu_ns();
        while thread_cpu_ns() == begin {
            std::hint::spin_loop();
        }
        assert!(thread_cpu_ns() > begin);
    }
}
