//! Durable and committed, servers that go away, compression, descriptions, metrics.

use super::peer::*;
use crate::{Committed, Compression, Error, Keep, Metrics, Promise, StreamLabel, Watermarks};
use lakehead_protocol::ack::Ack;
use lakehead_protocol::control::GoingAway;
use lakehead_protocol::hello::{KEEP_UNTIL_DURABLE, MODE_DESCRIBE, MODE_OPEN, MODE_RESUME};
use lakehead_protocol::kind::Kind;
use lakehead_protocol::reject::RejectCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn durable_comes_before_committed_and_frees_memory_where_that_is_enough() {
    let (dial, mut listener) = network();
    let client = builder().memory_bytes_max(400).build().unwrap();
    let serve = async {
        let mut peer = listener.accept().await;
        assert_eq!(peer.hello().await.keep, KEEP_UNTIL_DURABLE);
        peer.say(Kind::Welcome, &welcome(0, 0)).await;
        peer
    };
    let (stream, mut peer) = open(client.stream("t").name("s").keep(Keep::UntilDurable), &dial, serve).await;
    let mut stream = stream.unwrap();
    peer.schema().await;
    stream.append(rows(0..30)).await.unwrap();
    assert_eq!(peer.batch().await, 0..30);
    assert_eq!(stream.try_append(rows(30..31)).unwrap_err().code(), "MEMORY_FULL");
    peer.say(Kind::Ack, &Ack { durable: 30, credit: CREDIT, ..Ack::default() }).await;
    let durable = stream.wait_for(30, Promise::Durable).await.unwrap();
    assert_eq!((durable.durable, durable.committed.offset, stream.durable()), (30, 0, 30));
    stream.try_append(rows(30..31)).unwrap();
    assert_eq!(peer.batch().await, 30..31);
    peer.ack(31, 4).await;
    let end = stream.wait_for(31, Promise::Committed).await.unwrap();
    assert_eq!(end, Watermarks { durable: 31, committed: Committed { offset: 31, version: 4 } });
    assert_eq!(stream.wait_for(32, Promise::Durable).await.unwrap_err().code(), "NOT_APPENDED");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_away_is_left_for_the_next_one() {
    for name in [Some("s"), None] {
        let (dial, mut listener) = network();
        let client = builder().server("two:1").build().unwrap();
        let opening = client.stream("t");
        let opening = if let Some(name) = name { opening.name(name) } else { opening };
        let (stream, mut peer) = open(opening, &dial, listener.welcome(welcome(0, 0))).await;
        let mut stream = stream.unwrap();
        peer.schema().await;
        stream.append(rows(0..10)).await.unwrap();
        assert_eq!(peer.batch().await, 0..10);
        peer.say(Kind::GoingAway, &GoingAway { deadline_ms: 1_000 }).await;
        stream.append(rows(10..20)).await.unwrap();
        let more = tokio::time::timeout(Duration::from_secs(1), peer.hear()).await;
        assert!(more.is_err(), "{more:?} was sent to a server that goes away");
        peer.ack(10, 2).await;
        let mut next = listener.accept().await;
        let hello = next.hello().await;
        let (mode, resume) = if name.is_some() { (MODE_RESUME, 10) } else { (MODE_OPEN, 0) };
        assert_eq!((next.address.as_str(), hello.mode, hello.resendable_from), ("two:1", mode, resume));
        next.say(Kind::Welcome, &welcome(resume, resume)).await;
        next.schema().await;
        match next.hear().await {
            // A new anonymous stream counts its rows from zero.
            Said::Batch(rows, values) => {
                assert_eq!((rows.start, values.first(), values.len()), (resume, Some(&10), 10));
            }
            other => panic!("a Batch, not {other:?}"),
        }
        next.ack(resume + 10, 3).await;
        assert_eq!(stream.flush_to(Promise::Committed).await.unwrap().committed, Committed { offset: 20, version: 3 });
    }
}

#[tokio::test(start_paused = true)]
async fn an_anonymous_stream_whose_server_goes_away_uncommitted_names_its_rows() {
    let (dial, mut listener) = network();
    let (stream, mut peer) = open(builder().build().unwrap().stream("t"), &dial, listener.welcome(welcome(0, 0))).await;
    let mut stream = stream.unwrap();
    peer.schema().await;
    stream.append(rows(0..10)).await.unwrap();
    assert_eq!(peer.batch().await, 0..10);
    peer.say(Kind::GoingAway, &GoingAway { deadline_ms: 1_000 }).await;
    peer.reject(RejectCode::ShuttingDown, 0).await;
    let error = stream.flush().await.unwrap_err();
    assert_eq!((error.code(), error.in_doubt(), error.is_retryable()), ("SHUTTING_DOWN", Some(0..10), false));
}

#[tokio::test(start_paused = true)]
async fn compressed_batches_are_kept_small_and_sent_again_as_they_are() {
    for compression in [Compression::Lz4, Compression::Zstd] {
        let (dial, mut listener) = network();
        let client = builder().compression(compression).build().unwrap();
        let mut first = welcome(0, 0);
        // Credit counts what the archive takes, not what is sent.
        first.credit = 9_000;
        let (stream, mut peer) = open(client.stream("t").name("s"), &dial, listener.welcome(first)).await;
        let mut stream = stream.unwrap();
        peer.schema().await;
        stream.append(rows(0..1_000)).await.unwrap();
        stream.append(rows(1_000..2_000)).await.unwrap();
        assert_eq!((peer.batch().await, peer.compressed), (0..1_000, 1));
        let second = tokio::time::timeout(Duration::from_secs(2), peer.hear()).await;
        assert!(second.is_err(), "{second:?} was sent without credit");
        drop(peer);
        let mut peer = listener.welcome(welcome(0, 0)).await;
        peer.schema().await;
        assert_eq!((peer.batch().await, peer.batch().await, peer.compressed), (0..1_000, 1_000..2_000, 2));
        peer.ack(2_000, 3).await;
        assert_eq!(stream.flush_to(Promise::Committed).await.unwrap().committed.offset, 2_000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_table_is_described_by_the_first_server_that_answers() {
    let (dial, mut listener) = network();
    let client = crate::Client::builder().server("down:1").server("one:1").server("two:1").build().unwrap();
    let serve = async {
        let mut busy = listener.accept().await;
        let hello = busy.hello().await;
        assert_eq!((hello.mode, hello.table.as_str(), hello.stream.as_str()), (MODE_DESCRIBE, "t", ""));
        busy.reject(RejectCode::Busy, 0).await;
        let mut peer = listener.accept().await;
        peer.hello().await;
        peer.say(Kind::Welcome, &welcome(0, 0)).await;
        peer.closed(0, 1).await;
        assert_eq!(peer.address, "two:1");
        let mut peer = loop {
            let peer = listener.accept().await;
            if peer.address == "one:1" {
                break peer;
            }
        };
        peer.hello().await;
        peer.reject(RejectCode::UnknownTable, 0).await;
    };
    let ask = async {
        let table = client.describe_by(&dial, "t").await.unwrap();
        assert_eq!((table.id(), table.version(), table.schema()), ("id", 1, schema()));
        assert_eq!(client.describe_by(&dial, "u").await.unwrap_err().code(), "UNKNOWN_TABLE");
        assert_eq!(client.describe_by(&dial, "").await.unwrap_err().code(), "CONFIGURATION");
    };
    tokio::join!(serve, ask);
    let nobody = crate::Client::builder().server("down:1").build().unwrap();
    let error = nobody.describe_by(&dial, "t").await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("UNREACHABLE", true));
}

#[derive(Default)]
struct Noted(Mutex<Vec<String>>);

impl Noted {
    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }
}

impl Metrics for Noted {
    fn connected(&self, stream: StreamLabel<'_>, server: &str) {
        self.note(format!("{}/{} connected to {server}", stream.table, stream.name.unwrap_or("-")));
    }

    fn connect_failed(&self, _: StreamLabel<'_>, server: &str, cause: &Error) {
        self.note(format!("no connection to {server}: {}", cause.code()));
    }

    fn disconnected(&self, _: StreamLabel<'_>, server: &str, cause: Option<&Error>) {
        self.note(format!("{server} left: {:?}", cause.map(Error::code)));
    }

    fn rows_appended(&self, _: StreamLabel<'_>, rows: u64, bytes: usize) {
        assert!(bytes > 0);
        self.note(format!("{rows} appended"));
    }

    fn frame_sent(&self, _: StreamLabel<'_>, rows: u64, _: usize) {
        self.note(format!("{rows} sent"));
    }

    fn frame_resent(&self, _: StreamLabel<'_>, rows: u64, _: usize) {
        self.note(format!("{rows} resent"));
    }

    fn acked(&self, _: StreamLabel<'_>, watermarks: Watermarks) {
        self.note(format!("{} committed", watermarks.committed.offset));
    }

    fn bytes_kept(&self, _: StreamLabel<'_>, bytes: usize) {
        if bytes == 0 {
            self.note("nothing kept".to_owned());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn metrics_hear_of_everything_in_order() {
    let (dial, mut listener) = network();
    let noted = Arc::new(Noted::default());
    let client = crate::Client::builder().server("down:1").server("one:1").metrics(noted.clone()).build().unwrap();
    let (stream, mut peer) = open(client.stream("t").name("s"), &dial, listener.welcome(welcome(0, 0))).await;
    let mut stream = stream.unwrap();
    peer.schema().await;
    stream.append(rows(0..10)).await.unwrap();
    assert_eq!(peer.batch().await, 0..10);
    peer.reject(RejectCode::TimedOut, 0).await;
    drop(peer);
    let mut peer = listener.welcome(welcome(0, 0)).await;
    peer.schema().await;
    assert_eq!(peer.batch().await, 0..10);
    let serve = async {
        assert!(matches!(peer.hear().await, Said::Close(10)));
        peer.closed(10, 2).await;
    };
    let (end, ()) = tokio::join!(stream.close(), serve);
    end.unwrap();
    let expected = [
        "no connection to down:1: CONNECTION_LOST",
        "0 committed",
        "nothing kept",
        "t/s connected to one:1",
        "10 appended",
        "10 sent",
        "one:1 left: Some(\"TIMED_OUT\")",
        "t/s connected to one:1",
        "10 resent",
        "10 committed",
        "nothing kept",
        "one:1 left: None",
    ];
    assert_eq!(*noted.0.lock().unwrap(), expected);
}
