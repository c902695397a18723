//! Every size and time of the log that is not a setting, and how they hang together.

/// Blocks begin at multiples of this, and their lengths are multiples of it.
pub const PAGE_BYTES: usize = 4096;
/// The segment header, both copies.
pub const SEGMENT_HEADER_BYTES: usize = 2 * PAGE_BYTES;
/// A block's header.
pub const BLOCK_HEADER_BYTES: usize = 64;
/// A record's header.
pub const RECORD_HEADER_BYTES: usize = 32;
/// Records begin at multiples of this, so that a frame's archive can be accessed in place.
pub const RECORD_ALIGNMENT: usize = 16;
/// Gathered bytes that are flushed without waiting for more: what a sync costs is small beside them.
pub const FLUSH_BYTES_MIN: usize = 64 * 1024;
/// Bytes of one flush, unless a single block is larger.
pub const FLUSH_BYTES_MAX: usize = 8 * 1024 * 1024;
/// More than this gathered and not on its way: rows are refused as [`super::Room::Behind`].
pub const GATHERED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Time without an append after which the final watermark is written.
pub const IDLE_US: u64 = 50_000;
/// Time after which a spare is tried again that could not be made.
pub const SPARE_RETRY_US: u64 = 1_000_000;
/// Spares kept ready.
pub const SPARES_READY: usize = 2;
/// More spares than this are deleted, and more than half of the segments that the log may have: what a commit frees is written to
/// again within the second, and a new spare has to be filled with zeros.
pub const SPARES_MAX: usize = 8;
/// Segments that new rows cannot have: what is accepted, and copies, drain through them.
pub const RESERVE_SEGMENTS: u64 = 2;
/// The fewest segments that a log can work with.
pub const SEGMENTS_MIN: u64 = RESERVE_SEGMENTS + 2;
/// Copies that wait to be written; more are not read.
pub const COPIES_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Left free at the end of a segment for the block that lets older segments go when there is no other place for it; for small
/// segments an eighth of them.
pub const SEGMENT_TAIL_BYTES: u64 = 64 * 1024;
/// Buffers kept for the next blocks.
pub const BUFFERS_KEPT: usize = 16;

const _: () = {
    assert!(
        BLOCK_HEADER_BYTES.is_multiple_of(RECORD_ALIGNMENT) && RECORD_HEADER_BYTES.is_multiple_of(RECORD_ALIGNMENT)
    );
    assert!(FLUSH_BYTES_MIN < FLUSH_BYTES_MAX && FLUSH_BYTES_MIN < GATHERED_BYTES_MAX);
    assert!(SPARES_READY as u64 >= RESERVE_SEGMENTS && SPARES_READY < SPARES_MAX);
};

/// `bytes` rounded up to whole pages.
pub const fn pages(bytes: usize) -> usize {
    bytes.next_multiple_of(PAGE_BYTES)
}
