//! Ends of texts short enough for metadata: a least one may sink, a greatest one may rise.

/// What the bytes of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextKind {
    /// UTF-8; it stays so.
    Characters,
    Bytes,
}

/// A bound of a column's texts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TextBound {
    pub(super) bytes: Vec<u8>,
    pub(super) exact: bool,
}

impl TextBound {
    fn exact(text: &[u8]) -> Self {
        Self { bytes: text.to_vec(), exact: true }
    }
}

/// The text, or as many of its first bytes as `length` allows.
pub(super) fn least(text: &[u8], kind: TextKind, length: usize) -> TextBound {
    match prefix(text, kind, length) {
        Some(prefix) => TextBound { bytes: prefix.to_vec(), exact: false },
        None => TextBound::exact(text),
    }
}

/// The text, or the least text of at most `length` bytes that all with its first bytes are below. When there is none it stays
/// whole.
pub(super) fn greatest(text: &[u8], kind: TextKind, length: usize) -> TextBound {
    let next = prefix(text, kind, length).and_then(|prefix| match kind {
        TextKind::Characters => next_characters(prefix),
        TextKind::Bytes => next_bytes(prefix),
    });
    match next {
        Some(bytes) => TextBound { bytes, exact: false },
        None => TextBound::exact(text),
    }
}

/// The first bytes of a text that is too long.
fn prefix(text: &[u8], kind: TextKind, length: usize) -> Option<&[u8]> {
    if text.len() <= length {
        return None;
    }
    let whole = |end: &usize| kind == TextKind::Bytes || text[*end] & 0xc0 != 0x80;
    let end = (1..=length).rev().find(whole)?;
    Some(&text[..end])
}

fn next_bytes(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte < 0xff)?;
    let mut next = prefix.to_vec();
    next[last] += 1;
    // What stood behind has wrapped around.
    next[last + 1..].fill(0);
    Some(next)
}

/// The last character that has a next one of as many bytes is raised; what stands behind it goes.
fn next_characters(prefix: &[u8]) -> Option<Vec<u8>> {
    let prefix = std::str::from_utf8(prefix).ok()?;
    prefix.char_indices().rev().find_map(|(start, character)| {
        let next = char::from_u32(u32::from(character) + 1)?;
        (next.len_utf8() == character.len_utf8()).then(|| {
            let mut bytes = prefix.as_bytes()[..start].to_vec();
            bytes.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
            bytes
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_rise_stays_whole() {
        assert_eq!(greatest(&[0xff; 9], TextKind::Bytes, 8), TextBound::exact(&[0xff; 9]));
        assert_eq!(greatest(&[1, 0xff, 0xff, 5], TextKind::Bytes, 3).bytes, [2, 0, 0]);
        let last = char::MAX.to_string().repeat(3);
        assert_eq!(greatest(last.as_bytes(), TextKind::Characters, 8), TextBound::exact(last.as_bytes()));
        assert_eq!(greatest(format!("a{last}").as_bytes(), TextKind::Characters, 8).bytes, b"b");
    }

    proptest! {
        #[test]
        fn a_text_lies_between_its_bounds(text in "\\PC{0,30}", bytes in prop::collection::vec(any::<u8>(), 0..30), length in 1usize..40) {
            for (text, kind) in [(text.as_bytes(), TextKind::Characters), (&bytes[..], TextKind::Bytes)] {
                let (least, greatest) = (least(text, kind, length), greatest(text, kind, length));
                prop_assert!(&least.bytes[..] <= text && text <= &greatest.bytes[..]);
                prop_assert_eq!(least.exact, least.bytes == text);
                prop_assert_eq!(greatest.exact, greatest.bytes == text);
                if kind == TextKind::Characters {
                    prop_assert!(std::str::from_utf8(&least.bytes).is_ok() && std::str::from_utf8(&greatest.bytes).is_ok());
                }
            }
        }
    }
}
