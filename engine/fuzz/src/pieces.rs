//! A log's segments as a short script, for `log_segment`: no salts to meet, no pages of zeros, and checksums left to whoever
//! assembles it. Every script is some log; [`crate::assembled`] makes its files.
//!
//! A script is a row of pieces: a tag, flags of what is to be made right, and what the piece holds, verbatim.

use crate::log::limits::{BLOCK_HEADER_BYTES, RECORD_HEADER_BYTES};

/// Bytes of a segment's header that mean something.
pub const SEGMENT_FIELDS_BYTES: usize = 96;

/// What [`Piece::Segment`] asks to be made right.
pub mod segment_repair {
    pub const FIRST_COPY: u8 = 1;
    pub const SECOND_COPY: u8 = 2;
    /// Log, number and length.
    pub const IDENTITY: u8 = 4;
    /// What it says of the last block before it.
    pub const PREDECESSOR: u8 = 8;
    pub const ALL: u8 = 15;
}

/// What [`Piece::Block`] asks to be made right.
pub mod block_repair {
    pub const CHECKSUM: u8 = 1;
    pub const CONTENT_CHECKSUM: u8 = 2;
    /// Sequence, and the checksum of the block before.
    pub const CHAIN: u8 = 4;
    /// Length and number of records.
    pub const LENGTH: u8 = 8;
    pub const ALL: u8 = 15;
}

/// One piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A new segment of so many pages behind its header, numbered one more than the one before.
    Segment { repair: u8, pages: u8, fields: &'a [u8; SEGMENT_FIELDS_BYTES] },
    /// A block; the records behind are its content.
    Block { repair: u8, header: &'a [u8; BLOCK_HEADER_BYTES] },
    /// A record. Its length is made right unless `is_raw`.
    Record { is_raw: bool, header: &'a [u8; RECORD_HEADER_BYTES], payload: &'a [u8] },
    /// So many pages of zeros.
    Gap { pages: u8 },
}

/// The pieces of a script; it ends where it is cut.
pub fn pieces(mut script: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    std::iter::from_fn(move || {
        let [tag, flags, rest @ ..] = script else { return None };
        let (piece, rest) = match tag % 4 {
            0 => {
                let (pages, rest) = rest.split_first()?;
                let (fields, rest) = rest.split_first_chunk()?;
                (Piece::Segment { repair: *flags, pages: *pages, fields }, rest)
            }
            1 => {
                let (header, rest) = rest.split_first_chunk()?;
                (Piece::Block { repair: *flags, header }, rest)
            }
            2 => {
                let (header, rest) = rest.split_first_chunk()?;
                let (length, rest) = rest.split_first_chunk()?;
                let (payload, rest) = rest.split_at(rest.len().min(u16::from_le_bytes(*length).into()));
                (Piece::Record { is_raw: flags & 1 == 1, header, payload }, rest)
            }
            _ => (Piece::Gap { pages: *flags }, rest),
        };
        script = rest;
        Some(piece)
    })
}

impl Piece<'_> {
    /// Puts the piece behind a script.
    pub fn put(&self, script: &mut Vec<u8>) {
        match self {
            Self::Segment { repair, pages, fields } => {
                script.extend_from_slice(&[0, *repair, *pages]);
                script.extend_from_slice(*fields);
            }
            Self::Block { repair, header } => {
                script.extend_from_slice(&[1, *repair]);
                script.extend_from_slice(*header);
            }
            Self::Record { is_raw, header, payload } => {
                script.extend_from_slice(&[2, (*is_raw).into()]);
                script.extend_from_slice(*header);
                script.extend_from_slice(&(payload.len() as u16).to_le_bytes());
                script.extend_from_slice(payload);
            }
            Self::Gap { pages } => script.extend_from_slice(&[3, *pages]),
        }
    }
}
