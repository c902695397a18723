//! First inputs for `log_segment`: logs that the log wrote, as scripts.

use crate::log::block_header::{BlockHeader, Life};
use crate::log::limits::{BLOCK_HEADER_BYTES, PAGE_BYTES, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES};
use crate::log::segment_header::SegmentHeader;
use crate::log::{Canary, open_block};
use crate::memory_disk::MemoryDisk;
use crate::pieces::{Piece, SEGMENT_FIELDS_BYTES, block_repair, segment_repair};
use crate::written::written;
use std::path::PathBuf;

const SEEDS: u64 = 12;
/// Longer scripts are cut: a fuzzer works best with short inputs.
const SCRIPT_BYTES_MAX: usize = 12_000;

/// When the variable `LAKEHEAD_FUZZ_SEEDS` names a folder: writes the first inputs into it and ends the process.
///
/// # Panics
/// When it cannot.
pub fn write_if_asked() {
    let Some(folder) = std::env::var_os("LAKEHEAD_FUZZ_SEEDS").map(PathBuf::from) else { return };
    for seed in 0..SEEDS {
        let mut script = script(&written(seed, Canary::None).disk);
        script.truncate(SCRIPT_BYTES_MAX);
        std::fs::write(folder.join(format!("vector-{seed:02}")), script).expect("the folder can be written");
    }
    std::process::exit(0);
}

/// A script that gives the same log again, with whatever stands between blocks as zeros.
pub fn script(disk: &MemoryDisk) -> Vec<u8> {
    let mut script = Vec::new();
    for (number, bytes) in &disk.0 {
        let Ok(header) = SegmentHeader::decode(&bytes[..SEGMENT_HEADER_BYTES]) else { continue };
        let pages = (bytes.len() - SEGMENT_HEADER_BYTES).div_ceil(PAGE_BYTES) as u8;
        let fields: &[u8; SEGMENT_FIELDS_BYTES] = bytes.first_chunk().expect("a segment has a header");
        // The first segment goes on behind others that are gone.
        let repair =
            if script.is_empty() { segment_repair::ALL - segment_repair::PREDECESSOR } else { segment_repair::ALL };
        Piece::Segment { repair, pages, fields }.put(&mut script);
        let life = Life { segment: *number, salt: header.salt, canary: Canary::None };
        let mut at = SEGMENT_HEADER_BYTES;
        while let Some(page) = bytes.get(at..) {
            let Ok(view) = open_block(&life, at as u64, page) else { break };
            let head: &[u8; BLOCK_HEADER_BYTES] = page.first_chunk().expect("a block has a header");
            let is_first = script.len() < 2 * SEGMENT_FIELDS_BYTES;
            let repair = if is_first { block_repair::ALL - block_repair::CHAIN } else { block_repair::ALL };
            Piece::Block { repair, header: head }.put(&mut script);
            for record in view.records() {
                let header: &[u8; RECORD_HEADER_BYTES] = record.whole.first_chunk().expect("a record has a header");
                Piece::Record { is_raw: false, header, payload: record.payload }.put(&mut script);
            }
            at += BlockHeader::decode(&life, at as u64, page).map_or(PAGE_BYTES, |(header, _)| header.bytes());
        }
    }
    script
}
