use super::bytes::Bytes;
use super::hash::Hash;
use arrow::array::ArrayRef;
use hashbrown::HashTable;

/// Distinct texts and their keys, which are given out in order of appearance and stay as long as the dictionary.
pub(super) struct Dictionary {
    pub entries: Bytes,
    slots: HashTable<Slot>,
    hash: Hash,
    /// The key found last: rows like their neighbours need no table.
    last: usize,
    /// The key of the empty text, once NULLs or placeholders asked for one.
    empty: Option<i32>,
    /// The entries as an array, until there is another entry.
    pub sealed: Option<ArrayRef>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    tag: u32,
    key: u32,
}

/// Where a text that is in no dictionary yet belongs.
pub(super) struct Unknown {
    tag: u32,
}

impl Dictionary {
    pub(super) fn new() -> Self {
        Self { entries: Bytes::new(), slots: HashTable::new(), hash: Hash::new(), last: 0, empty: None, sealed: None }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    #[inline]
    pub(super) fn find(&mut self, text: &[u8]) -> Result<i32, Unknown> {
        if self.last < self.entries.len() && same(self.entries.get(self.last), text) {
            return Ok(self.last as i32);
        }
        let tag = (self.hash.of(text) >> 32) as u32;
        let entries = &self.entries;
        match self.slots.find(spread(tag), |slot| slot.tag == tag && same(entries.get(slot.key as usize), text)) {
            Some(slot) => {
                self.last = slot.key as usize;
                Ok(slot.key as i32)
            }
            None => Err(Unknown { tag }),
        }
    }

    pub(super) fn insert(&mut self, text: &[u8], unknown: Unknown) -> i32 {
        let key = self.entries.len();
        self.entries.push(text);
        let slot = Slot { tag: unknown.tag, key: key as u32 };
        self.slots.insert_unique(spread(slot.tag), slot, |slot| spread(slot.tag));
        self.last = key;
        self.sealed = None;
        key as i32
    }

    /// The key that stands for rows without a text.
    #[inline]
    pub(super) fn empty_key(&mut self) -> i32 {
        match self.empty {
            Some(key) => key,
            None => {
                let key = self.find(b"").unwrap_or_else(|unknown| self.insert(b"", unknown));
                self.empty = Some(key);
                key
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.slots.clear();
        self.last = 0;
        self.empty = None;
        self.sealed = None;
    }
}

/// The table takes its place from low bits and its fingerprint from high ones; a tag has only 32.
#[inline]
fn spread(tag: u32) -> u64 {
    u64::from(tag).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Whether two texts are equal, without a call for those of up to 32 bytes: they are compared by two words that may overlap.
#[inline]
fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    match one.len() {
        0 => true,
        1..=3 => one[0] == other[0] && one[one.len() / 2] == other[one.len() / 2] && one.last() == other.last(),
        4..=7 => ends::<4>(one) == ends::<4>(other),
        8..=15 => ends::<8>(one) == ends::<8>(other),
        16..=32 => ends::<16>(one) == ends::<16>(other),
        _ => one == other,
    }
}

#[inline]
fn ends<const N: usize>(text: &[u8]) -> (Option<&[u8; N]>, Option<&[u8; N]>) {
    (text.first_chunk(), text.last_chunk())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_all_lengths_are_the_same_only_if_every_byte_is() {
        for length in 0..70 {
            let text: Vec<u8> = (0..length).collect();
            assert!(same(&text, &text.clone()));
            assert!(!same(&text, &[&text[..], b"x"].concat()));
            for at in 0..text.len() {
                let mut other = text.clone();
                other[at] ^= 0x80;
                assert!(!same(&text, &other), "byte {at} of {length}");
            }
        }
    }
}
