//! Batches made smaller for slow links.
//!
//! A whole Batch frame is compressed after it was encoded ([`compress_frame`]), so that archives are the same with and
//! without. The header says how long the archive is: a receiver judges that length before it makes room, and a payload
//! that turns out longer or shorter is malformed.

use crate::FrameBuffer;
use crate::header::Header;
use crate::limits::{HEADER_BYTES, padded};

/// How a payload is compressed. The number is on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Compression {
    /// It is not.
    #[default]
    None = 0,
    /// One LZ4 block, without a frame or a length of its own: fast.
    Lz4 = 1,
    /// One Zstandard frame: smaller.
    Zstd = 2,
}

impl Compression {
    /// The compression with this number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::None, Self::Lz4, Self::Zstd].into_iter().find(|compression| *compression as u8 == number)
    }
}

/// The compressed payload does not hold what its header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the compressed payload is damaged, or holds more or less than the header says")]
pub struct MalformedPayload;

/// Higher levels cost a multiple of the time for a few percent of columns' bytes.
const ZSTD_LEVEL: i32 = 1;

/// The same Batch frame with its payload compressed; `None` when that would not make it smaller.
pub fn compress_frame(frame: &[u8], compression: Compression) -> Option<FrameBuffer> {
    let (head, rest) = frame.split_first_chunk::<HEADER_BYTES>()?;
    let header = Header::decode(head).ok()?;
    let archive = rest.get(..header.payload_bytes as usize)?;
    let mut out = FrameBuffer::new();
    out.resize(HEADER_BYTES + room_bytes(archive.len(), compression), 0);
    let room = &mut out[HEADER_BYTES..];
    let bytes = match compression {
        Compression::None => return None,
        Compression::Lz4 => lz4_flex::block::compress_into(archive, room).ok()?,
        Compression::Zstd => zstd::bulk::compress_to_buffer(archive, room, ZSTD_LEVEL).ok()?,
    };
    if padded(bytes) >= padded(archive.len()) {
        return None;
    }
    out.resize(HEADER_BYTES + bytes, 0);
    out.resize(HEADER_BYTES + padded(bytes), 0);
    let header = Header {
        payload_bytes: u32::try_from(bytes).ok()?,
        payload_crc: crc32c::crc32c(&out[HEADER_BYTES..]),
        compression,
        decompressed_bytes: header.payload_bytes,
        ..header
    };
    out[..HEADER_BYTES].copy_from_slice(&header.encode());
    // Whoever keeps the frame keeps it for being small.
    out.shrink_to_fit();
    Some(out)
}

/// What the compressor asks for before it knows how well it does.
fn room_bytes(archive: usize, compression: Compression) -> usize {
    match compression {
        Compression::None => 0,
        Compression::Lz4 => lz4_flex::block::get_maximum_output_size(archive),
        Compression::Zstd => zstd::zstd_safe::compress_bound(archive),
    }
}

/// The archive that a frame's compressed payload holds, into `out`, which is emptied first. The header's lengths must have
/// passed [`crate::frame::next`], which bounds what this allocates.
///
/// # Errors
/// [`MalformedPayload`].
pub fn decompress(header: &Header, payload: &[u8], out: &mut FrameBuffer) -> Result<(), MalformedPayload> {
    out.clear();
    out.resize(header.archive_bytes() as usize, 0);
    let bytes = match header.compression {
        Compression::None => return Err(MalformedPayload),
        Compression::Lz4 => lz4_flex::block::decompress_into(payload, out).map_err(|_| MalformedPayload)?,
        Compression::Zstd => zstd::bulk::decompress_to_buffer(payload, &mut out[..]).map_err(|_| MalformedPayload)?,
    };
    if bytes == out.len() { Ok(()) } else { Err(MalformedPayload) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{BatchView, ColumnView};
    use crate::frame::{self, Progress};
    use crate::kind::PeerState;
    use proptest::prelude::*;

    fn batch_frame(values: &[u8]) -> FrameBuffer {
        let mut out = FrameBuffer::new();
        let column = ColumnView { length: values.len() as u32, values, ..ColumnView::default() };
        frame::append_batch(&mut out, 3, 40, column.length, &BatchView { columns: vec![column] }).unwrap();
        out
    }

    fn parse(bytes: &[u8]) -> (Header, &[u8]) {
        match frame::next(bytes, PeerState::Streaming).unwrap() {
            Progress::Frame { frame, consumed } => {
                assert_eq!(consumed, bytes.len());
                (frame.header, frame.payload)
            }
            other => panic!("not a frame: {other:?}"),
        }
    }

    proptest! {
        #[test]
        fn what_was_compressed_is_the_same_archive(
            run in prop::collection::vec(any::<u8>(), 1..20), times in 10..200usize, number in 1..=2u8
        ) {
            let plain = batch_frame(&run.repeat(times));
            let (plain_header, archive) = parse(&plain);
            let compression = Compression::from_number(number).unwrap();
            let Some(smaller) = compress_frame(&plain, compression) else { return Ok(()) };
            prop_assert!(smaller.len() < plain.len());
            let (header, payload) = parse(&smaller);
            prop_assert_eq!((header.rows, header.first_offset, header.schema_id), (plain_header.rows, 40, 3));
            let mut out = FrameBuffer::new();
            prop_assert_eq!(decompress(&header, payload, &mut out), Ok(()));
            prop_assert_eq!(&out[..], archive);
        }

        #[test]
        fn damage_never_passes_for_more_than_the_header_allows(
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            length in 1..5_000u32, number in 1..=2u8
        ) {
            let smaller = compress_frame(&batch_frame(&[7; 3_000]), Compression::from_number(number).unwrap()).unwrap();
            let (header, payload) = parse(&smaller);
            let mut payload = payload.to_vec();
            for (at, value) in damage {
                let at = at.index(payload.len());
                payload[at] = value;
            }
            let header = Header { decompressed_bytes: length, ..header };
            let mut out = FrameBuffer::new();
            let result = decompress(&header, &payload, &mut out);
            prop_assert!(result.is_err() || out.len() == length as usize);
        }
    }

    #[test]
    fn noise_is_left_as_it_is() {
        let mut state = 1u64;
        let mut noise = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        let values: Vec<u8> = (0..4_096).map(|_| noise()).collect();
        assert!(compress_frame(&batch_frame(&values), Compression::Lz4).is_none());
        assert!(compress_frame(&batch_frame(&values), Compression::Zstd).is_none());
    }

    #[test]
    fn a_decompressed_length_over_the_limit_is_refused_with_the_header() {
        let smaller = compress_frame(&batch_frame(&[0; 4_096]), Compression::Lz4).unwrap();
        let (header, _) = parse(&smaller);
        let bomb = Header { decompressed_bytes: u32::MAX, ..header }.encode();
        assert!(matches!(frame::next(&bomb, PeerState::Streaming), Err(frame::FrameError::TooLarge { .. })));
    }
}
