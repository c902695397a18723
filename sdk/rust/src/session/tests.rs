use super::*;
use crate::columns::SCHEMA_ID;
use crate::error::ErrorKind;
use crate::keep::Keep;
use crate::kept_frame::KeptFrame;
use crate::outbox::Delivery;
use crate::watermarks::Committed;
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::ack::Ack;
use lakehead_protocol::archive;
use lakehead_protocol::batch::BatchView;
use lakehead_protocol::compression::Compression;
use lakehead_protocol::control::Closed;
use lakehead_protocol::frame;
use lakehead_protocol::frame::{Progress, next};
use lakehead_protocol::header::Header;
use lakehead_protocol::hello::ArchivedHello;
use lakehead_protocol::hello::{Hello, KEEP_UNTIL_DURABLE, MODE_OPEN, MODE_RESUME};
use lakehead_protocol::kind::PeerState;
use lakehead_protocol::limits::HEADER_BYTES;
use lakehead_protocol::reject::{Reject, RejectCode};
use lakehead_protocol::schema::Schema;
use lakehead_protocol::schema::{DataType, Field};
use lakehead_protocol::welcome::Welcome;
use proptest::prelude::*;
use std::ops::Range;
use std::sync::Arc;

const CREDIT: u64 = 400;

fn identity(name: &str) -> Identity {
    Identity { table: "t".into(), name: name.into(), credential: vec![], opener: [7; 16], keep: Keep::UntilCommitted }
}

fn schema() -> Schema {
    Schema::flat(vec![Field::flat("n", DataType::Long, false)])
}

fn welcome(resume_offset: u64, committed: u64) -> Welcome {
    Welcome {
        table_id: "id".into(),
        table_version: 3,
        schema: schema(),
        epoch_major: 5,
        resume_offset,
        committed,
        credit: CREDIT,
        ..Welcome::default()
    }
}

fn frame_of(rows: Range<u64>) -> KeptFrame {
    let mut bytes = FrameBuffer::new();
    let view = BatchView::default();
    frame::append_batch(&mut bytes, SCHEMA_ID, rows.start, (rows.end - rows.start) as u32, &view).unwrap();
    let mut frame = KeptFrame::new(rows, bytes, Compression::None);
    frame.archive_bytes = 100;
    frame
}

fn hello(bytes: &FrameBuffer) -> Hello {
    let Ok(Progress::Frame { frame, .. }) = next(bytes, PeerState::Greeting) else { panic!("a Hello") };
    let view = archive::access::<ArchivedHello>(frame.payload).unwrap();
    rkyv::api::high::deserialize::<Hello, rkyv::rancor::Failure>(view).unwrap()
}

fn open(name: &str) -> Session {
    let mut session = Session::new(identity(name), None);
    session.connected().unwrap();
    session.welcomed(&welcome(0, 0)).unwrap();
    session
}

fn sent(session: &mut Session) -> Vec<Range<u64>> {
    std::iter::from_fn(|| match session.next_outgoing().unwrap() {
        Some(Outgoing::Batch(frame, _)) => Some(frame.rows),
        _ => None,
    })
    .collect()
}

#[test]
fn the_first_connections_open_and_later_ones_resume() {
    let mut session = Session::new(identity("s"), Some(Arc::new(schema())));
    let first = hello(&session.connected().unwrap());
    assert_eq!((first.mode, first.attempt, first.schema_follows), (MODE_OPEN, 1, 1));
    assert!(matches!(session.lost("gone"), Next::Reconnect { .. }));
    let second = hello(&session.connected().unwrap());
    assert_eq!((second.mode, second.attempt, second.opener), (MODE_OPEN, 2, first.opener));
    // The schema went with Hello: it is not announced twice.
    assert!(session.welcomed(&welcome(0, 0)).unwrap().is_none());
    session.lost("gone");
    let third = hello(&session.connected().unwrap());
    assert_eq!((third.mode, third.attempt, third.epoch_major, third.schema_follows), (MODE_RESUME, 3, 5, 0));
    assert_eq!((first.table_id.as_str(), third.table_id.as_str()), ("", "id"));
    assert!(session.welcomed(&welcome(0, 0)).unwrap().is_some());
}

#[test]
fn a_stream_goes_on_where_an_earlier_life_of_it_ended() {
    let mut session = Session::new(identity("s"), None);
    session.connected().unwrap();
    session.welcomed(&welcome(40, 40)).unwrap();
    assert_eq!(session.watermarks().committed, Committed { offset: 40, version: 3 });
    session.keep(frame_of(40..50));
    assert_eq!(sent(&mut session), std::slice::from_ref(&(40..50)));
    session.lost("gone");
    let resume = hello(&session.connected().unwrap());
    assert_eq!((resume.sent, resume.resendable_from, resume.committed_seen), (50, 40, 40));
}

