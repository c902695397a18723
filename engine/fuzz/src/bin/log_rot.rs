//! Logs that were really written, and what a disk may make of them: bits turned, sectors lost, pages swapped, blocks of other
//! segments and of the segments' earlier lives. The first byte chooses the log, the rest are acts of damage (see `rot.rs`).
//! With a planted bug in `LAKEHEAD_FUZZ_CANARY` it must end badly soon.
#![no_main]

use lakehead_fuzz::allocation::Bounded;
use lakehead_fuzz::log::Canary;
use lakehead_fuzz::rot::{damaged, judge};
use lakehead_fuzz::written::{Written, written};
use std::cell::OnceCell;
use std::sync::LazyLock;

#[global_allocator]
static ALLOCATOR: Bounded = Bounded;

const LOGS: usize = 32;

static CANARY: LazyLock<Canary> = LazyLock::new(|| match std::env::var("LAKEHEAD_FUZZ_CANARY").as_deref() {
    Err(_) => Canary::None,
    Ok("truncate-at-first-bad-block") => Canary::TruncateAtFirstBadBlock,
    Ok("believe-recycled-block") => Canary::BelieveRecycledBlock,
    Ok(other) => panic!("there is no planted bug {other:?}"),
});

thread_local! {
    static WRITTEN: [OnceCell<Written>; LOGS] = const { [const { OnceCell::new() }; LOGS] };
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((choice, acts)) = bytes.split_first() else { return };
    let choice = usize::from(*choice) % LOGS;
    WRITTEN.with(|logs| {
        let written = logs[choice].get_or_init(|| written(choice as u64, *CANARY));
        judge(written, &damaged(&written.disk, acts));
    });
});
