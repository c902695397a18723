//! A text among others, with its first bytes as numbers: to be hashed and compared without a look at each byte.

use super::extremes::Extremes;

/// Bytes of a text that are looked at as numbers.
pub(super) const HEAD_BYTES: usize = 32;

const RANK_BYTES: usize = 16;

/// What to keep of the first 16 bytes, as a number, of which so many belong to the text.
const RANK_MASKS: [u128; RANK_BYTES + 1] = rank_masks();

const fn rank_masks() -> [u128; RANK_BYTES + 1] {
    let mut masks = [0; RANK_BYTES + 1];
    let mut length = 1;
    while length <= RANK_BYTES {
        masks[length] = u128::MAX << ((RANK_BYTES - length) * 8);
        length += 1;
    }
    masks
}

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

/// The first 16 bytes of the text at `start..start + length` as a number that orders texts as these bytes do.
#[inline(always)]
fn rank(data: &[u8], start: usize, length: usize) -> u128 {
    let bytes = match data.get(start..).and_then(|behind| behind.first_chunk::<RANK_BYTES>()) {
        Some(bytes) => *bytes,
        None => std::array::from_fn(|index| data.get(start + index).copied().unwrap_or_default()),
    };
    u128::from_be_bytes(bytes) & RANK_MASKS[length.min(RANK_BYTES)]
}

/// A text that may be the least or the greatest so far.
struct Ranked<'a> {
    rank: u128,
    text: &'a [u8],
}

/// Least and greatest of the texts of `data` that begin and end at these places.
pub(super) fn extremes(data: &[u8], mut places: impl Iterator<Item = (usize, usize)>) -> Option<Extremes<&[u8]>> {
    let ranked =
        |(start, end): (usize, usize)| Ranked { rank: rank(data, start, end - start), text: &data[start..end] };
    let first = places.next()?;
    let (mut least, mut greatest) = (ranked(first), ranked(first));
    for (start, end) in places {
        // Few texts come near the ends, so the bytes of the rest are not looked at.
        let rank = rank(data, start, end - start);
        if rank <= least.rank && (rank < least.rank || data[start..end] < *least.text) {
            least = Ranked { rank, text: &data[start..end] };
        }
        if rank >= greatest.rank && (rank > greatest.rank || data[start..end] > *greatest.text) {
            greatest = Ranked { rank, text: &data[start..end] };
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
            let places = texts.iter().map(|text| {
                end += text.len();
                (end - text.len(), end)
            });
            let found = extremes(&data, places).map(|found| (found.least, found.greatest));
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
