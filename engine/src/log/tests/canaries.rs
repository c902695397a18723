//! Each planted fault is noticed.

use super::crash::history;
use crate::log::Canary;

/// How many histories it takes; `None` when none notices.
fn noticed(canary: Canary) -> Option<u64> {
    let found = (0..4_000).find_map(|seed| history(seed, canary).err().map(|broken| (seed, broken)));
    println!("{canary:?}: {found:?}");
    found.map(|(seed, _)| seed)
}

macro_rules! noticed {
    ($($test:ident: $canary:ident;)*) => {
        $(#[test] fn $test() {
            assert!(noticed(Canary::$canary).is_some());
        })*
    };
}

noticed! {
    ack_before_sync_is_noticed: AckBeforeSync;
    truncating_at_the_first_bad_block_is_noticed: TruncateAtFirstBadBlock;
    believing_a_forged_block_is_noticed: BelieveForgedBlock;
    believing_a_recycled_block_is_noticed: BelieveRecycledBlock;
    skipping_the_directory_sync_is_noticed: SkipDirectorySync;
    forgetting_schemas_is_noticed: ForgetSchemasWhenFreed;
    new_positions_for_copies_are_noticed: CopiesGetNewPositions;
    answering_from_unsynced_bytes_is_noticed: AnswerFromUnsynced;
}
