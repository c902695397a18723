//! A named stream whose connection is cut at any byte, in either direction, gets every row into the table once.

use super::peer::*;
use crate::dial::{Dial, Reader, Writer};
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::ack::Ack;
use lakehead_protocol::control::Closed;
use lakehead_protocol::frame::{self, Progress};
use lakehead_protocol::kind::{Kind, PeerState};
use lakehead_protocol::limits::{FRAME_ALIGNMENT, HEADER_BYTES};
use std::io;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

const ROWS: u64 = 24;
const CLOSE_BYTES: usize = HEADER_BYTES + FRAME_ALIGNMENT;

/// A table with one stream, and where the next connections are cut.
#[derive(Debug, Default)]
struct Engine {
    accepted: u64,
    committed: u64,
    version: u64,
    connections: u64,
    /// Bytes after which the next connection from, or to, the client is cut.
    cut_from_client: Option<usize>,
    cut_to_client: Option<usize>,
    /// Whether a cut connection's rows that are not committed are forgotten.
    forgets: bool,
    from_client_bytes: usize,
    to_client_bytes: usize,
}

#[derive(Clone)]
struct EngineDial(Arc<Mutex<Engine>>);

impl Dial for EngineDial {
    async fn dial(&self, _address: &str) -> io::Result<(Reader, Writer)> {
        let (near, far) = duplex(256);
        #[allow(clippy::disallowed_methods)]
        tokio::spawn(serve(self.0.clone(), far));
        let (reader, writer) = tokio::io::split(near);
        Ok((Box::new(reader), Box::new(writer)))
    }
}

async fn serve(engine: Arc<Mutex<Engine>>, mut socket: DuplexStream) {
    let (mut from_left, mut to_left) = {
        let mut engine = engine.lock().unwrap();
        engine.connections += 1;
        (engine.cut_from_client.take().unwrap_or(usize::MAX), engine.cut_to_client.take().unwrap_or(usize::MAX))
    };
    let (mut bytes, mut state) = (FrameBuffer::new(), PeerState::Greeting);
    let mut scratch = [0; 64];
    while from_left > 0 && to_left > 0 {
        let want = scratch.len().min(from_left);
        let Ok(read) = socket.read(&mut scratch[..want]).await else { break };
        if read == 0 {
            break;
        }
        from_left -= read;
        bytes.extend_from_slice(&scratch[..read]);
        let mut answer = FrameBuffer::new();
        let mut closed = false;
        while let Progress::Frame { frame, consumed } = frame::next(&bytes, state).unwrap() {
            let mut engine = engine.lock().unwrap();
            let header = frame.header;
            match header.kind {
                Kind::Hello => {
                    state = PeerState::Streaming;
                    let mut welcome = welcome(engine.accepted, engine.committed);
                    welcome.table_version = engine.version;
                    frame::append_control(&mut answer, Kind::Welcome, &welcome).unwrap();
                }
                Kind::Batch => {
                    assert!(header.first_offset <= engine.accepted, "a gap");
                    engine.accepted = engine.accepted.max(header.first_offset + u64::from(header.rows));
                    // Every other batch is committed at once.
                    if engine.accepted.is_multiple_of(4) {
                        engine.committed = engine.accepted;
                        engine.version += 1;
                    }
                    let (committed, version) = (engine.committed, engine.version);
                    frame::append_ack(&mut answer, &Ack { durable: committed, committed, version, credit: CREDIT })
                        .unwrap();
                }
                Kind::Close => {
                    engine.committed = engine.accepted;
                    engine.version += 1;
                    let (committed, version) = (engine.committed, engine.version);
                    frame::append_control(&mut answer, Kind::Closed, &Closed { committed, version }).unwrap();
                    closed = true;
                }
                _ => {}
            }
            let rest = bytes.len() - consumed;
            bytes.copy_within(consumed.., 0);
            bytes.resize(rest, 0);
        }
        let answer = &answer[..answer.len().min(to_left)];
        to_left -= answer.len();
        {
            let mut engine = engine.lock().unwrap();
            engine.from_client_bytes += read;
            engine.to_client_bytes += answer.len();
        }
        if socket.write_all(answer).await.is_err() || closed {
            break;
        }
    }
    let mut engine = engine.lock().unwrap();
    if engine.forgets {
        engine.accepted = engine.committed;
    }
}

async fn run(engine: Engine) -> Engine {
    let engine = Arc::new(Mutex::new(engine));
    let client = builder().build().unwrap();
    let mut stream = client.stream("t").name("s").open_by(EngineDial(engine.clone())).await.unwrap();
    for first in (0..ROWS).step_by(2) {
        stream.append(rows(first..first + 2)).await.unwrap();
    }
    assert_eq!(stream.close().await.unwrap().offset, ROWS);
    std::mem::take(&mut *engine.lock().unwrap())
}

#[tokio::test(start_paused = true)]
async fn every_row_is_committed_wherever_the_connection_is_cut() {
    let whole = run(Engine::default()).await;
    assert_eq!((whole.committed, whole.connections), (ROWS, 1));
    for forgets in [false, true] {
        for cut in 1..whole.from_client_bytes {
            let engine = run(Engine { cut_from_client: Some(cut), forgets, ..Engine::default() }).await;
            // Cut within Close, with every row acknowledged: there is nothing to come back for.
            let connections = if cut < whole.from_client_bytes - CLOSE_BYTES { 2 } else { 1 };
            assert_eq!((engine.committed, engine.connections), (ROWS, connections), "cut after byte {cut}");
        }
        for cut in 1..whole.to_client_bytes {
            let engine = run(Engine { cut_to_client: Some(cut), forgets, ..Engine::default() }).await;
            assert_eq!(engine.committed, ROWS, "cut after byte {cut} to the client");
        }
    }
}
