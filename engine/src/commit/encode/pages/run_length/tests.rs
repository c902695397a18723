use super::*;
use proptest::prelude::*;

/// Reads the hybrid as the format describes it.
pub(in super::super) fn decode(bytes: &[u8], width: u32, count: usize) -> Vec<u32> {
    let mut at = 0;
    let mut values = Vec::new();
    while values.len() < count {
        let mut header = 0u64;
        for shift in (0..).step_by(7) {
            let byte = bytes[at];
            at += 1;
            header |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        let length = (header >> 1) as usize;
        if header & 1 == 0 {
            let size = width.div_ceil(8) as usize;
            let value = bytes[at..at + size].iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
            at += size;
            values.extend(std::iter::repeat_n(value, length));
        } else {
            let bit = |place: usize| u32::from(bytes[at + place / 8] >> (place % 8) & 1);
            let value =
                |index: usize| (0..width as usize).map(|low| bit(index * width as usize + low) << low).sum::<u32>();
            values.extend((0..length * GROUP).map(value));
            at += length * width as usize;
        }
    }
    assert_eq!(at, bytes.len());
    assert!(values.len() < count + GROUP && values[count..].iter().all(|padding| *padding == 0));
    values.truncate(count);
    values
}

fn check(values: &[u32], width: u32) -> usize {
    let mut out = Vec::new();
    encode(values, width, &mut out);
    assert!(decode(&out, width, values.len()) == values);
    out.len()
}

#[test]
fn widths_are_those_of_the_greatest_key() {
    let widths = [0, 1, 2, 3, 4, 5, 256, 257, 1 << 31].map(width);
    assert_eq!(widths, [1, 1, 1, 2, 2, 3, 8, 9, 31]);
}

#[test]
fn runs_are_short_and_what_does_not_repeat_is_packed() {
    assert_eq!(check(&[], 3), 0);
    assert_eq!(check(&[5; 100_000], 10), 5);
    assert_eq!(check(&[1; 8], 1), 2);
    // A packed run: its head and ten bits a value.
    let mixed: Vec<u32> = (0..1000).map(|index| index * 7 % 1000).collect();
    assert_eq!(check(&mixed, 10), 2 + 1250);
    // Runs between packed values.
    let mut both = mixed.clone();
    both.extend([77; 200]);
    both.extend(&mixed);
    assert!(check(&both, 10) <= 2 * (2 + 1250) + 4);
}

proptest! {
    #[test]
    fn whatever_is_encoded_is_decoded(
        runs in prop::collection::vec((any::<u32>(), prop_oneof![1usize..4, 1usize..100]), 0..60),
        width in 1u32..33,
    ) {
        let value = |(value, length): &(u32, usize)| std::iter::repeat_n(value >> (32 - width), *length);
        let values: Vec<u32> = runs.iter().flat_map(value).collect();
        check(&values, width);
    }
}