#[test]
fn credit_is_kept_and_counts_anew_on_a_new_connection() {
    let mut session = open("s");
    (0..6).for_each(|frame| session.keep(frame_of(frame * 10..frame * 10 + 10)));
    assert_eq!(sent(&mut session), [0..10, 10..20, 20..30, 30..40]);
    session.acked(Ack { credit: CREDIT + 199, ..Ack::default() }).unwrap();
    assert_eq!(sent(&mut session), std::slice::from_ref(&(40..50)));
    session.lost("gone");
    session.connected().unwrap();
    session.welcomed(&welcome(25, 10)).unwrap();
    // The frame with the resume offset in it goes whole; the server trims.
    assert_eq!(sent(&mut session), [20..30, 30..40, 40..50, 50..60]);
}

#[test]
fn close_follows_the_last_row_and_ends_the_stream_when_all_is_committed() {
    let mut session = open("s");
    session.keep(frame_of(0..10));
    session.close();
    assert!(matches!(session.next_outgoing().unwrap(), Some(Outgoing::Batch(..))));
    assert!(matches!(session.next_outgoing().unwrap(), Some(Outgoing::Control(_))));
    assert!(session.next_outgoing().unwrap().is_none());
    // Lost before Closed: Close is said again on the next connection.
    assert!(matches!(session.lost("gone"), Next::Reconnect { .. }));
    session.connected().unwrap();
    session.welcomed(&welcome(10, 0)).unwrap();
    assert!(matches!(session.next_outgoing().unwrap(), Some(Outgoing::Control(_))));
    let end = session.closed(Closed { committed: 10, version: 4 });
    assert!(matches!(end, Next::Finished(Committed { offset: 10, version: 4 })), "{end:?}");
}

#[test]
fn an_anonymous_stream_ends_with_its_connection_and_names_what_is_in_doubt() {
    let mut session = open("");
    (0..6).for_each(|frame| session.keep(frame_of(frame * 10..frame * 10 + 10)));
    sent(&mut session);
    session.acked(Ack { committed: 20, version: 4, ..Ack::default() }).unwrap();
    let Next::Failed(error) = session.lost("gone") else { panic!("it cannot resume") };
    assert_eq!((error.code(), error.in_doubt(), error.is_retryable()), ("CONNECTION_LOST", Some(20..40), false));
    assert!(error.to_string().contains("20 rows from 40 on were never sent"), "{error}");
    assert_eq!(error.never_sent(), Some(40..60));
}

#[test]
fn refusals_follow_their_remedy() {
    let refuse = |name, code| {
        let mut session = open(name);
        session.keep(frame_of(0..10));
        sent(&mut session);
        session.rejected(Reject::new(code, 3, "because"))
    };
    for code in [RejectCode::Busy, RejectCode::Discarded, RejectCode::OffsetGap, RejectCode::StaleAttempt] {
        assert!(matches!(refuse("s", code), Next::Reconnect { .. }), "{code:?}");
        assert!(matches!(refuse("", code), Next::Failed(_)), "{code:?}");
    }
    for (code, name, data) in [
        (RejectCode::Fenced, "FENCED", false),
        (RejectCode::SchemaMismatch, "SCHEMA_MISMATCH", true),
        (RejectCode::NullNotAllowed, "NULL_NOT_ALLOWED", true),
    ] {
        let Next::Failed(error) = refuse("s", code) else { panic!("{code:?} is final") };
        assert_eq!((error.code(), error.is_retryable(), error.is_data_error()), (name, false, data));
        assert_eq!(error.reject_code(), Some(code));
    }
    // A code from the future still has a remedy.
    let mut newer = Reject::new(RejectCode::Busy, 0, "");
    newer.code = 7_000;
    assert!(matches!(open("s").rejected(newer), Next::Reconnect { .. }));
    // Nothing was sent on an anonymous stream before Welcome: it may try again.
    let mut unopened = Session::new(identity(""), None);
    unopened.connected().unwrap();
    let busy = Reject::new(RejectCode::Busy, 0, "");
    assert!(matches!(unopened.rejected(busy), Next::Reconnect { .. }));
}

