//! What works: appending, acknowledging, credit, memory, closing.

use super::peer::*;
use crate::{Committed, Promise};
use futures_poll::poll_once;
use lakehead_protocol::hello::MODE_OPEN;
use lakehead_protocol::kind::Kind;
use lakehead_protocol::limits::HEADER_BYTES;
use std::time::Duration;

mod futures_poll {
    use std::future::{Future, poll_fn};
    use std::pin::Pin;
    use std::task::Poll;

    /// What one poll of `future` gives.
    pub async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        poll_fn(|context| match Pin::new(&mut *future).poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }
}

#[tokio::test(start_paused = true)]
async fn rows_are_sent_acknowledged_and_closed() {
    let (dial, mut listener) = network();
    let client = builder().credential("secret").build().unwrap();
    let opening = client.stream("a.b").name("s");
    let serve = async {
        let mut peer = listener.accept().await;
        let hello = peer.hello().await;
        assert_eq!(
            (hello.table.as_str(), hello.stream.as_str(), hello.credential.as_slice()),
            ("a.b", "s", &b"secret"[..])
        );
        assert_eq!((hello.mode, hello.schema_follows), (MODE_OPEN, 0));
        peer.say(Kind::Welcome, &welcome(0, 0)).await;
        peer
    };
    let (stream, mut peer) = open(opening, &dial, serve).await;
    let mut stream = stream.unwrap();
    assert_eq!((stream.schema(), stream.table_id(), stream.resume_offset()), (schema(), "id", 0));
    assert_eq!(stream.append(rows(0..10)).await.unwrap(), 10);
    assert_eq!(stream.append(rows(10..15)).await.unwrap(), 15);
    assert_eq!(stream.append(rows(15..15)).await.unwrap(), 15);
    assert_eq!(stream.wait_committed(16).await.unwrap_err().code(), "NOT_APPENDED");
    assert_eq!(peer.schema().await, welcome(0, 0).schema);
    assert_eq!((peer.batch().await, peer.batch().await), (0..10, 10..15));
    let mut watch = stream.watch();
    peer.ack(12, 4).await;
    assert_eq!(stream.wait_committed(11).await.unwrap(), Committed { offset: 12, version: 4 });
    watch.changed().await.unwrap();
    assert_eq!(watch.borrow_and_update().committed, Committed { offset: 12, version: 4 });
    let serve = async {
        assert!(matches!(peer.hear().await, Said::Close(15)));
        peer.closed(15, 5).await;
    };
    let (committed, ()) = tokio::join!(stream.close(), serve);
    assert_eq!(committed.unwrap(), Committed { offset: 15, version: 5 });
    watch.changed().await.unwrap();
    assert!(watch.changed().await.is_err(), "the channel closes with the stream");
}

#[tokio::test(start_paused = true)]
async fn a_producer_that_waits_for_nothing_lets_its_connection_send_now_and_then() {
    let (dial, mut listener) = network();
    let opening = builder().build().unwrap().stream("t").name("s").schema(schema());
    let serve = listener.welcome(welcome(0, 0));
    let (stream, _peer) = open(opening, &dial, serve).await;
    let mut stream = stream.unwrap();
    let unsent = |stream: &crate::Stream| {
        let session = stream.handle.shared.session();
        (session.unsent_bytes(), session.kept_bytes())
    };
    // All of these tasks have one thread.
    while unsent(&stream).1 < 40 << 10 {
        let end = stream.next_offset();
        stream.append(rows(end..end + 10)).await.unwrap();
    }
    let (left, kept) = unsent(&stream);
    assert_eq!(left, kept, "small frames gather");
    while unsent(&stream).1 < 300 << 10 {
        let end = stream.next_offset();
        stream.append(rows(end..end + 10)).await.unwrap();
    }
    let (left, kept) = unsent(&stream);
    assert!(left < kept, "{left} of {kept} bytes wait for a connection that was never let run");
}

