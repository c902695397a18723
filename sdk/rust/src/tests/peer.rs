//! The server's side of a connection in memory, in the hands of a test.

use crate::dial::{Dial, Reader, Writer};
use crate::{Client, ClientBuilder, Stream, StreamBuilder};
use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema as ArrowSchema, SchemaRef};
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::ack::Ack;
use lakehead_protocol::arrow_schema::from_arrow;
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::compression::{self, Compression};
use lakehead_protocol::control::{ArchivedClose, ArchivedPing, Closed, Ping};
use lakehead_protocol::frame::{self, Progress};
use lakehead_protocol::hello::{ArchivedHello, Hello};
use lakehead_protocol::kind::{Kind, PeerState};
use lakehead_protocol::reject::{Reject, RejectCode};
use lakehead_protocol::schema::{ArchivedSchema, Schema};
use lakehead_protocol::welcome::Welcome;
use lakehead_protocol::{archive, batch_check};
use rkyv::rancor::Failure;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;

/// Bytes a connection in memory holds in each direction.
const PIPE_BYTES: usize = 4 * 1024;
pub const CREDIT: u64 = 1 << 20;

/// Connections to a test; refuses those to addresses that begin with `down`.
#[derive(Clone)]
pub struct MemoryDial {
    accepted: mpsc::UnboundedSender<(String, DuplexStream)>,
}

impl Dial for MemoryDial {
    async fn dial(&self, address: &str) -> io::Result<(Reader, Writer)> {
        if address.starts_with("down") {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (near, far) = duplex(PIPE_BYTES);
        self.accepted.send((address.to_owned(), far)).map_err(|_| io::ErrorKind::ConnectionRefused)?;
        let (reader, writer) = tokio::io::split(near);
        Ok((Box::new(reader), Box::new(writer)))
    }
}

/// Where a test accepts connections.
pub struct Listener {
    incoming: mpsc::UnboundedReceiver<(String, DuplexStream)>,
}

/// What a client said.
#[derive(Debug)]
pub enum Said {
    Hello(Hello),
    Schema(Schema),
    /// Offsets of the rows, and the values of the one column.
    Batch(Range<u64>, Vec<i64>),
    Close(u64),
    /// The connection ended.
    Gone,
}

/// One connection.
pub struct Peer {
    pub address: String,
    socket: DuplexStream,
    bytes: FrameBuffer,
    state: PeerState,
    pub pings: usize,
    /// Batches that came compressed.
    pub compressed: usize,
    pub answers_pings: bool,
}

pub fn network() -> (MemoryDial, Listener) {
    let (accepted, incoming) = mpsc::unbounded_channel();
    (MemoryDial { accepted }, Listener { incoming })
}

pub fn builder() -> ClientBuilder {
    Client::builder()
        .server("one:1")
        .pauses(Duration::from_millis(10), Duration::from_secs(1))
        .give_up_after(Duration::from_secs(20))
}

pub fn schema() -> SchemaRef {
    Arc::new(ArrowSchema::new(vec![Field::new("n", DataType::Int64, false)]))
}

/// A batch whose values are their offsets.
pub fn rows(offsets: Range<u64>) -> RecordBatch {
    let values = Int64Array::from_iter_values(offsets.map(|offset| offset as i64));
    RecordBatch::try_new(schema(), vec![Arc::new(values)]).unwrap()
}

pub fn welcome(resume_offset: u64, committed: u64) -> Welcome {
    Welcome {
        table_id: "id".into(),
        table_version: 1,
        schema: from_arrow(&schema()).unwrap(),
        epoch_major: 5,
        resume_offset,
        durable: committed,
        committed,
        credit: CREDIT,
        ..Welcome::default()
    }
}

/// Opens a stream while the test's `serve` answers.
pub async fn open(
    builder: StreamBuilder,
    dial: &MemoryDial,
    serve: impl Future<Output = Peer>,
) -> (Result<Stream, crate::Error>, Peer) {
    tokio::join!(builder.open_by(dial.clone()), serve)
}

impl Listener {
    pub async fn accept(&mut self) -> Peer {
        let (address, socket) = self.incoming.recv().await.unwrap();
        let (bytes, state) = (FrameBuffer::new(), PeerState::Greeting);
        Peer { address, socket, bytes, state, pings: 0, compressed: 0, answers_pings: true }
    }

