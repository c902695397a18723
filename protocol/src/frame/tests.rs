use super::*;
use crate::ack::ArchivedAck;
use crate::batch::{ArchivedBatch, Batch, Column};
use crate::control::{ArchivedPing, Ping};
use crate::hello::{ArchivedHello, Hello};
use crate::limits::{BATCH_BYTES_MAX, HELLO_BYTES_MAX};
use crate::welcome::{ArchivedWelcome, Welcome};
use proptest::prelude::*;
use rkyv::rancor::Failure;

fn whole(bytes: &[u8], state: PeerState) -> Frame<'_> {
    match next(bytes, state).unwrap() {
        Progress::Frame { frame, consumed } => {
            assert_eq!(consumed, bytes.len());
            frame
        }
        other => panic!("not a frame: {other:?}"),
    }
}

fn batch_frame(values: Vec<u8>) -> FrameBuffer {
    let column = Column { length: values.len() as u32, values, ..Column::default() };
    let mut out = FrameBuffer::new();
    append_batch(&mut out, 7, 42, column.length, &BatchView { columns: vec![column.view()] }).unwrap();
    out
}

proptest! {
    #[test]
    fn hello_round_trips(table in ".{0,40}", stream in ".{0,40}", credential in prop::collection::vec(any::<u8>(), 0..50),
                         numbers in prop::array::uniform8(any::<u64>()), opener in any::<[u8; 16]>(), mode in any::<u8>()) {
        let [attempt, epoch_major, epoch_minor, durable_seen, committed_seen, sent, resendable_from, schema_fingerprint] = numbers;
        let hello = Hello {
            table, stream, table_id: String::new(), credential, client: "test".into(), opener, attempt, epoch_major, epoch_minor, durable_seen,
            committed_seen, sent, resendable_from, schema_fingerprint, mode, keep: 1, schema_follows: 0,
        };
        let mut out = FrameBuffer::new();
        append_control(&mut out, Kind::Hello, &hello).unwrap();
        let view = archive::access::<ArchivedHello>(whole(&out, PeerState::Greeting).payload).unwrap();
        let back: Hello = rkyv::api::high::deserialize::<_, Failure>(view).unwrap();
        let _ = back.check();
        prop_assert_eq!(back, hello);
    }

    #[test]
    fn welcome_ack_and_reject_round_trip(id in ".{0,40}", message in ".{0,80}", numbers in prop::array::uniform6(any::<u64>())) {
        let welcome = Welcome { table_id: id, table_version: numbers[0], resume_offset: numbers[1], committed: numbers[2], ..Welcome::default() };
        let ack = Ack { durable: numbers[0], committed: numbers[1], version: numbers[2], credit: numbers[3] };
        let reject = Reject::new(RejectCode::OffsetGap, numbers[4], message);
        let mut out = FrameBuffer::new();
        append_control(&mut out, Kind::Welcome, &welcome).unwrap();
        let first = out.len();
        append_ack(&mut out, &ack).unwrap();
        let second = out.len();
        append_reject(&mut out, &reject).unwrap();
        let view = archive::access::<ArchivedWelcome>(whole(&out[..first], PeerState::Server).payload).unwrap();
        prop_assert_eq!(rkyv::api::high::deserialize::<Welcome, Failure>(view).unwrap(), welcome);
        let view = archive::access::<ArchivedAck>(whole(&out[first..second], PeerState::Server).payload).unwrap();
        prop_assert_eq!(rkyv::api::high::deserialize::<Ack, Failure>(view).unwrap(), ack);
        let view = archive::access::<crate::reject::ArchivedReject>(whole(&out[second..], PeerState::Server).payload).unwrap();
        prop_assert_eq!(rkyv::api::high::deserialize::<Reject, Failure>(view).unwrap(), reject);
    }

    #[test]
    fn every_prefix_asks_for_more_and_never_errs(values in prop::collection::vec(any::<u8>(), 0..200), cut in any::<prop::sample::Index>()) {
        let out = batch_frame(values);
        let cut = cut.index(out.len());
        match next(&out[..cut], PeerState::Streaming).unwrap() {
            Progress::NeedHeader { missing } => prop_assert_eq!(missing, HEADER_BYTES - cut),
            Progress::NeedPayload { frame_bytes, header } => {
                prop_assert_eq!(frame_bytes, out.len());
                prop_assert_eq!(header.first_offset, 42);
            }
            Progress::Frame { .. } => prop_assert!(false, "a prefix is not a frame"),
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_is_refused(values in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let mut out = batch_frame(values);
        let at = at.index(out.len());
        out[at] ^= 1 << bit;
        prop_assert!(next(&out, PeerState::Streaming).is_err());
    }

    #[test]
    fn an_archive_that_lies_is_an_error_or_stays_inside(values in prop::collection::vec(any::<u8>(), 0..64),
                                                        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..10)) {
        let out = batch_frame(values);
        let mut payload = FrameBuffer::new();
        payload.extend_from_slice(whole(&out, PeerState::Streaming).payload);
        for (at, value) in damage {
            let at = at.index(payload.len());
            payload[at] = value;
        }
        if let Ok(batch) = archive::access::<ArchivedBatch>(&payload) {
            let inside: usize = batch.columns.iter().map(|column| column.values.len()).sum();
            let _ = rkyv::api::high::deserialize::<Batch, Failure>(batch).map(|batch| batch.columns.len());
            prop_assert!(batch.columns.len() < payload.len() && inside <= payload.len() * batch.columns.len());
        }
    }
}

#[test]
fn lengths_are_judged_before_the_payload_comes() {
    let header = |kind, payload_bytes| Header { payload_bytes, ..Header::control(kind) }.encode();
    let big = next(&header(Kind::Hello, HELLO_BYTES_MAX as u32 + 1), PeerState::Greeting).map(|_| ());
    assert_eq!(big.unwrap_err().code(), RejectCode::TooLarge);
    let early = next(&header(Kind::Batch, 100), PeerState::Greeting).map(|_| ());
    assert_eq!(early.unwrap_err().code(), RejectCode::UnexpectedFrame);
    let huge = next(&header(Kind::Batch, u32::MAX), PeerState::Streaming).map(|_| ());
    assert_eq!(huge.unwrap_err(), FrameError::TooLarge { kind: Kind::Batch, bytes: u32::MAX, limit: BATCH_BYTES_MAX });
}

#[test]
fn strangers_are_refused_at_their_first_byte() {
    assert_eq!(next(b"G", PeerState::Greeting).map(|_| ()).unwrap_err().code(), RejectCode::BadMagic);
    assert!(matches!(next(b"LK", PeerState::Greeting), Ok(Progress::NeedHeader { missing: 46 })));
}

#[test]
fn padding_must_be_zero_even_when_its_checksum_fits() {
    let mut out = FrameBuffer::new();
    append_control(&mut out, Kind::Ping, &Ping { nonce: 5 }).unwrap();
    assert_eq!(archive::access::<ArchivedPing>(whole(&out, PeerState::Server).payload).unwrap().nonce, 5);
    let last = out.len() - 1;
    out[last] = 1;
    let mut header = *out.first_chunk::<HEADER_BYTES>().unwrap();
    let decoded = Header::decode(&header).unwrap();
    header = Header { payload_crc: crc32c::crc32c(&out[HEADER_BYTES..]), ..decoded }.encode();
    out[..HEADER_BYTES].copy_from_slice(&header);
    assert_eq!(next(&out, PeerState::Server).map(|_| ()).unwrap_err(), FrameError::Padding);
}
