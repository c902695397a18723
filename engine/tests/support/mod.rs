//! A real engine process and raw protocol peers.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is test code: a failed step fails the test")]

use lakehead_protocol::ack::{Ack, ArchivedAck};
use lakehead_protocol::batch::{BatchView, ColumnView};
use lakehead_protocol::control::{ArchivedClosed, Close, Closed};
use lakehead_protocol::frame::{self, Progress};
use lakehead_protocol::hello::{Hello, KEEP_UNTIL_COMMITTED, MODE_OPEN};
use lakehead_protocol::kind::{Kind, PeerState};
use lakehead_protocol::reject::{ArchivedReject, Reject, RejectCode};
use lakehead_protocol::schema::{DataType, Field, Schema};
use lakehead_protocol::welcome::{ArchivedWelcome, Welcome};
use lakehead_protocol::{FrameBuffer, archive};
use rkyv::rancor::Failure;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything here takes; only a failure waits for it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// An engine of its own, with a directory of its own. Killed when dropped.
pub struct Engine {
    pub child: Child,
    pub address: String,
    pub directory: tempfile::TempDir,
}

impl Engine {
    pub fn start() -> Self {
        Self::start_with("[tables]\ncommit_interval_ms = 50\n[memory]\nbudget_mb = 256\n")
    }

    pub fn start_with(config: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (child, address) = launch(directory.path(), config);
        Self { child, address, directory }
    }

