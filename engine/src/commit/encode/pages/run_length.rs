//! Parquet's hybrid of runs: a value and how often it comes, or values packed bit by bit, in groups of eight.

use super::{bit_packing, varint};

const GROUP: usize = 8;
/// A repeated value becomes a run of its own when it would take more bits packed: about what the run takes, and a second
/// header for the packed values behind it.
const RUN_BITS_MIN: usize = 32;

/// How many bits keys below `count` take; at least one, which all readers know.
pub(super) fn width(count: usize) -> u32 {
    (usize::BITS - count.saturating_sub(1).leading_zeros()).clamp(1, 32)
}

/// Appends `values`, each of which has at most `width` bits.
pub(super) fn encode(values: &[u32], width: u32, out: &mut Vec<u8>) {
    let mut packed_from = 0;
    let mut at = 0;
    while let Some(group) = values.get(at..).and_then(|rest| rest.first_chunk::<GROUP>()) {
        if !is_uniform(group) {
            at += GROUP;
            continue;
        }
        let length = run_length(&values[at..], group[0]);
        if length * width as usize >= RUN_BITS_MIN {
            put_packed(&values[packed_from..at], width, out);
            put_run(group[0], length, width, out);
            at += length;
            packed_from = at;
        } else {
            // Packed runs hold whole groups.
            at += length / GROUP * GROUP;
        }
    }
    put_packed(&values[packed_from..], width, out);
}

/// Appends one value that comes `length` times.
pub(super) fn put_run(value: u32, length: usize, width: u32, out: &mut Vec<u8>) {
    varint::put((length as u64) << 1, out);
    out.extend_from_slice(&value.to_le_bytes()[..width.div_ceil(8) as usize]);
}

/// The head of a run of packed values; the values, filled up to whole groups, must follow.
pub(super) fn put_packed_head(values: usize, out: &mut Vec<u8>) {
    varint::put((values.div_ceil(GROUP) as u64) << 1 | 1, out);
}

fn put_packed(values: &[u32], width: u32, out: &mut Vec<u8>) {
    if !values.is_empty() {
        put_packed_head(values.len(), out);
        bit_packing::pack(values, width, out);
    }
}

#[inline]
fn is_uniform(group: &[u32; GROUP]) -> bool {
    group.iter().fold(0, |different, value| different | (value ^ group[0])) == 0
}

fn run_length(values: &[u32], value: u32) -> usize {
    let (groups, _) = values.as_chunks::<GROUP>();
    let whole = groups.iter().take_while(|group| group[0] == value && is_uniform(group)).count() * GROUP;
    whole + values[whole..].iter().take_while(|found| **found == value).count()
}

#[cfg(test)]
pub(super) mod tests;
