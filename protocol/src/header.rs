//! The fixed header of a frame.
//!
//! | at | bytes | field |
//! |---|---|---|
//! | 0 | 4 | magic `LKHD` |
//! | 4 | 2 | protocol version |
//! | 6 | 1 | kind |
//! | 7 | 1 | flags: how the payload is compressed ([`Compression`]), otherwise zero |
//! | 8 | 4 | payload length: the exact length of the archive, compressed if it is, without padding |
//! | 12 | 4 | CRC-32C of the header with this field zero |
//! | 16 | 4 | CRC-32C of payload and padding |
//! | 20 | 4 | schema id (Schema, Batch), otherwise zero |
//! | 24 | 8 | first offset (Batch), otherwise zero |
//! | 32 | 4 | rows (Batch), otherwise zero |
//! | 36 | 4 | archive layout, see [`crate::layout`] |
//! | 40 | 4 | length of the archive after decompression; zero when it is not compressed |
//! | 44 | 4 | reserved: zero |
//!
//! All numbers are little-endian.

use crate::compression::Compression;
use crate::kind::Kind;
use crate::layout::LAYOUT;
use crate::limits::HEADER_BYTES;

/// First bytes of every frame.
pub const MAGIC: [u8; 4] = *b"LKHD";
/// The oldest protocol version this crate speaks.
pub const VERSION_MIN: u16 = 1;
/// The newest protocol version this crate speaks, and the one it sends.
pub const VERSION_MAX: u16 = 1;

const CRC_AT: std::ops::Range<usize> = 12..16;

/// A decoded header. `kind` is known, lengths are not yet judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub kind: Kind,
    /// Exact length of the payload in bytes: the archive, or what it was compressed to.
    pub payload_bytes: u32,
    /// CRC-32C over payload and padding.
    pub payload_crc: u32,
    /// Which announced schema the batch uses, or which id a Schema frame announces.
    pub schema_id: u32,
    /// Index in the stream of the batch's first row.
    pub first_offset: u64,
    /// Rows of the batch.
    pub rows: u32,
    /// How the payload is compressed. Only batches are.
    pub compression: Compression,
    /// Length of the archive that a compressed payload holds; zero without compression.
    pub decompressed_bytes: u32,
}

/// Why a header is not one. The order of the variants is the order of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    #[error(
        "the bytes do not start with the magic LKHD: this is not a Lakehead client, or it lost its place in the stream"
    )]
    Magic,
    #[error("protocol version {found} is not spoken here; versions {VERSION_MIN} to {VERSION_MAX} are")]
    Version { found: u16 },
    #[error(
        "archive layout {found:#010x} differs from this side's {LAYOUT:#010x}: the two were built from different protocol crates"
    )]
    Layout { found: u32 },
    #[error("the header's checksum is wrong")]
    Checksum,
    #[error("frame kind {found} is unknown in protocol version {VERSION_MAX}")]
    Kind { found: u8 },
    #[error("a reserved field of the header is not zero")]
    Reserved,
    #[error(
        "the header's compression is none that exists, stands on a frame that is no batch, or lacks the length of what it holds"
    )]
    Compression,
}

impl Header {
    /// A header for a frame that is not a batch.
    pub fn control(kind: Kind) -> Self {
        Self {
            kind,
            payload_bytes: 0,
            payload_crc: 0,
            schema_id: 0,
            first_offset: 0,
            rows: 0,
            compression: Compression::None,
            decompressed_bytes: 0,
        }
    }

    /// Length of the archive in bytes, decompressed: what limits and credit count.
    pub fn archive_bytes(&self) -> u32 {
        match self.compression {
            Compression::None => self.payload_bytes,
            Compression::Lz4 | Compression::Zstd => self.decompressed_bytes,
        }
    }

