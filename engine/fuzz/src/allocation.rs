//! An allocator with a bound: what a decoder asks for must follow from the input's length, not from what the input claims.

use std::alloc::{GlobalAlloc, Layout, System};

/// No target reads inputs, or makes files of them, that would need as much at once.
const BYTES_MAX: usize = 32 << 20;

/// The system's, which ends the process when somebody asks for very much at once.
#[derive(Debug)]
pub struct Bounded;

impl Bounded {
    fn check(bytes: usize) {
        if bytes > BYTES_MAX {
            // A panic would allocate.
            eprintln!("{bytes} bytes were asked for at once");
            std::process::abort();
        }
    }
}

// SAFETY: everything is the system allocator's.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::check(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::check(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        Self::check(bytes);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, bytes) }
    }
}