    pub fn peer(&self) -> Peer {
        Peer::connect(&self.address)
    }

    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills the engine and starts it again on the same directory.
    pub fn restart(&mut self, config: &str) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let (child, address) = launch(self.directory.path(), config);
        (self.child, self.address) = (child, address);
    }

    pub fn signal(&self, signal: i32) {
        let status = Command::new("kill").arg(format!("-{signal}")).arg(self.pid().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// Open descriptors of the process.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap().count()
    }

    /// Resident memory in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.status_bytes("VmRSS:")
    }

    /// The most that was ever resident, in bytes.
    pub fn memory_peak_bytes(&self) -> usize {
        self.status_bytes("VmHWM:")
    }

    fn status_bytes(&self, key: &str) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
    }

    /// Versions in the table's log.
    pub fn versions(&self, table: &str) -> usize {
        let log = self.data().join("tables").join(table).join("_delta_log");
        let is_commit = |name: &str| name.len() == 25 && name.ends_with(".json");
        std::fs::read_dir(log)
            .map(|entries| {
                entries.filter(|entry| is_commit(&entry.as_ref().unwrap().file_name().to_string_lossy())).count()
            })
            .unwrap_or(0)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(directory: &Path, config: &str) -> (Child, String) {
    let (data, file) = (directory.join("data"), directory.join("lakehead.toml"));
    std::fs::write(&file, config).unwrap();
    let _ = std::fs::remove_file(data.join("listen"));
    let log = std::fs::File::options().create(true).append(true).open(directory.join("log")).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_lakehead"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(&data)
        .arg("--config")
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    wait_until("the engine listens", || {
        assert!(child.try_wait().unwrap().is_none(), "the engine ended: {}", read(&directory.join("log")));
        data.join("listen").exists()
    });
    (child, read(&data.join("listen")).trim().to_owned())
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// Looks again and again until something is true.
#[expect(clippy::disallowed_methods, reason = "a test that waits for another process looks at the clock")]
pub fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// What a server says.
#[derive(Debug)]
pub enum Said {
    Welcome(Box<Welcome>),
    Ack(Ack),
    Reject(Box<Reject>),
    Closed(Closed),
    Other(Kind),
    /// The connection ended.
    End,
}

/// A raw connection.
pub struct Peer {
    pub socket: TcpStream,
    received: FrameBuffer,
}

impl Peer {
    pub fn connect(address: &str) -> Self {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_nodelay(true).unwrap();
        Self { socket, received: FrameBuffer::new() }
    }

    /// Sends bytes; a server that hung up already is not an error.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.socket.write_all(bytes);
    }

    pub fn hello(&mut self, hello: &Hello) {
        let mut out = FrameBuffer::new();
        frame::append_control(&mut out, Kind::Hello, hello).unwrap();
        self.send(&out);
    }

    pub fn schema(&mut self, schema_id: u32, schema: &Schema) {
        let mut out = FrameBuffer::new();
        frame::append_schema(&mut out, schema_id, schema).unwrap();
        self.send(&out);
    }

    pub fn close(&mut self, sent: u64) {
        let mut out = FrameBuffer::new();
        frame::append_control(&mut out, Kind::Close, &Close { sent }).unwrap();
        self.send(&out);
    }

    /// Rows `first..first + rows` of [`numbers`].
    pub fn rows(&mut self, first: u64, rows: u32) {
        self.send(&rows_frame(first, rows));
    }

    /// The next frame.
    pub fn next(&mut self) -> Said {
        self.next_or_silence().unwrap_or_else(|| panic!("the server said nothing"))
    }

    /// The next frame; `None` when none comes within the socket's read timeout.
    pub fn next_or_silence(&mut self) -> Option<Said> {
        loop {
            match frame::next(&self.received, PeerState::Server).unwrap() {
                Progress::Frame { frame, consumed } => {
                    let said = read_frame(frame);
                    let mut rest = FrameBuffer::new();
                    rest.extend_from_slice(&self.received[consumed..]);
                    self.received = rest;
                    return Some(said);
                }
                _ => {
                    let mut chunk = [0; 4096];
                    match self.socket.read(&mut chunk) {
                        Ok(0) => return Some(Said::End),
                        Ok(count) => self.received.extend_from_slice(&chunk[..count]),
                        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return Some(Said::End),
                        Err(_) => return None,
                    }
                }
            }
        }
    }

    pub fn welcome(&mut self) -> Welcome {
        match self.next() {
            Said::Welcome(welcome) => *welcome,
            other => panic!("not a welcome: {other:?}"),
        }
    }

    /// The refusal that comes next, acks aside, and then the end of the connection.
    pub fn refusal(&mut self) -> (RejectCode, Reject) {
        loop {
            match self.next() {
                Said::Reject(reject) => {
                    assert!(matches!(self.next(), Said::End), "a refused connection ends");
                    return (RejectCode::from_number(reject.code).unwrap(), *reject);
                }
                Said::Ack(_) | Said::Other(_) => {}
                other => panic!("not a refusal: {other:?}"),
            }
        }
    }

    /// Reads until `offset` rows are committed.
    pub fn committed(&mut self, offset: u64) -> Ack {
        loop {
            match self.next() {
                Said::Ack(ack) if ack.committed >= offset => return ack,
                Said::Ack(_) | Said::Other(_) => {}
                other => panic!("not an ack: {other:?}"),
            }
        }
    }
}

fn read_frame(frame: frame::Frame<'_>) -> Said {
    let payload = frame.payload;
    match frame.header.kind {
        Kind::Welcome => {
            let view = archive::access::<ArchivedWelcome>(payload).unwrap();
            Said::Welcome(Box::new(rkyv::api::high::deserialize::<_, Failure>(view).unwrap()))
        }
        Kind::Ack => {
            let view = archive::access::<ArchivedAck>(payload).unwrap();
            Said::Ack(rkyv::api::high::deserialize::<_, Failure>(view).unwrap())
        }
        Kind::Reject => {
            let view = archive::access::<ArchivedReject>(payload).unwrap();
            Said::Reject(Box::new(rkyv::api::high::deserialize::<_, Failure>(view).unwrap()))
        }
        Kind::Closed => {
            let view = archive::access::<ArchivedClosed>(payload).unwrap();
            Said::Closed(rkyv::api::high::deserialize::<_, Failure>(view).unwrap())
        }
        other => Said::Other(other),
    }
}

/// A table of one column of numbers, and one of names.
pub fn numbers() -> Schema {
    Schema::flat(vec![Field::flat("n", DataType::Long, false), Field::flat("name", DataType::String, true)])
}

pub fn hello(table: &str, stream: &str, opener: u8) -> Hello {
    Hello {
        table: table.into(),
        stream: stream.into(),
        opener: [opener; 16],
        attempt: 1,
        mode: MODE_OPEN,
        keep: KEEP_UNTIL_COMMITTED,
        schema_follows: 1,
        client: "test".into(),
        ..Hello::default()
    }
}

/// A frame with rows `first..first + rows`: the number, and its text.
pub fn rows_frame(first: u64, rows: u32) -> FrameBuffer {
    let numbers: Vec<u8> = (first..first + u64::from(rows)).flat_map(|row| row.to_le_bytes()).collect();
    let mut text = Vec::new();
    let mut offsets = vec![0];
    for row in first..first + u64::from(rows) {
        text.extend_from_slice(row.to_string().as_bytes());
        offsets.push(text.len() as u32);
    }
    let n = ColumnView { length: rows, values: &numbers, ..ColumnView::default() };
    let name = ColumnView { length: rows, values: &text, offsets: &offsets, ..ColumnView::default() };
    let mut out = FrameBuffer::new();
    frame::append_batch(&mut out, 1, first, rows, &BatchView { columns: vec![n, name] }).unwrap();
    out
}

/// Opens a stream on the table of [`numbers`], which is made if need be, with schema id 1 announced.
pub fn open(engine: &Engine, table: &str, stream: &str, opener: u8) -> (Peer, Welcome) {
    let mut peer = engine.peer();
    peer.hello(&hello(table, stream, opener));
    peer.schema(1, &numbers());
    let welcome = peer.welcome();
    (peer, welcome)
}
