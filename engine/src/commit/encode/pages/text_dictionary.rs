//! A dictionary of texts, built while they are looked up. Keys are given in the order in which texts first come.
//!
//! A text is found by the hash of all its bytes. Its first 32 bytes are hashed and compared as four numbers, however many of
//! them it has: nothing depends on the length of a short text, so that the processor need not guess it.

use super::fixed_dictionary::Outgrown;
use super::mixing::{Patience, SLOTS_MIN, is_crowded, mix_rest, mix_words};
use super::text::{HEAD_BYTES, head};

const EMPTY: u32 = u32::MAX;
const LENGTH_BYTES: usize = 4;

#[derive(Debug)]
pub(super) struct TextDictionary {
    entries: Vec<Entry>,
    /// The entries as a dictionary page has them: each with its length in front.
    page: Vec<u8>,
    slots: Vec<u32>,
    shift: u32,
    page_bytes_max: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    head: [u64; 4],
    length: u32,
    /// Where the bytes are in the page.
    start: u32,
    /// Where the text came first.
    first: u32,
    /// The last page of rows in which the text came.
    seen: u32,
}

/// Memory for a dictionary's tables.
#[derive(Debug, Default)]
pub(super) struct TextTables {
    entries: Vec<Entry>,
    page: Vec<u8>,
    slots: Vec<u32>,
}

impl TextDictionary {
    /// An empty one, of at most `page_bytes_max` bytes.
    pub(super) fn new(page_bytes_max: usize, tables: TextTables) -> Self {
        let TextTables { mut entries, mut page, slots } = tables;
        entries.clear();
        page.clear();
        let mut made = Self { entries, page, slots, shift: 0, page_bytes_max };
        made.hash_all(SLOTS_MIN);
        made
    }

    /// How many texts there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The texts as a dictionary page has them.
    pub(super) fn page(&self) -> &[u8] {
        &self.page
    }

    /// Gives the memory back.
    pub(super) fn into_tables(self) -> TextTables {
        TextTables { entries: self.entries, page: self.page, slots: self.slots }
    }

    /// Where the texts are in the data that came in the page of rows with this number.
    pub(super) fn seen(&self, page: u32) -> impl Iterator<Item = (usize, usize)> {
        let seen = self.entries.iter().filter(move |entry| entry.seen == page);
        seen.map(|entry| (entry.first as usize, (entry.first + entry.length) as usize))
    }

