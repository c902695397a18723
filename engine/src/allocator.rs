//! How long freed memory stays with the process.
//!
//! Rows come in waves: a commit a second frees what the next second needs again. An allocator that gives pages back in
//! between has the kernel clear them anew each time, which took a fifth of the engine's CPU time under full load. So pages
//! stay for some seconds after they were freed; a process that has become idle gives them back then. What is resident at
//! most is what the memory budget admits, as before.

use libmimalloc_sys::{mi_option_set_default, mi_option_t};

/// `mi_option_purge_delay`, which the bindings do not name: milliseconds after which freed pages go back to the system.
const PURGE_DELAY: mi_option_t = 15;
/// Several times the longest usual interval between commits.
const KEPT_MS: i64 = 10_000;

/// Has freed memory kept for ten seconds, unless the environment (`MIMALLOC_PURGE_DELAY`) says otherwise. Call it before
/// there are other threads.
#[expect(unsafe_code, reason = "the allocator's options are set through its C interface")]
pub fn keep_freed_memory() {
    // SAFETY: the function asks for no more than that no other thread uses options at the same time.
    unsafe { mi_option_set_default(PURGE_DELAY, KEPT_MS) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use libmimalloc_sys::mi_option_get;

    #[test]
    #[expect(unsafe_code, reason = "the allocator's options are read through its C interface")]
    fn the_option_is_the_one_that_is_meant() {
        // SAFETY: see above; tests set this option nowhere else.
        let before = unsafe { mi_option_get(PURGE_DELAY) };
        assert_eq!(before, 1000, "another version of the allocator may number its options otherwise");
        keep_freed_memory();
        // SAFETY: as before.
        assert_eq!(unsafe { mi_option_get(PURGE_DELAY) }, KEPT_MS);
    }
}
