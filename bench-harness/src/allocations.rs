//! How often a thread asked for memory, and for how much.
//!
//! All of this program's memory comes from mimalloc, as the engine's does; on the way there each request is counted, for the
//! thread that makes it: some nanoseconds apiece, and no two threads wait for each other.

use mimalloc::MiMalloc;
use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

thread_local! {
    static REQUESTS: Cell<Allocations> = const { Cell::new(Allocations { count: 0, bytes: 0 }) };
}

/// Requests for memory. One that makes a piece larger or smaller counts with all that is asked for then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allocations {
    pub count: u64,
    pub bytes: u64,
}

impl Allocations {
    /// This thread's since it began.
    pub fn of_this_thread() -> Self {
        REQUESTS.try_with(Cell::get).unwrap_or_default()
    }

    /// Those since `before`.
    pub fn since(self, before: Self) -> Self {
        Self { count: self.count - before.count, bytes: self.bytes - before.bytes }
    }

    pub fn add(&mut self, more: Self) {
        self.count += more.count;
        self.bytes += more.bytes;
    }
}

/// See the module's head.
#[derive(Debug)]
pub struct CountingAllocator;

fn note(bytes: usize) {
    // A thread that is ending counts no more.
    let _ = REQUESTS.try_with(|requests| {
        let Allocations { count, bytes: sum } = requests.get();
        requests.set(Allocations { count: count + 1, bytes: sum + bytes as u64 });
    });
}

#[expect(unsafe_code, reason = "allocators have an unsafe interface")]
// SAFETY: each call is handed on unchanged to an allocator that keeps the interface's rules; counting allocates nothing.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller's promises are the same.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { MiMalloc.dealloc(at, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: as above.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        // SAFETY: as above.
        unsafe { MiMalloc.realloc(at, layout, size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn requests_count_for_the_thread_that_makes_them() {
        let before = Allocations::of_this_thread();
        let mut bytes = black_box(Vec::<u8>::with_capacity(1_000));
        bytes.reserve_exact(black_box(5_000));
        std::thread::scope(|scope| scope.spawn(|| black_box(vec![0u8; 100_000])).join().map(drop)).unwrap();
        let requests = Allocations::of_this_thread().since(before);
        assert!(requests.count >= 2 && (6_000..50_000).contains(&requests.bytes), "{requests:?}");
    }
}