    /// Accepts, hears Hello and welcomes.
    pub async fn welcome(&mut self, welcome: Welcome) -> Peer {
        let mut peer = self.accept().await;
        peer.hello().await;
        peer.say(Kind::Welcome, &welcome).await;
        peer
    }
}

impl Peer {
    /// What the client says next; pings are answered on the way.
    pub async fn hear(&mut self) -> Said {
        loop {
            let (said, ping, consumed) = match frame::next(&self.bytes, self.state).unwrap() {
                Progress::Frame { frame, consumed } => {
                    let payload = frame.payload;
                    let mut ping = None;
                    let said = match frame.header.kind {
                        Kind::Hello => {
                            self.state = PeerState::Streaming;
                            Some(Said::Hello(owned(archive::access::<ArchivedHello>(payload).unwrap())))
                        }
                        Kind::Schema => Some(Said::Schema(owned(archive::access::<ArchivedSchema>(payload).unwrap()))),
                        Kind::Batch => {
                            let mut decompressed = FrameBuffer::new();
                            let payload = match frame.header.compression {
                                Compression::None => payload,
                                _ => {
                                    compression::decompress(&frame.header, payload, &mut decompressed).unwrap();
                                    self.compressed += 1;
                                    &decompressed
                                }
                            };
                            let batch = archive::access::<ArchivedBatch>(payload).unwrap();
                            batch_check::check(batch, &from_arrow(&schema()).unwrap(), frame.header.rows).unwrap();
                            let (values, _) = batch.columns[0].values.as_chunks::<8>();
                            let first = frame.header.first_offset;
                            let values = values.iter().map(|value| i64::from_le_bytes(*value)).collect();
                            Some(Said::Batch(first..first + u64::from(frame.header.rows), values))
                        }
                        Kind::Close => {
                            Some(Said::Close(archive::access::<ArchivedClose>(payload).unwrap().sent.to_native()))
                        }
                        Kind::Ping => {
                            ping = Some(owned::<_, Ping>(archive::access::<ArchivedPing>(payload).unwrap()));
                            None
                        }
                        kind => panic!("{kind:?} is not expected"),
                    };
                    (said, ping, consumed)
                }
                _ => {
                    let mut scratch = [0; 1024];
                    match self.socket.read(&mut scratch).await {
                        Ok(0) | Err(_) => return Said::Gone,
                        Ok(bytes) => self.bytes.extend_from_slice(&scratch[..bytes]),
                    }
                    continue;
                }
            };
            let rest = self.bytes.len() - consumed;
            self.bytes.copy_within(consumed.., 0);
            self.bytes.resize(rest, 0);
            if let Some(ping) = ping {
                self.pings += 1;
                if self.answers_pings {
                    self.say(Kind::Pong, &ping).await;
                }
            }
            if let Some(said) = said {
                return said;
            }
        }
    }

    pub async fn hello(&mut self) -> Hello {
        match self.hear().await {
            Said::Hello(hello) => hello,
            other => panic!("a Hello, not {other:?}"),
        }
    }

    pub async fn schema(&mut self) -> Schema {
        match self.hear().await {
            Said::Schema(schema) => schema,
            other => panic!("a Schema, not {other:?}"),
        }
    }

    pub async fn batch(&mut self) -> Range<u64> {
        match self.hear().await {
            Said::Batch(rows, values) => {
                assert!(values.iter().copied().eq(rows.clone().map(|row| row as i64)), "values are their offsets");
                rows
            }
            other => panic!("a Batch, not {other:?}"),
        }
    }

    pub async fn say(&mut self, kind: Kind, value: &impl lakehead_protocol::archive::ToArchive) {
        let mut out = FrameBuffer::new();
        frame::append_control(&mut out, kind, value).unwrap();
        // A client that is gone hears nothing.
        let _ = self.socket.write_all(&out).await;
    }

    pub async fn ack(&mut self, committed: u64, version: u64) {
        self.say(Kind::Ack, &Ack { durable: committed, committed, version, credit: CREDIT }).await;
    }

    pub async fn credit(&mut self, credit: u64) {
        self.say(Kind::Ack, &Ack { credit, ..Ack::default() }).await;
    }

    pub async fn reject(&mut self, code: RejectCode, offset: u64) {
        self.say(Kind::Reject, &Reject::new(code, offset, "because")).await;
    }

    pub async fn closed(&mut self, committed: u64, version: u64) {
        self.say(Kind::Closed, &Closed { committed, version }).await;
    }
}

pub fn owned<A, T>(archived: &A) -> T
where
    A: rkyv::Deserialize<T, rkyv::api::high::HighDeserializer<Failure>>,
{
    rkyv::api::high::deserialize::<T, Failure>(archived).unwrap()
}
