//! Rows that are appended one by one.

use super::peer::*;
use crate::{Batching, Committed, Stream};
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::welcome::Welcome;
use serde::Serialize;
use std::time::Duration;

#[derive(Serialize)]
struct Row {
    n: i64,
}

async fn collecting(batching: Batching) -> (Stream, Peer, Listener) {
    let (dial, mut listener) = network();
    let opening = builder().build().unwrap().stream("t").name("s").batching(batching);
    let (stream, mut peer) = open(opening, &dial, listener.welcome(welcome(0, 0))).await;
    peer.schema().await;
    (stream.unwrap(), peer, listener)
}

async fn push(stream: &mut Stream, rows: std::ops::Range<i64>) {
    for n in rows {
        assert_eq!(stream.append_row(&Row { n }).await.unwrap(), n as u64 + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn rows_leave_together_when_the_first_has_lingered_long_enough() {
    let (mut stream, mut peer, _listener) = collecting(Batching::default()).await;
    let began = tokio::time::Instant::now();
    push(&mut stream, 0..3).await;
    tokio::time::advance(Duration::from_millis(10)).await;
    push(&mut stream, 3..5).await;
    assert_eq!(peer.batch().await, 0..5);
    assert!((20..=21).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    peer.ack(5, 2).await;
    assert_eq!(stream.wait_committed(5).await.unwrap(), Committed { offset: 5, version: 2 });
    // The next ones linger anew.
    push(&mut stream, 5..6).await;
    assert_eq!(peer.batch().await, 5..6);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_sealed_when_it_is_full_and_before_whatever_comes_behind_it() {
    let batching = Batching { rows_max: 4, linger: Duration::from_secs(60), ..Batching::default() };
    let (mut stream, mut peer, _listener) = collecting(batching).await;
    push(&mut stream, 0..6).await;
    assert_eq!(peer.batch().await, 0..4);
    assert_eq!(stream.append(rows(6..9)).await.unwrap(), 9);
    assert_eq!((peer.batch().await, peer.batch().await), (4..6, 6..9));
    push(&mut stream, 9..10).await;
    {
        let mut flush = Box::pin(stream.flush());
        tokio::select! {
            biased;
            _ = &mut flush => panic!("nothing is committed"),
            rows = peer.batch() => assert_eq!(rows, 9..10),
        }
        peer.ack(10, 3).await;
        assert_eq!(flush.await.unwrap().durable, 10);
    }
    push(&mut stream, 10..11).await;
    let serve = async {
        assert_eq!(peer.batch().await, 10..11);
        assert!(matches!(peer.hear().await, Said::Close(11)));
        peer.closed(11, 4).await;
    };
    let (end, ()) = tokio::join!(stream.close(), serve);
    assert_eq!(end.unwrap(), Committed { offset: 11, version: 4 });
}

#[tokio::test(start_paused = true)]
async fn a_row_that_does_not_fit_is_told_at_once_and_the_stream_goes_on() {
    let (mut stream, mut peer, _listener) = collecting(Batching::default()).await;
    push(&mut stream, 0..1).await;
    let error = stream.append_row(&serde_json::json!({ "n": "text" })).await.unwrap_err();
    assert!(error.is_data_error(), "{error}");
    assert_eq!(stream.next_offset(), 1);
    push(&mut stream, 1..2).await;
    assert_eq!(peer.batch().await, 0..2);
}

#[tokio::test(start_paused = true)]
async fn rows_wait_for_memory_and_are_not_lost_by_it() {
    let (dial, mut listener) = network();
    let batching = Batching { rows_max: 10, ..Batching::default() };
    let client = builder().memory_bytes_max(100).build().unwrap();
    let opening = client.stream("t").name("s").batching(batching);
    let (stream, mut peer) = open(opening, &dial, listener.welcome(welcome(0, 0))).await;
    let mut stream = stream.unwrap();
    peer.schema().await;
    // One batch is kept, the next is collected and has no room.
    push(&mut stream, 0..20).await;
    assert_eq!(stream.try_append_row(&Row { n: 20 }).unwrap_err().code(), "MEMORY_FULL");
    assert_eq!(peer.batch().await, 0..10);
    let more = tokio::time::timeout(Duration::from_secs(1), peer.hear()).await;
    assert!(more.is_err(), "{more:?} had no room");
    let serve = async {
        peer.ack(10, 2).await;
        assert_eq!(peer.batch().await, 10..20);
        peer.ack(20, 3).await;
        peer
    };
    let ((), mut peer) = tokio::join!(push(&mut stream, 20..21), serve);
    assert_eq!(peer.batch().await, 20..21);
}

#[tokio::test(start_paused = true)]
async fn collected_rows_are_cut_for_the_server_that_gets_them() {
    let (mut stream, mut peer, mut listener) = collecting(Batching::default()).await;
    peer.reject(RejectCode::Busy, 0).await;
    assert!(matches!(peer.hear().await, Said::Gone));
    push(&mut stream, 0..5).await;
    let mut smaller = welcome(0, 0);
    smaller.batch_rows_max = 2;
    let mut peer = listener.welcome(smaller).await;
    peer.schema().await;
    assert_eq!((peer.batch().await, peer.batch().await), (0..2, 2..3));
}

#[tokio::test(start_paused = true)]
async fn a_row_larger_than_any_frame_is_refused_alone() {
    let (dial, mut listener) = network();
    let table =
        arrow::datatypes::Schema::new(vec![arrow::datatypes::Field::new("s", arrow::datatypes::DataType::Utf8, false)]);
    let mut first = welcome(0, 0);
    first.schema = lakehead_protocol::arrow_schema::from_arrow(&table).unwrap();
    first.batch_bytes_max = 1_000;
    let opening = builder().build().unwrap().stream("t").name("s");
    let (stream, _peer) = open(opening, &dial, listener.welcome(first)).await;
    let mut stream = stream.unwrap();
    stream.append_row(&serde_json::json!({ "s": "short" })).await.unwrap();
    let error = stream.append_row(&serde_json::json!({ "s": "x".repeat(2_000) })).await.unwrap_err();
    assert_eq!((error.code(), stream.next_offset()), ("ROW_TOO_LARGE", 1));
    assert_eq!(stream.append_row(&serde_json::json!({ "s": "short" })).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_failed_takes_no_row() {
    let (mut stream, mut peer, _listener) = collecting(Batching::default()).await;
    peer.reject(RejectCode::Fenced, 0).await;
    assert!(matches!(peer.hear().await, Said::Gone));
    assert_eq!(stream.append_row(&Row { n: 0 }).await.unwrap_err().code(), "FENCED");
}

#[tokio::test(start_paused = true)]
async fn large_rows_wait_for_memory_too() {
    let (dial, mut listener) = network();
    // A frame holds a row and not two: each is large beside it.
    let first = Welcome { batch_bytes_max: 180, ..welcome(0, 0) };
    let opening = builder().memory_bytes_max(500).build().unwrap().stream("t").name("s");
    let (stream, mut peer) = open(opening, &dial, listener.welcome(first)).await;
    let mut stream = stream.unwrap();
    peer.schema().await;
    let mut taken = 0;
    let refused = loop {
        match stream.try_append_row(&Row { n: taken as i64 }) {
            Ok(end) => taken = end,
            Err(error) => break error,
        }
        assert!(taken < 10, "rows are kept beyond every limit");
    };
    assert_eq!(refused.code(), "MEMORY_FULL");
    // What was taken is sent, and room comes back with its commit.
    for row in 0..taken {
        assert_eq!(peer.batch().await, row..row + 1);
    }
    peer.ack(taken, 2).await;
    assert_eq!(stream.append_row(&Row { n: taken as i64 }).await.unwrap(), taken + 1);
}

#[tokio::test(start_paused = true)]
async fn an_error_counts_the_rows_that_were_still_collected() {
    let (dial, mut listener) = network();
    let batching = Batching { linger: Duration::from_secs(50), ..Batching::default() };
    let opening = builder().build().unwrap().stream("t").name("s").batching(batching);
    let (stream, mut peer) = open(opening, &dial, listener.welcome(welcome(0, 0))).await;
    let mut stream = stream.unwrap();
    peer.schema().await;
    push(&mut stream, 0..7).await;
    peer.reject(RejectCode::Fenced, 0).await;
    let error = stream.wait_committed(7).await.unwrap_err();
    assert_eq!((error.code(), error.in_doubt()), ("FENCED", Some(0..7)));
    assert_eq!(stream.append_row(&Row { n: 7 }).await.unwrap_err().code(), "FENCED");
}
