//! How soon a reactor runs when it has something to do.
//!
//! Encoders take all the time that a core has left. A reactor that wakes on such a core should not wait until the encoder's
//! slice is over: an ack takes half a dozen wake-ups, of the reactor and of the kernel's workers for its ring, one after
//! the other. So reactors ask for the shortest slices: Linux (from 6.12 on) lets a task with a shorter slice in at once, and
//! gives it no more of the core in all than before. Older kernels take no notice.

use std::io;

/// The shortest that Linux gives.
const SLICE_NS: u64 = 100_000;

/// Asks for short slices for this thread, and for those that the kernel starts for it.
///
/// # Errors
/// When the system refuses: nothing depends on it but latency.
#[expect(unsafe_code, reason = "there is no safe interface to a thread's scheduling attributes")]
pub fn ask_for_short_slices() -> io::Result<()> {
    const THIS_THREAD: libc::pid_t = 0;
    const NO_FLAGS: libc::c_uint = 0;
    let size = size_of::<libc::sched_attr>();
    // SAFETY: all fields are integers, for which zeros are a value.
    let mut attributes: libc::sched_attr = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel writes at most `size` bytes to where as many are.
    let got = unsafe { libc::syscall(libc::SYS_sched_getattr, THIS_THREAD, &raw mut attributes, size, NO_FLAGS) };
    if got != 0 {
        return Err(io::Error::last_os_error());
    }
    attributes.sched_runtime = SLICE_NS;
    // SAFETY: the kernel reads the attributes, which have their size in them.
    let set = unsafe { libc::syscall(libc::SYS_sched_setattr, THIS_THREAD, &raw const attributes, NO_FLAGS) };
    if set != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_takes_the_wish() {
        ask_for_short_slices().unwrap();
    }
}
