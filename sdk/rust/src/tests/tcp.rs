//! The same over a real socket.

use super::peer::{rows, schema, welcome};
use crate::{Client, Committed, Promise};
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::ack::Ack;
use lakehead_protocol::control::Closed;
use lakehead_protocol::frame::{self, Progress};
use lakehead_protocol::kind::{Kind, PeerState};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_stream_over_tcp_is_opened_filled_and_closed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serve = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        let (mut bytes, mut state, mut accepted) = (FrameBuffer::new(), PeerState::Greeting, 0);
        let mut scratch = vec![0; 1 << 16];
        loop {
            let read = socket.read(&mut scratch).await.unwrap();
            if read == 0 {
                return;
            }
            bytes.extend_from_slice(&scratch[..read]);
            let mut answer = FrameBuffer::new();
            while let Progress::Frame { frame, consumed } = frame::next(&bytes, state).unwrap() {
                match frame.header.kind {
                    Kind::Hello => {
                        state = PeerState::Streaming;
                        frame::append_control(&mut answer, Kind::Welcome, &welcome(0, 0)).unwrap();
                    }
                    Kind::Batch => {
                        assert_eq!(frame.header.first_offset, accepted);
                        accepted += u64::from(frame.header.rows);
                        let credit = 1 << 40;
                        frame::append_ack(&mut answer, &Ack { committed: accepted, version: 2, credit, durable: 0 })
                            .unwrap();
                    }
                    Kind::Close => {
                        let closed = Closed { committed: accepted, version: 3 };
                        frame::append_control(&mut answer, Kind::Closed, &closed).unwrap();
                    }
                    _ => {}
                }
                let rest = bytes.len() - consumed;
                bytes.copy_within(consumed.., 0);
                bytes.resize(rest, 0);
            }
            socket.write_all(&answer).await.unwrap();
        }
    };
    let produce = async {
        let client = Client::builder().server(address).memory_bytes_max(1 << 20).build().unwrap();
        let mut stream = client.stream("t").schema(schema()).open().await.unwrap();
        for first in (0..800_000).step_by(80_000) {
            stream.append(rows(first..first + 80_000)).await.unwrap();
        }
        assert_eq!(
            stream.flush_to(Promise::Committed).await.unwrap().committed,
            Committed { offset: 800_000, version: 2 }
        );
        stream.close().await.unwrap()
    };
    let (end, ()) = tokio::join!(produce, serve);
    assert_eq!(end.offset, 800_000);
}
