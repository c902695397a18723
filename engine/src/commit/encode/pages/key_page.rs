//! The body of a page of keys into a dictionary: how many bits a key has, and the keys in runs.

use super::run_length;

/// Writes `keys`, all below `count`, over `out`.
pub(super) fn encode(keys: &[u32], count: usize, out: &mut Vec<u8>) {
    let width = run_length::width(count);
    out.clear();
    out.push(width as u8);
    run_length::encode(keys, width, out);
}
