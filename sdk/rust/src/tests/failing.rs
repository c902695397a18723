//! What ends a stream, or its connection.

use super::peer::*;
use crate::{Committed, Error, ErrorKind, Promise, Stream};
use lakehead_protocol::hello::{MODE_OPEN, MODE_RESUME};
use lakehead_protocol::kind::Kind;
use lakehead_protocol::reject::{RejectCode, Remedy};

/// An open stream with 30 rows, sent and not committed.
async fn sending(name: Option<&str>) -> (Stream, Peer, Listener) {
    let (dial, mut listener) = network();
    let mut opening = builder().build().unwrap().stream("t");
    if let Some(name) = name {
        opening = opening.name(name);
    }
    let (stream, mut peer) = open(opening, &dial, listener.welcome(welcome(0, 0))).await;
    let mut stream = stream.unwrap();
    peer.schema().await;
    for first in [0, 10, 20] {
        stream.append(rows(first..first + 10)).await.unwrap();
        assert_eq!(peer.batch().await, first..first + 10);
    }
    (stream, peer, listener)
}

async fn refused(name: Option<&str>, code: RejectCode) -> Error {
    let (stream, mut peer, _listener) = sending(name).await;
    peer.ack(10, 2).await;
    peer.reject(code, 10).await;
    stream.flush().await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn final_refusals_name_code_and_rows() {
    for (code, name, data) in [
        (RejectCode::Fenced, "FENCED", false),
        (RejectCode::SchemaMismatch, "SCHEMA_MISMATCH", true),
        (RejectCode::BadBatch, "BAD_BATCH", true),
        (RejectCode::LostOrElsewhere, "LOST_OR_ELSEWHERE", false),
    ] {
        let error = refused(Some("s"), code).await;
        assert_eq!((error.code(), error.is_data_error(), error.is_retryable()), (name, data, false));
        assert_eq!(error.in_doubt(), Some(10..30), "{error}");
        let remedy = if data { Remedy::FixData } else { Remedy::GiveUp };
        assert!(matches!(error.kind(), ErrorKind::Refused { remedy: found, .. } if *found == remedy));
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_stream_gives_everybody_the_same_error() {
    let (mut stream, mut peer, _listener) = sending(Some("s")).await;
    let mut watch = stream.watch();
    peer.reject(RejectCode::Fenced, 0).await;
    assert_eq!(stream.flush().await.unwrap_err().code(), "FENCED");
    assert_eq!(stream.append(rows(30..31)).await.unwrap_err().code(), "FENCED");
    assert_eq!(stream.try_append(rows(30..31)).unwrap_err().code(), "FENCED");
    assert!(watch.changed().await.is_err());
    assert_eq!(stream.close().await.unwrap_err().code(), "FENCED");
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_answered_by_resuming_where_the_server_stands() {
    let (stream, mut peer, mut listener) = sending(Some("s")).await;
    peer.reject(RejectCode::OffsetGap, 10).await;
    let mut peer = listener.accept().await;
    let hello = peer.hello().await;
    assert_eq!((hello.mode, hello.epoch_major, hello.attempt), (MODE_RESUME, 5, 2));
    assert_eq!((hello.sent, hello.resendable_from), (30, 0));
    peer.say(Kind::Welcome, &welcome(10, 10)).await;
    peer.schema().await;
    assert_eq!((peer.batch().await, peer.batch().await), (10..20, 20..30));
    peer.ack(30, 7).await;
    assert_eq!(stream.flush_to(Promise::Committed).await.unwrap().committed, Committed { offset: 30, version: 7 });
}

#[tokio::test(start_paused = true)]
async fn an_anonymous_stream_that_is_cut_names_the_rows_in_doubt() {
    let (stream, mut peer, _listener) = sending(None).await;
    peer.ack(10, 2).await;
    stream.wait_committed(10).await.unwrap();
    drop(peer);
    let error = stream.flush().await.unwrap_err();
    assert_eq!((error.code(), error.in_doubt(), error.is_retryable()), ("CONNECTION_LOST", Some(10..30), false));
    assert_eq!(stream.wait_committed(10).await.unwrap().offset, 10, "what is committed stays so");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_closes_as_its_connection_dies_is_closed_when_all_was_committed() {
    let (stream, mut peer, _listener) = sending(None).await;
    peer.ack(30, 2).await;
    let serve = async move {
        assert!(matches!(peer.hear().await, Said::Close(30)));
    };
    let (end, ()) = tokio::join!(stream.close(), serve);
    assert_eq!(end.unwrap(), Committed { offset: 30, version: 2 });
}

#[tokio::test(start_paused = true)]
async fn servers_are_tried_in_turn_until_one_works() {
    let (dial, mut listener) = network();
    let client = builder().server("down:1").server("two:1").build().unwrap();
    let serve = async {
        let mut busy = listener.accept().await;
        let attempt = busy.hello().await.attempt;
        assert_eq!((busy.address.as_str(), attempt), ("one:1", 1));
        busy.reject(RejectCode::Busy, 0).await;
        let mut peer = listener.accept().await;
        let hello = peer.hello().await;
        assert_eq!((peer.address.as_str(), hello.attempt, hello.mode), ("two:1", 2, MODE_OPEN));
        peer.say(Kind::Welcome, &welcome(0, 0)).await;
        peer
    };
    let (stream, _peer) = open(client.stream("t").name("s"), &dial, serve).await;
    assert!(stream.is_ok());
}

#[tokio::test(start_paused = true)]
async fn patience_ends_and_says_what_was_tried() {
    let (dial, _listener) = network();
    let client = crate::Client::builder().server("down:1").server("down:2").build().unwrap();
    let error = client.stream("t").name("s").open_by(dial).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable(), error.in_doubt()), ("UNREACHABLE", true, None));
    assert!(error.to_string().contains("down:1, down:2"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_welcomes_and_refuses_in_turns_is_not_followed_for_ever() {
    let (stream, mut peer, mut listener) = sending(Some("s")).await;
    let serve = async {
        loop {
            peer.reject(RejectCode::Discarded, 0).await;
            peer = listener.welcome(welcome(0, 0)).await;
        }
    };
    let error = tokio::select! {
        biased;
        error = stream.flush() => error.unwrap_err(),
        () = serve => unreachable!(),
    };
    assert_eq!((error.code(), error.is_retryable(), error.in_doubt()), ("DISCARDED", true, Some(0..30)));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_is_refused_before_anything_is_sent() {
    let client = builder().build().unwrap();
    let (dial, _listener) = network();
    let code = |error: Error| error.code();
    let unnamed = client.stream("t").name("").open_by(dial.clone()).await.unwrap_err();
    assert_eq!(code(unnamed), "CONFIGURATION");
    let no_table = client.stream("").open_by(dial.clone()).await.unwrap_err();
    assert_eq!(code(no_table), "CONFIGURATION");
    let time = arrow::datatypes::DataType::Time64(arrow::datatypes::TimeUnit::Microsecond);
    let odd = arrow::datatypes::Schema::new(vec![arrow::datatypes::Field::new("t", time, true)]);
    let odd = client.stream("t").schema(std::sync::Arc::new(odd)).open_by(dial).await.unwrap_err();
    assert_eq!(code(odd), "BATCH_SCHEMA");
    assert_eq!(crate::Client::builder().build().unwrap_err().code(), "CONFIGURATION");
    assert_eq!(crate::Client::builder().server("host").build().unwrap_err().code(), "CONFIGURATION");
}