    /// The header's bytes, checksum included.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0u8; HEADER_BYTES];
        bytes[0..4].copy_from_slice(&MAGIC);
        bytes[4..6].copy_from_slice(&VERSION_MAX.to_le_bytes());
        bytes[6] = self.kind as u8;
        bytes[7] = self.compression as u8;
        bytes[8..12].copy_from_slice(&self.payload_bytes.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.payload_crc.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.schema_id.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.first_offset.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.rows.to_le_bytes());
        bytes[36..40].copy_from_slice(&LAYOUT.to_le_bytes());
        bytes[40..44].copy_from_slice(&self.decompressed_bytes.to_le_bytes());
        let crc = crc32c::crc32c(&bytes);
        bytes[CRC_AT].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a header. Magic and version come before the checksum, so that a stranger is told what it is.
    ///
    /// # Errors
    /// The first [`HeaderError`] that applies, in the order of its variants.
    pub fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<Self, HeaderError> {
        if bytes[0..4] != MAGIC {
            return Err(HeaderError::Magic);
        }
        let version = u16::from_le_bytes([bytes[4], bytes[5]]);
        if !(VERSION_MIN..=VERSION_MAX).contains(&version) {
            return Err(HeaderError::Version { found: version });
        }
        let layout = read_u32(bytes, 36);
        if layout != LAYOUT {
            return Err(HeaderError::Layout { found: layout });
        }
        let mut unsummed = *bytes;
        unsummed[CRC_AT].fill(0);
        if crc32c::crc32c(&unsummed) != read_u32(bytes, CRC_AT.start) {
            return Err(HeaderError::Checksum);
        }
        let kind = Kind::from_number(bytes[6]).ok_or(HeaderError::Kind { found: bytes[6] })?;
        if bytes[44..48] != [0; 4] {
            return Err(HeaderError::Reserved);
        }
        let compression = Compression::from_number(bytes[7]).ok_or(HeaderError::Compression)?;
        let decompressed_bytes = read_u32(bytes, 40);
        let is_compressed = compression != Compression::None;
        if is_compressed != (decompressed_bytes != 0) || is_compressed && kind != Kind::Batch {
            return Err(HeaderError::Compression);
        }
        Ok(Self {
            kind,
            payload_bytes: read_u32(bytes, 8),
            payload_crc: read_u32(bytes, 16),
            schema_id: read_u32(bytes, 20),
            first_offset: u64::from(read_u32(bytes, 24)) | u64::from(read_u32(bytes, 28)) << 32,
            rows: read_u32(bytes, 32),
            compression,
            decompressed_bytes,
        })
    }
}

fn read_u32(bytes: &[u8; HEADER_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::KINDS;
    use proptest::prelude::*;

    fn headers() -> impl Strategy<Value = Header> {
        (0..KINDS.len(), any::<u32>(), any::<u32>(), any::<u32>(), any::<u64>(), any::<u32>()).prop_map(
            |(kind, payload_bytes, payload_crc, schema_id, first_offset, rows)| Header {
                kind: KINDS[kind],
                payload_bytes,
                payload_crc,
                schema_id,
                first_offset,
                rows,
                ..Header::control(KINDS[kind])
            },
        )
    }

    fn compressed() -> impl Strategy<Value = Header> {
        (headers(), 1..=2u8, 1..=u32::MAX).prop_map(|(header, number, decompressed_bytes)| Header {
            kind: Kind::Batch,
            compression: Compression::from_number(number).unwrap(),
            decompressed_bytes,
            ..header
        })
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_equal(header in headers()) {
            prop_assert_eq!(Header::decode(&header.encode()), Ok(header));
        }

        #[test]
        fn a_compressed_batch_decodes_equal(header in compressed()) {
            prop_assert_eq!(Header::decode(&header.encode()), Ok(header));
            prop_assert_eq!(header.archive_bytes(), header.decompressed_bytes);
        }

        #[test]
        fn a_flipped_bit_never_passes(header in headers(), bit in 0..HEADER_BYTES * 8) {
            let mut bytes = header.encode();
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(Header::decode(&bytes).is_err());
        }

        #[test]
        fn any_bytes_are_judged_without_panic(bytes in prop::array::uniform32(any::<u8>())) {
            let mut header = [0u8; HEADER_BYTES];
            header[..32].copy_from_slice(&bytes);
            prop_assert!(Header::decode(&header).is_err());
        }
    }

    #[test]
    fn a_stranger_is_told_what_it_is_before_checksums() {
        let mut http = [0u8; HEADER_BYTES];
        http[..14].copy_from_slice(b"GET / HTTP/1.1");
        assert_eq!(Header::decode(&http), Err(HeaderError::Magic));
        let mut newer = Header::control(Kind::Hello).encode();
        newer[4] = 9;
        assert_eq!(Header::decode(&newer), Err(HeaderError::Version { found: 9 }));
    }

    #[test]
    fn compression_must_be_whole_and_stand_on_a_batch() {
        let batch = Header::control(Kind::Batch);
        let hello = Header { compression: Compression::Lz4, decompressed_bytes: 8, ..Header::control(Kind::Hello) };
        let without_length = Header { compression: Compression::Zstd, ..batch };
        let without_codec = Header { decompressed_bytes: 8, ..batch };
        for header in [hello, without_length, without_codec] {
            assert_eq!(Header::decode(&header.encode()), Err(HeaderError::Compression));
        }
    }
}
