//! Integers of variable length: seven bits a byte, the lowest first.

/// Appends `value`.
pub(super) fn put(value: u64, out: &mut Vec<u8>) {
    let mut rest = value;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Appends `value` so that numbers near zero are short, whatever their sign.
pub(super) fn put_zigzag(value: i64, out: &mut Vec<u8>) {
    put(((value << 1) ^ (value >> 63)) as u64, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> u64 {
        bytes.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f))
    }

    proptest! {
        #[test]
        fn what_was_put_is_read(value in any::<u64>(), shift in 0u32..64) {
            let mut out = Vec::new();
            put(value >> shift, &mut out);
            prop_assert_eq!(read(&out), value >> shift);
            prop_assert!(out.iter().rev().skip(1).all(|byte| *byte >= 0x80) && out[out.len() - 1] < 0x80);
            out.clear();
            let signed = value as i64 >> shift;
            put_zigzag(signed, &mut out);
            let found = read(&out);
            prop_assert_eq!((found >> 1) as i64 ^ -((found & 1) as i64), signed);
        }
    }
}