#[test]
fn a_server_that_contradicts_what_was_said_ends_the_stream() {
    let mut session = open("s");
    session.keep(frame_of(0..10));
    sent(&mut session);
    assert_eq!(session.acked(Ack { committed: 11, ..Ack::default() }).unwrap_err().code(), "PROTOCOL");
    session.acked(Ack { committed: 10, version: 9, ..Ack::default() }).unwrap();
    session.acked(Ack { committed: 5, version: 8, ..Ack::default() }).unwrap();
    assert_eq!(session.watermarks().committed, Committed { offset: 10, version: 9 });
    // Committed rows are gone here; a server that wants them has lost them.
    session.lost("gone");
    session.connected().unwrap();
    let error = session.welcomed(&welcome(4, 4)).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::OutOfReach { asked: 4, has: 10..10 });
    session.connected().unwrap();
    let other = Welcome { table_id: "another".into(), ..welcome(10, 10) };
    assert_eq!(session.welcomed(&other).unwrap_err().code(), "TABLE_CHANGED");
}

#[test]
fn a_server_that_is_going_away_is_left_once_it_has_committed_what_it_was_sent() {
    for name in ["s", ""] {
        let mut session = open(name);
        session.keep(frame_of(0..10));
        assert_eq!(sent(&mut session), std::slice::from_ref(&(0..10)));
        assert!(session.going_away().is_none());
        session.keep(frame_of(10..20));
        assert!(sent(&mut session).is_empty());
        let next = session.acked(Ack { committed: 10, version: 4, credit: 10_000, ..Ack::default() }).unwrap();
        assert!(matches!(next, Some(Next::Reconnect { .. })), "{next:?}");
        let hello = hello(&session.connected().unwrap());
        assert_eq!(
            (hello.mode, hello.table_id.as_str()),
            (if name.is_empty() { MODE_OPEN } else { MODE_RESUME }, "id")
        );
        let resume = if name.is_empty() { 0 } else { 10 };
        assert_eq!((hello.sent, hello.resendable_from, hello.committed_seen), (resume, resume, resume));
        session.welcomed(&welcome(resume, resume)).unwrap();
        assert_eq!(sent(&mut session), std::slice::from_ref(&(10..20)));
    }
    let mut idle = open("s");
    assert!(matches!(idle.going_away(), Some(Next::Reconnect { .. })));
    let mut closing = open("s");
    closing.close();
    assert!(matches!(closing.going_away(), Some(Next::Finished(_))));
}

#[test]
fn an_anonymous_stream_begins_anew_where_nothing_is_in_doubt() {
    let mut session = open("");
    session.keep(frame_of(0..10));
    sent(&mut session);
    session.acked(Ack { committed: 10, version: 4, ..Ack::default() }).unwrap();
    session.keep(frame_of(10..20));
    assert!(matches!(session.lost("gone"), Next::Reconnect { .. }));
    session.connected().unwrap();
    session.welcomed(&welcome(0, 0)).unwrap();
    let Some(Outgoing::Batch(frame, Delivery::First)) = session.next_outgoing().unwrap() else { panic!("a batch") };
    let header = Header::decode(frame.bytes.first_chunk::<HEADER_BYTES>().unwrap()).unwrap();
    assert_eq!((frame.rows, header.first_offset, header.rows), (10..20, 0, 10));
    // The server counts from zero, the client goes on.
    session.acked(Ack { durable: 10, committed: 4, version: 6, ..Ack::default() }).unwrap();
    let watermarks = session.watermarks();
    assert_eq!((watermarks.committed, watermarks.durable), (Committed { offset: 14, version: 6 }, 20));
    session.close();
    let Some(Outgoing::Control(close)) = session.next_outgoing().unwrap() else { panic!("a Close") };
    let Ok(Progress::Frame { frame, .. }) = next(&close, PeerState::Streaming) else { panic!("a frame") };
    let close = archive::access::<lakehead_protocol::control::ArchivedClose>(frame.payload).unwrap();
    assert_eq!(close.sent.to_native(), 10);
    // Now six rows are in doubt.
    let Next::Failed(error) = session.lost("gone") else { panic!("it cannot resume") };
    assert_eq!(error.in_doubt(), Some(14..20));
}

#[test]
fn a_refusal_tells_of_rows_that_were_committed() {
    let mut session = open("");
    (0..3).for_each(|frame| session.keep(frame_of(frame * 10..frame * 10 + 10)));
    sent(&mut session);
    let mut reject = Reject::new(RejectCode::ShuttingDown, 0, "because");
    reject.committed = 20;
    let Next::Failed(error) = session.rejected(reject.clone()) else { panic!("rows are in doubt") };
    assert_eq!(error.in_doubt(), Some(20..30));
    reject.committed = 99;
    let mut closing = open("s");
    closing.keep(frame_of(0..10));
    sent(&mut closing);
    closing.close();
    assert!(matches!(closing.rejected(reject), Next::Finished(Committed { offset: 10, .. })));
}

