//! A text among others, with its first bytes as numbers: to be hashed and compared without a look at each byte.

use super::extremes::Extremes;

/// Bytes of a text that are looked at as numbers.
pub(super) const HEAD_BYTES: usize = 32;

/// What to keep of 32 bytes of which so many belong to the text.
const MASKS: [[u64; 4]; HEAD_BYTES + 1] = masks();

const fn masks() -> [[u64; 4]; HEAD_BYTES + 1] {
    let mut masks = [[0u64; 4]; HEAD_BYTES + 1];
    let mut length = 0;
    while length <= HEAD_BYTES {
        let mut byte = 0;
        while byte < length {
            masks[length][byte / 8] |= 0xff << (byte % 8 * 8);
            byte += 1;
        }
        length += 1;
    }
    masks
}

/// The first 32 bytes of the text at `start..start + length`, zero behind its end. What is around the text in `data` is read,
/// but does not matter.
#[inline(always)]
pub(super) fn head(data: &[u8], start: usize, length: usize) -> [u64; 4] {
    let bytes = match data.get(start..).and_then(|behind| behind.first_chunk::<HEAD_BYTES>()) {
        Some(bytes) => *bytes,
        None => last_bytes(data, start),
    };
    let (words, _) = bytes.as_chunks::<8>();
    let masks = &MASKS[length.min(HEAD_BYTES)];
    std::array::from_fn(|index| u64::from_le_bytes(words[index]) & masks[index])
}

/// Near the end of `data`.
#[cold]
fn last_bytes(data: &[u8], start: usize) -> [u8; HEAD_BYTES] {
    let mut bytes = [0; HEAD_BYTES];
    let found = data.get(start..).unwrap_or_default();
    let length = found.len().min(HEAD_BYTES);
    bytes[..length].copy_from_slice(&found[..length]);
    bytes
}

/// A text with its first bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Headed<'a> {
    pub(super) head: [u64; 4],
    pub(super) text: &'a [u8],
}

impl<'a> Headed<'a> {
    /// The text at `start..end`.
    #[inline(always)]
    pub(super) fn of(data: &'a [u8], start: usize, end: usize) -> Self {
        Self { head: head(data, start, end - start), text: &data[start..end] }
    }

    /// In the order of their bytes.
    #[inline(always)]
    pub(super) fn is_below(&self, other: &Headed<'_>) -> bool {
        for (one, two) in self.head.iter().zip(&other.head) {
            if one != two {
                return one.swap_bytes() < two.swap_bytes();
            }
        }
        self.text < other.text
    }
}

/// Least and greatest of some texts.
pub(super) fn extremes<'a>(mut texts: impl Iterator<Item = Headed<'a>>) -> Option<Extremes<&'a [u8]>> {
    let first = texts.next()?;
    let (mut least, mut greatest) = (first, first);
    for text in texts {
        if text.is_below(&least) {
            least = text;
        }
        if greatest.is_below(&text) {
            greatest = text;
        }
    }
    Some(Extremes { least: least.text, greatest: greatest.text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn extremes_are_those_of_the_bytes(texts in prop::collection::vec(prop::collection::vec(0u8..2, 0..40), 0..30)) {
            let data = texts.concat();
            let mut end = 0;
            let headed = texts.iter().map(|text| {
                end += text.len();
                Headed::of(&data, end - text.len(), end)
            });
            let found = extremes(headed).map(|found| (found.least, found.greatest));
            prop_assert_eq!(found, texts.iter().min().zip(texts.iter().max()).map(|(a, b)| (&a[..], &b[..])));
        }

        #[test]
        fn heads_are_equal_where_first_bytes_are(data in prop::collection::vec(any::<u8>(), 0..100), ends in any::<[u8; 2]>()) {
            let end = |end: u8| usize::from(end) % (data.len() + 1);
            let (start, end) = (end(ends[0]).min(end(ends[1])), end(ends[0]).max(end(ends[1])));
            let mut expected = [0u8; HEAD_BYTES];
            for (place, byte) in expected.iter_mut().zip(&data[start..end]) {
                *place = *byte;
            }
            let found = head(&data, start, end - start);
            prop_assert_eq!(found.map(u64::to_le_bytes).concat(), expected);
        }
    }
}
