//! Numbers of a few bits each, one after the other from the lowest bit up: Parquet's bit-packed runs and the miniblocks of
//! its deltas.
//!
//! There is a routine for each width: with the width a constant, all shifts and places of 32 numbers are constants too, and
//! their words stay in registers.

/// Numbers that one routine packs at a time: at any width they end at a byte.
const LANES: usize = 32;

/// Appends the low `width` bits (at most 32) of each value; higher bits must be zero. Values are filled up with zeros to a
/// multiple of eight.
pub(super) fn pack(values: &[u32], width: u32, out: &mut Vec<u8>) {
    macro_rules! by_width {
        ($($each:literal)*) => {
            match width {
                0 => (),
                $($each => pack_all::<u32, $each>(values, out),)*
                _ => pack_all::<u32, 32>(values, out),
            }
        };
    }
    by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31)
}

/// As [`pack`], for widths of up to 64 bits.
pub(super) fn pack_wide(values: &[u64], width: u32, out: &mut Vec<u8>) {
    macro_rules! by_width {
        ($($each:literal)*) => {
            match width {
                0 => (),
                $($each => pack_all::<u64, $each>(values, out),)*
                _ => pack_all::<u64, 64>(values, out),
            }
        };
    }
    by_width!(
        1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
        33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63
    )
}

fn pack_all<V: Copy + Default + Into<u64>, const WIDTH: usize>(values: &[V], out: &mut Vec<u8>) {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let start = out.len();
    out.resize(start + values.len().div_ceil(8) * WIDTH, 0);
    let (places, last_place) = out[start..].split_at_mut(chunks.len() * LANES / 8 * WIDTH);
    for (chunk, place) in chunks.iter().zip(places.chunks_exact_mut(LANES / 8 * WIDTH)) {
        store(&words::<V, WIDTH>(chunk), place);
    }
    if !rest.is_empty() {
        let mut padded = [V::default(); LANES];
        padded[..rest.len()].copy_from_slice(rest);
        store(&words::<V, WIDTH>(&padded), last_place);
    }
}

/// The packed bits; those behind them are zero.
#[inline(always)]
fn words<V: Copy + Into<u64>, const WIDTH: usize>(values: &[V; LANES]) -> [u64; LANES + 1] {
    let mut words = [0; LANES + 1];
    macro_rules! put {
        ($($lane:literal)*) => {$(
            let value: u64 = values[$lane].into();
            let (word, bit) = ($lane * WIDTH / 64, $lane * WIDTH % 64);
            words[word] |= value << bit;
            if bit + WIDTH > 64 {
                words[word + 1] |= value >> (64 - bit);
            }
        )*};
    }
    put!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
    words
}

#[inline(always)]
fn store(words: &[u64], place: &mut [u8]) {
    for (word, bytes) in words.iter().zip(place.chunks_mut(8)) {
        bytes.copy_from_slice(&word.to_le_bytes()[..bytes.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Bit by bit, as the format says.
    fn slowly(values: &[u64], width: u32) -> Vec<u8> {
        let mut bytes = vec![0u8; values.len().div_ceil(8) * width as usize];
        for (index, value) in values.iter().enumerate() {
            for bit in 0..width as usize {
                let place = index * width as usize + bit;
                bytes[place / 8] |= ((value >> bit & 1) as u8) << (place % 8);
            }
        }
        bytes
    }

    #[test]
    fn every_width_and_length_is_packed_bit_by_bit() {
        for width in 0..=64u32 {
            for length in [0, 1, 7, 8, 9, 31, 32, 33, 64, 100] {
                let mask = if width == 0 { 0 } else { u64::MAX >> (64 - width) };
                let number = |index: u64| index.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17) & mask;
                let values: Vec<u64> = (1..=length).map(number).collect();
                let mut out = vec![7];
                pack_wide(&values, width, &mut out);
                assert_eq!(out[1..], slowly(&values, width), "{width} {length}");
                if width <= 32 {
                    let narrow: Vec<u32> = values.iter().map(|value| *value as u32).collect();
                    let mut out = vec![7];
                    pack(&narrow, width, &mut out);
                    assert_eq!(out[1..], slowly(&values, width), "{width} {length}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_values_are_packed_bit_by_bit(values in prop::collection::vec(any::<u32>(), 0..200), width in 1u32..33) {
            let values: Vec<u32> = values.iter().map(|value| value >> (32 - width)).collect();
            let mut out = Vec::new();
            pack(&values, width, &mut out);
            let wide: Vec<u64> = values.iter().map(|value| u64::from(*value)).collect();
            prop_assert_eq!(out, slowly(&wide, width));
        }
    }
}