#[tokio::test(start_paused = true)]
async fn a_missing_table_is_made_from_the_schema_that_follows_hello() {
    let (dial, mut listener) = network();
    let opening = builder().build().unwrap().stream("t").name("s").schema(schema());
    let serve = async {
        let mut peer = listener.accept().await;
        assert_eq!(peer.hello().await.schema_follows, 1);
        assert_eq!(peer.schema().await, welcome(0, 0).schema);
        peer.say(Kind::Welcome, &welcome(0, 0)).await;
        peer
    };
    let (stream, mut peer) = open(opening, &dial, serve).await;
    stream.unwrap().append(rows(0..1)).await.unwrap();
    // The stream was dropped: what it wrote came first, if it was written at all, and then the end.
    match peer.hear().await {
        Said::Gone => {}
        Said::Batch(rows, _) => assert_eq!(rows, 0..1),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_reopened_stream_says_where_to_go_on() {
    let (dial, mut listener) = network();
    let opening = builder().build().unwrap().stream("t").name("s");
    let (stream, mut peer) = open(opening, &dial, listener.welcome(welcome(70, 60))).await;
    let mut stream = stream.unwrap();
    assert_eq!((stream.resume_offset(), stream.next_offset(), stream.committed().offset), (70, 70, 60));
    assert_eq!(stream.append(rows(70..80)).await.unwrap(), 80);
    peer.schema().await;
    assert_eq!(peer.batch().await, 70..80);
    peer.ack(80, 9).await;
    assert_eq!(stream.flush_to(Promise::Committed).await.unwrap().committed, Committed { offset: 80, version: 9 });
}

#[tokio::test(start_paused = true)]
async fn no_more_is_sent_than_the_credit_allows() {
    let (dial, mut listener) = network();
    let opening = builder().build().unwrap().stream("t").name("s");
    let mut first = welcome(0, 0);
    first.credit = 2_000;
    first.batch_rows_max = 100;
    let (stream, mut peer) = open(opening, &dial, listener.welcome(first)).await;
    let mut stream = stream.unwrap();
    // Four frames of a little more than 800 bytes: two are within the credit.
    assert_eq!(stream.append(rows(0..400)).await.unwrap(), 400);
    peer.schema().await;
    assert_eq!((peer.batch().await, peer.batch().await), (0..100, 100..200));
    let third = tokio::time::timeout(Duration::from_secs(2), peer.hear()).await;
    assert!(third.is_err(), "{third:?} was sent without credit");
    peer.credit(2_700).await;
    assert_eq!(peer.batch().await, 200..300);
    peer.credit(4_000).await;
    assert_eq!(peer.batch().await, 300..400);
}

#[tokio::test(start_paused = true)]
async fn appending_waits_while_memory_is_used_up_and_can_be_dropped() {
    let (dial, mut listener) = network();
    let memory = 2 * (HEADER_BYTES + 1_000);
    let opening = builder().memory_bytes_max(memory).build().unwrap().stream("t").name("s");
    let (stream, mut peer) = open(opening, &dial, listener.welcome(welcome(0, 0))).await;
    let mut stream = stream.unwrap();
    // Larger than the limit, but alone.
    stream.append(rows(0..1_000)).await.unwrap();
    assert_eq!(stream.try_append(rows(1_000..1_001)).unwrap_err().code(), "MEMORY_FULL");
    {
        let mut dropped = Box::pin(stream.append(rows(1_000..1_100)));
        assert!(poll_once(&mut dropped).await.is_none(), "there is no room");
    }
    assert_eq!(stream.next_offset(), 1_000, "nothing of the dropped append is left");
    peer.schema().await;
    assert_eq!(peer.batch().await, 0..1_000);
    {
        let mut waiting = Box::pin(stream.append(rows(1_000..1_100)));
        assert!(poll_once(&mut waiting).await.is_none());
        peer.ack(1_000, 2).await;
        assert_eq!(waiting.await.unwrap(), 1_100);
    }
    assert_eq!(peer.batch().await, 1_000..1_100);
}

#[tokio::test(start_paused = true)]
async fn a_bad_batch_is_refused_whole_and_the_stream_goes_on() {
    let (dial, mut listener) = network();
    let opening = builder().build().unwrap().stream("t").name("s");
    let (stream, mut peer) = open(opening, &dial, listener.welcome(welcome(0, 0))).await;
    let mut stream = stream.unwrap();
    let strings = arrow::array::StringArray::from(vec!["x"]);
    let wrong = arrow::array::RecordBatch::try_from_iter([("n", std::sync::Arc::new(strings) as _)]).unwrap();
    let error = stream.append(wrong).await.unwrap_err();
    assert_eq!((error.code(), error.is_data_error()), ("BATCH_SCHEMA", true));
    assert_eq!(stream.append(rows(0..1)).await.unwrap(), 1);
    peer.schema().await;
    assert_eq!(peer.batch().await, 0..1);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_asked_for_a_sign_of_life() {
    let (dial, mut listener) = network();
    let patience = (Duration::from_secs(5), Duration::from_secs(20));
    let client = builder().patience(patience.0, patience.1).build().unwrap();
    let (stream, mut peer) = open(client.stream("t").name("s"), &dial, listener.welcome(welcome(0, 0))).await;
    let _stream = stream.unwrap();
    peer.schema().await;
    let _ = tokio::time::timeout(Duration::from_secs(60), peer.hear()).await;
    assert!(peer.pings >= 10, "{} pings in a minute", peer.pings);
    // Without answers the connection is given up, and the stream resumes on another one.
    peer.answers_pings = false;
    let (said, _again) = tokio::join!(peer.hear(), listener.welcome(welcome(0, 0)));
    assert!(matches!(said, Said::Gone));
}
