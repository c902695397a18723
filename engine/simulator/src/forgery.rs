//! Rows whose bytes look like blocks of the log that they will stand in.

use crate::rows;
use lakehead_engine::log::block_header::{BlockHeader, Life};
use lakehead_engine::log::limits::{BLOCK_HEADER_BYTES, RECORD_HEADER_BYTES};
use lakehead_engine::log::{Canary, Position};
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::archive::TooLargeToArchive;

/// More than a block of the log, so that the frame has one of its own, and pages behind the first.
const FORGED_BYTES: usize = 9_216;

/// A Batch frame as [`rows::batch_frame`] makes it, with a forged block at each page of the log's block that it comes into.
///
/// # Errors
/// When it is too large to be archived.
pub fn forged_frame(
    stream: &str,
    first: u64,
    rows: u32,
    added: usize,
    with_bad: bool,
) -> Result<FrameBuffer, TooLargeToArchive> {
    let forged = forged_block();
    let mut bytes = forged.repeat(FORGED_BYTES / forged.len());
    let frame = rows::batch_frame(stream, first, rows, &bytes, added, with_bad)?;
    let at = frame.windows(forged.len()).position(|window| window == forged).unwrap_or(0);
    let shift = (BLOCK_HEADER_BYTES + RECORD_HEADER_BYTES + at) % forged.len();
    bytes.rotate_left(shift);
    rows::batch_frame(stream, first, rows, &bytes, added, with_bad)
}

/// A block that claims everything durable, with the checksum that somebody can compute who knows no salt.
fn forged_block() -> [u8; BLOCK_HEADER_BYTES] {
    let life = Life { segment: 0, salt: [0; 16], canary: Canary::BelieveForgedBlock };
    let header = BlockHeader {
        sequence: u64::MAX - 1,
        previous_checksum: 0,
        content_checksum: 0,
        length: BLOCK_HEADER_BYTES as u32,
        records: 0,
        first: Position(0),
        end: Position(0),
        durable_up_to: u64::MAX - 2,
        flags: 0,
    };
    header.encode(&life, 0).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forged_blocks_begin_where_pages_of_the_log_do() {
        let frame = forged_frame("s0", 3, 5, 1, false).unwrap();
        let page = 4_096 - BLOCK_HEADER_BYTES - RECORD_HEADER_BYTES;
        assert_eq!(frame[page..page + BLOCK_HEADER_BYTES], forged_block());
        assert_eq!(frame[page + 4_096..page + 4_096 + BLOCK_HEADER_BYTES], forged_block());
    }
}
