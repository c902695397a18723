//! DELTA_BINARY_PACKED: integers as what they are more than the one before, packed in blocks.
//!
//! A block has the least of its deltas, and what each is above it in as many bits as the greatest of its miniblock takes.
//! All differences wrap around, as the format wants it.

use super::{bit_packing, varint};

const MINIBLOCKS: usize = 4;

/// Integers that have deltas.
pub(super) trait Delta: Copy {
    /// Appends the page body of `values`.
    fn encode(values: &[Self], out: &mut Vec<u8>);
}

macro_rules! delta {
    ($signed:ty, $unsigned:ty, $miniblock:literal, $pack:path) => {
        impl Delta for $signed {
            fn encode(values: &[Self], out: &mut Vec<u8>) {
                const MINIBLOCK: usize = $miniblock;
                const BLOCK: usize = MINIBLOCK * MINIBLOCKS;
                let first = values.first().copied().unwrap_or_default();
                for head in [BLOCK, MINIBLOCKS, values.len()] {
                    varint::put(head as u64, out);
                }
                varint::put_zigzag(first.into(), out);
                let behind = values.get(1..).unwrap_or_default();
                let mut deltas = [0 as $unsigned; BLOCK];
                for (block, before) in behind.chunks(BLOCK).zip(values.chunks(BLOCK)) {
                    let deltas = &mut deltas[..block.len().next_multiple_of(MINIBLOCK)];
                    let mut least = <$signed>::MAX;
                    for ((delta, value), before) in deltas.iter_mut().zip(block).zip(before) {
                        let difference = value.wrapping_sub(*before);
                        least = least.min(difference);
                        *delta = difference as $unsigned;
                    }
                    for delta in &mut deltas[..block.len()] {
                        *delta = delta.wrapping_sub(least as $unsigned);
                    }
                    deltas[block.len()..].fill(0);
                    varint::put_zigzag(least.into(), out);
                    let widths_at = out.len();
                    out.extend_from_slice(&[0; MINIBLOCKS]);
                    for (index, miniblock) in deltas.chunks(MINIBLOCK).enumerate() {
                        let width =
                            <$unsigned>::BITS - miniblock.iter().fold(0, |all, delta| all | delta).leading_zeros();
                        out[widths_at + index] = width as u8;
                        $pack(miniblock, width, out);
                    }
                }
            }
        }
    };
}

delta!(i32, u32, 32, bit_packing::pack);
delta!(i64, u64, 64, bit_packing::pack_wide);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads the blocks as the format describes them, in 64 bits.
    fn decode(bytes: &[u8]) -> (Vec<i64>, usize) {
        let mut at = 0;
        let varint = |bytes: &[u8], at: &mut usize| {
            let mut value = 0u64;
            for shift in (0..).step_by(7) {
                let byte = bytes[*at];
                *at += 1;
                value |= u64::from(byte & 0x7f) << shift;
                if byte < 0x80 {
                    break;
                }
            }
            value
        };
        let zigzag = |value: u64| (value >> 1) as i64 ^ -((value & 1) as i64);
        let (block, miniblocks) = (varint(bytes, &mut at) as usize, varint(bytes, &mut at) as usize);
        let count = varint(bytes, &mut at) as usize;
        let mut last = zigzag(varint(bytes, &mut at));
        let mut values = if count > 0 { vec![last] } else { vec![] };
        while values.len() < count {
            let least = zigzag(varint(bytes, &mut at));
            let widths = bytes[at..at + miniblocks].to_vec();
            at += miniblocks;
            for width in widths {
                let width = usize::from(width);
                if values.len() == count {
                    assert_eq!(width, 0);
                    continue;
                }
                let size = block / miniblocks;
                for index in 0..size {
                    let bit = |low: usize| {
                        let place = index * width + low;
                        u64::from(bytes[at + place / 8] >> (place % 8) & 1) << low
                    };
                    let delta = (0..width).map(bit).sum::<u64>() as i64;
                    last = last.wrapping_add(least).wrapping_add(delta);
                    if values.len() < count {
                        values.push(last);
                    }
                }
                at += size / 8 * width;
            }
        }
        (values, at)
    }

    fn check(values: &[i64]) -> usize {
        let mut out = Vec::new();
        Delta::encode(values, &mut out);
        assert_eq!(decode(&out), (values.to_vec(), out.len()));
        let narrow: Vec<i32> = values.iter().map(|value| *value as i32).collect();
        let mut out_narrow = Vec::new();
        Delta::encode(&narrow, &mut out_narrow);
        let (found, length) = decode(&out_narrow);
        assert_eq!(found.iter().map(|value| *value as i32).collect::<Vec<_>>(), narrow);
        assert_eq!(length, out_narrow.len());
        out.len()
    }

    #[test]
    fn steps_of_equal_height_take_nearly_nothing() {
        let values: Vec<i64> = (0..10_000).map(|row| 1_700_000_000_000_000 + row * 250).collect();
        assert!(check(&values) < 10_000 / 256 * 8 + 30);
        check(&[]);
        check(&[i64::MIN]);
        check(&[i64::MIN, i64::MAX, 0, i64::MIN, i64::MIN, i64::MAX]);
    }

    proptest! {
        #[test]
        fn whatever_is_encoded_is_decoded(values in prop::collection::vec(any::<i64>(), 0..700), shift in 0u32..64) {
            check(&values.iter().map(|value| value >> shift).collect::<Vec<_>>());
        }
    }
}
