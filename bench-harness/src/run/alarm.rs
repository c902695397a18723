//! Waiting for a moment, to a fraction of a millisecond.
//!
//! The runtime's own timers tick in milliseconds, which would be most of what is measured when an ack takes one. A timer of
//! the kernel costs a descriptor and two calls for each wait: with many connections, of which each seldom sends, the ticks
//! are good enough.

use super::clock;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd};
use std::time::{Duration, Instant};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Connections up to which each has a timer of the kernel.
const PRECISE_CONNECTIONS_MAX: usize = 64;

/// Wakes one task.
#[derive(Debug)]
pub enum Alarm {
    Precise(AsyncFd<File>),
    Ticking,
}

impl Alarm {
    /// As precise as so many connections can have it.
    pub fn new(connections: usize) -> io::Result<Self> {
        if connections > PRECISE_CONNECTIONS_MAX {
            return Ok(Self::Ticking);
        }
        // SAFETY: the call takes no pointers.
        #[expect(unsafe_code, reason = "the standard library has no timers")]
        let descriptor = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_NONBLOCK | libc::TFD_CLOEXEC) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was just made and belongs to nobody else.
        #[expect(unsafe_code, reason = "the descriptor comes from a call that hands out a number")]
        let file = unsafe { File::from_raw_fd(descriptor) };
        // SAFETY: the file owns its descriptor, which nobody closes or exchanges while the wrapper has the file.
        #[expect(unsafe_code, reason = "the runtime trusts that a descriptor stays open")]
        let registered = unsafe { AsyncFd::register_with_interest(file, Interest::READABLE) };
        Ok(Self::Precise(registered?))
    }

    /// Returns at `time`, or at once when that has passed.
    pub async fn until(&mut self, time: Instant) -> io::Result<()> {
        let left = time.saturating_duration_since(clock::now());
        match self {
            _ if left.is_zero() => Ok(()),
            Self::Ticking => {
                tokio::time::sleep_until(time.into()).await;
                Ok(())
            }
            Self::Precise(timer) => {
                set(timer.get_ref(), left)?;
                loop {
                    let mut ready = timer.readable().await?;
                    if let Ok(read) = ready.try_io(|timer| timer.get_ref().read(&mut [0; 8])) {
                        return read.map(|_| ());
                    }
                }
            }
        }
    }
}

fn set(timer: &File, left: Duration) -> io::Result<()> {
    let value = libc::timespec { tv_sec: left.as_secs() as libc::time_t, tv_nsec: left.subsec_nanos().into() };
    let once = libc::itimerspec { it_interval: libc::timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
    // SAFETY: the new value lives until the call returns, and no old one is asked for.
    #[expect(unsafe_code, reason = "the standard library has no timers")]
    let set = unsafe { libc::timerfd_settime(timer.as_raw_fd(), 0, &raw const once, std::ptr::null_mut()) };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_wakes_before_its_time() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            for connections in [1, PRECISE_CONNECTIONS_MAX + 1] {
                let mut alarm = Alarm::new(connections).unwrap();
                for wait in [Duration::ZERO, Duration::from_micros(300), Duration::from_millis(3)] {
                    let time = clock::now() + wait;
                    alarm.until(time).await.unwrap();
                    assert!(clock::now() >= time);
                }
            }
        });
    }
}