#[test]
fn rows_kept_until_durable_are_dropped_then() {
    let identity = Identity { keep: Keep::UntilDurable, ..identity("s") };
    let mut session = Session::new(identity, None);
    assert_eq!(hello(&session.connected().unwrap()).keep, KEEP_UNTIL_DURABLE);
    session.welcomed(&welcome(0, 0)).unwrap();
    (0..3).for_each(|frame| session.keep(frame_of(frame * 10..frame * 10 + 10)));
    sent(&mut session);
    let one = session.kept_bytes() / 3;
    session.acked(Ack { durable: 20, committed: 10, version: 4, ..Ack::default() }).unwrap();
    assert_eq!(session.kept_bytes(), one);
    session.lost("gone");
    let resume = hello(&session.connected().unwrap());
    assert_eq!((resume.durable_seen, resume.committed_seen, resume.resendable_from), (20, 10, 20));
    assert_eq!(session.welcomed(&welcome(10, 10)).unwrap_err().code(), "OUT_OF_REACH");
}

#[test]
fn a_frame_goes_to_no_server_that_takes_none_of_its_size() {
    let mut session = open("s");
    session.keep(frame_of(0..10));
    session.lost("gone");
    session.connected().unwrap();
    session.welcomed(&Welcome { batch_rows_max: 9, ..welcome(0, 0) }).unwrap();
    assert_eq!(session.limits().rows_max, 9);
    let error = session.next_outgoing().unwrap_err();
    assert_eq!((error.code(), error.is_retryable(), error.in_doubt()), ("LIMITS_LOWERED", true, Some(0..10)));
}

/// A server as the protocol has it: trims what it has, refuses gaps, forgets what is not committed when it fails.
#[derive(Default)]
struct Server {
    accepted: u64,
    committed: u64,
    version: u64,
    credit: u64,
    spent: u64,
}

#[derive(Debug, Clone)]
enum Step {
    Append(u64),
    /// So many frames get through.
    Deliver(usize),
    Commit,
    /// The connection ends; the server keeps, or forgets, what is not committed.
    Lose {
        forgets: bool,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (1..9u64).prop_map(Step::Append),
        3 => (1..4usize).prop_map(Step::Deliver),
        2 => Just(Step::Commit),
        1 => any::<bool>().prop_map(|forgets| Step::Lose { forgets }),
    ];
    prop::collection::vec(step, 0..80)
}

impl Server {
    fn connect(&mut self, session: &mut Session) {
        let hello = hello(&session.connected().unwrap());
        assert!(hello.resendable_from <= self.accepted, "rows the server lacks can be sent again");
        (self.credit, self.spent) = (CREDIT, 0);
        session.welcomed(&welcome(self.accepted, self.committed)).unwrap();
    }

    fn deliver(&mut self, session: &mut Session) -> bool {
        let Some(Outgoing::Batch(frame, _)) = session.next_outgoing().unwrap() else { return false };
        assert!(frame.rows.start <= self.accepted, "no gap");
        self.accepted = self.accepted.max(frame.rows.end);
        self.spent += frame.archive_bytes;
        assert!(self.spent <= self.credit, "credit is kept");
        true
    }

    fn commit(&mut self, session: &mut Session) {
        self.committed = self.accepted;
        self.version += 1;
        self.credit = self.spent + CREDIT;
        let (committed, version, credit) = (self.committed, self.version, self.credit);
        session.acked(Ack { durable: committed, committed, version, credit }).unwrap();
        assert_eq!(session.watermarks().committed.offset, committed);
    }
}

proptest! {
    #[test]
    fn every_row_gets_there_whatever_is_lost(steps in steps()) {
        let mut session = Session::new(identity("s"), None);
        let mut server = Server::default();
        server.connect(&mut session);
        let mut end = 0;
        for step in steps {
            match step {
                Step::Append(rows) => {
                    session.keep(frame_of(end..end + rows));
                    end += rows;
                }
                Step::Deliver(frames) => (0..frames).for_each(|_| { server.deliver(&mut session); }),
                Step::Commit => server.commit(&mut session),
                Step::Lose { forgets } => {
                    let resumes = matches!(session.lost("gone"), Next::Reconnect { .. });
                    prop_assert!(resumes);
                    if forgets {
                        server.accepted = server.committed;
                    }
                    server.connect(&mut session);
                }
            }
        }
        while server.accepted < end {
            if !server.deliver(&mut session) {
                server.commit(&mut session);
            }
        }
        server.commit(&mut session);
        prop_assert!(session.all_committed());
        prop_assert_eq!((session.kept_bytes(), server.committed), (0, end));
    }
}
