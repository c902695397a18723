//! Definition levels of a flat column: one bit a row, which says whether there is a value.
//!
//! They are the validity bits of the array, which Arrow keeps in the very order in which Parquet packs them: what is not a
//! run is copied.

use super::run_length::{put_packed_head, put_run};
use arrow::buffer::BooleanBuffer;

/// A run of bytes of equal bits is told as a run from here on; shorter ones take less as they are.
const RUN_BYTES_MIN: usize = 4;

/// Appends the levels of `rows` rows with the length in front that data pages want; without `validity` all rows have values.
pub(super) fn encode(validity: Option<&BooleanBuffer>, rows: usize, aligned: &mut Vec<u8>, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    match validity {
        None => put_run(1, rows, 1, out),
        Some(validity) => put_bits(bytes_of(validity, aligned), rows, out),
    }
    let length = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

/// The bits as bytes that begin with the first one; what is behind the last one is anything.
pub(super) fn bytes_of<'a>(bits: &'a BooleanBuffer, aligned: &'a mut Vec<u8>) -> &'a [u8] {
    let (first, shift) = (bits.offset() / 8, bits.offset() % 8);
    let bytes = &bits.values()[first..];
    let length = bits.len().div_ceil(8);
    if shift == 0 {
        return &bytes[..length];
    }
    aligned.clear();
    aligned.extend(bytes.windows(2).take(length).map(|pair| pair[0] >> shift | pair[1] << (8 - shift)));
    if aligned.len() < length {
        aligned.extend(bytes.last().map(|last| last >> shift));
    }
    aligned
}

fn put_bits(bytes: &[u8], rows: usize, out: &mut Vec<u8>) {
    let whole = rows / 8;
    let (mut packed_from, mut at) = (0, 0);
    while at < whole {
        let byte = bytes[at];
        let length = match byte {
            0 | 0xff => bytes[at..whole].iter().take_while(|found| **found == byte).count(),
            _ => 1,
        };
        if length >= RUN_BYTES_MIN {
            put_packed(&bytes[packed_from..at], 0, out);
            // The last rows may not fill a byte, but go with the run.
            let (end, tail) = (at + length, rows % 8);
            let mask = (1u8 << tail) - 1;
            let joined = end == whole && tail > 0 && bytes[whole] & mask == byte & mask;
            put_run(u32::from(byte & 1), length * 8 + if joined { tail } else { 0 }, 1, out);
            if joined {
                return;
            }
            packed_from = end;
        }
        at += length;
    }
    put_packed(&bytes[packed_from..rows.div_ceil(8)], rows % 8, out);
}

/// `tail` bits of the last byte count, or all for zero.
fn put_packed(bytes: &[u8], tail: usize, out: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    put_packed_head(bytes.len() * 8, out);
    out.extend_from_slice(bytes);
    if let Some(last) = out.last_mut().filter(|_| tail > 0) {
        *last &= (1 << tail) - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::run_length::tests::decode;
    use super::*;
    use proptest::prelude::*;

    fn check(bits: &[bool], offset: usize) -> usize {
        let all: BooleanBuffer = std::iter::repeat_n(true, offset).chain(bits.iter().copied()).collect();
        let mut out = vec![9];
        encode(Some(&all.slice(offset, bits.len())), bits.len(), &mut Vec::new(), &mut out);
        let length = u32::from_le_bytes(out[1..5].try_into().unwrap()) as usize;
        assert_eq!(out.len(), 5 + length);
        let levels: Vec<u32> = bits.iter().map(|bit| u32::from(*bit)).collect();
        assert_eq!(decode(&out[5..], 1, bits.len()), levels);
        length
    }

    #[test]
    fn rows_that_all_have_values_or_none_are_one_run() {
        let mut out = Vec::new();
        encode(None, 1000, &mut Vec::new(), &mut out);
        assert_eq!(decode(&out[4..], 1, 1000), [1; 1000]);
        assert_eq!(out.len(), 4 + 3);
        for rows in [32, 33, 39, 1000, 1003] {
            assert!(check(&vec![false; rows], 0) <= 3);
            assert!(check(&vec![true; rows], 3) <= 3);
        }
    }

    #[test]
    fn a_null_among_hundreds_takes_a_few_bytes() {
        let rows: Vec<bool> = (0..10_000).map(|row| row % 500 != 17).collect();
        assert!(check(&rows, 0) < 20 * 8);
    }

    proptest! {
        #[test]
        fn whatever_is_encoded_is_decoded(
            runs in prop::collection::vec((any::<bool>(), prop_oneof![1usize..5, 1usize..200]), 0..40),
            offset in 0usize..20,
        ) {
            let bits: Vec<bool> = runs.iter().flat_map(|(bit, length)| std::iter::repeat_n(*bit, *length)).collect();
            check(&bits, offset);
        }
    }
}