    /// Writes the key of each text over `keys`; a text is given by its first byte and its end in `data`, which must be the same
    /// each time. When the dictionary is outgrown it keeps what it had before, but no more texts can be looked up.
    pub(super) fn keys(
        &mut self,
        data: &[u8],
        texts: impl ExactSizeIterator<Item = (usize, usize)>,
        page: u32,
        keys: &mut Vec<u32>,
    ) -> Result<(), Outgrown> {
        let (known, known_bytes) = (self.entries.len(), self.page.len());
        let mut patience = Patience::for_values(texts.len());
        keys.resize(texts.len(), 0);
        for ((start, end), place) in texts.zip(keys.iter_mut()) {
            match self.key(data, start, end, page, &mut patience) {
                Some(key) => *place = key,
                None => {
                    self.entries.truncate(known);
                    self.page.truncate(known_bytes);
                    return Err(Outgrown);
                }
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn key(&mut self, data: &[u8], start: usize, end: usize, page: u32, patience: &mut Patience) -> Option<u32> {
        let length = end - start;
        let head = head(data, start, length);
        let mut hash = mix_words(&head, length as u64);
        if length > HEAD_BYTES {
            hash = mix_rest(hash, &data[start + HEAD_BYTES..end]);
        }
        let mut slot = (hash >> self.shift) as usize & (self.slots.len() - 1);
        loop {
            let key = self.slots[slot];
            let Some(entry) = self.entries.get_mut(key as usize) else {
                return self.insert(
                    &data[start..end],
                    Entry { head, length: length as u32, start: 0, first: start as u32, seen: page },
                    slot,
                );
            };
            if entry.head == head && entry.length == length as u32 {
                let rest = (entry.start as usize + HEAD_BYTES)..(entry.start as usize + length);
                if length <= HEAD_BYTES || self.page[rest] == data[start + HEAD_BYTES..end] {
                    entry.seen = page;
                    return Some(key);
                }
            }
            slot = self.next(slot, patience)?;
        }
    }

    #[cold]
    fn next(&self, slot: usize, patience: &mut Patience) -> Option<usize> {
        patience.step()?;
        Some((slot + 1) & (self.slots.len() - 1))
    }

    #[cold]
    fn insert(&mut self, text: &[u8], mut entry: Entry, slot: usize) -> Option<u32> {
        let bytes = self.page.len() + LENGTH_BYTES + text.len();
        if bytes > self.page_bytes_max {
            return None;
        }
        let key = self.entries.len() as u32;
        self.page.extend_from_slice(&entry.length.to_le_bytes());
        entry.start = self.page.len() as u32;
        self.page.extend_from_slice(text);
        self.entries.push(entry);
        self.slots[slot] = key;
        if is_crowded(self.entries.len(), self.slots.len()) {
            self.hash_all(self.slots.len() * 2);
        }
        Some(key)
    }

    fn text(&self, entry: &Entry) -> &[u8] {
        &self.page[entry.start as usize..(entry.start + entry.length) as usize]
    }

    /// Makes a table of `length` places, a power of two, with all texts in it.
    fn hash_all(&mut self, length: usize) {
        self.slots.clear();
        self.slots.resize(length, EMPTY);
        self.shift = u64::BITS - length.trailing_zeros();
        for key in 0..self.entries.len() {
            let entry = &self.entries[key];
            let mut hash = mix_words(&entry.head, entry.length.into());
            if entry.length as usize > HEAD_BYTES {
                hash = mix_rest(hash, &self.text(entry)[HEAD_BYTES..]);
            }
            let mut slot = (hash >> self.shift) as usize & (length - 1);
            while self.slots[slot] != EMPTY {
                slot = (slot + 1) & (length - 1);
            }
            self.slots[slot] = key as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(texts: &[Vec<u8>], page_bytes_max: usize) -> Result<usize, Outgrown> {
        let data = texts.concat();
        let ends: Vec<usize> = texts
            .iter()
            .scan(0, |end, text| {
                *end += text.len();
                Some(*end)
            })
            .collect();
        let places: Vec<_> = ends.iter().zip(texts).map(|(end, text)| (end - text.len(), *end)).collect();
        let mut dictionary = TextDictionary::new(page_bytes_max, TextTables::default());
        let mut keys = Vec::new();
        for (page, places) in places.chunks(50).enumerate() {
            dictionary.keys(&data, places.iter().copied(), page as u32, &mut keys)?;
            let texts = &texts[page * 50..page * 50 + places.len()];
            for (key, text) in keys.iter().zip(texts) {
                assert_eq!(dictionary.text(&dictionary.entries[*key as usize]), text);
            }
            let seen: std::collections::BTreeSet<_> =
                dictionary.seen(page as u32).map(|(start, end)| &data[start..end]).collect();
            assert_eq!(seen, texts.iter().map(|text| &text[..]).collect());
        }
        let distinct: std::collections::BTreeSet<_> = texts.iter().collect();
        assert_eq!(dictionary.len(), distinct.len());
        assert_eq!(dictionary.page().len(), distinct.iter().map(|text| text.len() + 4).sum::<usize>());
        Ok(dictionary.len())
    }

    #[test]
    fn texts_that_differ_late_or_only_in_length_are_told_apart() {
        let long = |last: u8, length: usize| {
            let mut text = vec![b'x'; length];
            text.push(last);
            text
        };
        let zeros = |length: usize| vec![0u8; length];
        let texts: Vec<Vec<u8>> =
            (0..70).flat_map(|length| [long(1, length), long(2, length), zeros(length)]).collect();
        assert_eq!(check(&[texts.clone(), texts].concat(), 1 << 20), Ok(210));
    }

    #[test]
    fn many_texts_grow_the_table_and_too_many_are_refused() {
        let texts: Vec<Vec<u8>> = (0..10_000).map(|number| format!("number {}", number % 5000).into_bytes()).collect();
        assert_eq!(check(&texts, 1 << 20), Ok(5000));
        assert_eq!(check(&texts, 1 << 12), Err(Outgrown));
    }

    proptest! {
        #[test]
        fn keys_lead_back_to_texts(texts in prop::collection::vec(prop::collection::vec(0u8..3, 0..80), 0..300)) {
            check(&texts, 1 << 20).unwrap();
        }
    }
}
