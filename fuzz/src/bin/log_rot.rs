//! Logs that were really written, and what a disk may make of them: bits turned, sectors lost, pages swapped, blocks of other
//! segments and of the segments' earlier lives. The first byte chooses the log, the rest are acts of damage (see `rot.rs`).
#![no_main]

use lakehead_fuzz::allocation::Bounded;
use lakehead_fuzz::rot::{damaged, judge};
use lakehead_fuzz::written::{Written, written};
use std::cell::OnceCell;

#[global_allocator]
static ALLOCATOR: Bounded = Bounded;

const LOGS: usize = 32;

thread_local! {
    static WRITTEN: [OnceCell<Written>; LOGS] = const { [const { OnceCell::new() }; LOGS] };
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((choice, acts)) = bytes.split_first() else { return };
    let choice = usize::from(*choice) % LOGS;
    WRITTEN.with(|logs| {
        let written = logs[choice].get_or_init(|| written(choice as u64));
        judge(written, &damaged(&written.disk, acts));
    });
});
