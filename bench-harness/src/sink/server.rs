use super::conversation::{Conversation, ConversationError, Next};
use lakehead_protocol::FrameBuffer;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const BUFFER_BYTES_MIN: usize = 1 << 18;

/// A listener without an engine behind it.
#[derive(Debug)]
pub struct Sink {
    listener: TcpListener,
}

/// What ended a client's connection early.
#[derive(Debug, thiserror::Error)]
enum ConnectionError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Conversation(#[from] ConversationError),
}

/// Listens, says where on stdout, and serves until the process ends.
pub fn serve(address: SocketAddr) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let sink = Sink::bind(address).await?;
        println!("listening on {}", sink.address()?);
        sink.run().await
    })
}

impl Sink {
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await? })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Takes clients until it is dropped.
    pub async fn run(self) -> io::Result<()> {
        let mut clients = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => {
                    let (socket, peer) = accepted?;
                    clients.spawn(async move {
                        if let Err(error) = talk(socket).await {
                            eprintln!("{peer}: {error}");
                        }
                    });
                }
                // Ended clients are forgotten.
                Some(_) = clients.join_next() => {}
            }
        }
    }
}

async fn talk(mut socket: TcpStream) -> Result<(), ConnectionError> {
    socket.set_nodelay(true)?;
    let mut conversation = Conversation::new();
    let (mut received, mut filled) = (FrameBuffer::new(), 0);
    received.resize(BUFFER_BYTES_MIN, 0);
    loop {
        let read = socket.read(&mut received[filled..]).await?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        let mut answers = FrameBuffer::new();
        let (taken, next) = conversation.take(&received[..filled], &mut answers)?;
        socket.write_all(&answers).await?;
        match next {
            Next::End => return Ok(()),
            // Room for two, so that reads stay large while a frame is completed.
            Next::Read { frame_bytes } if frame_bytes * 2 > received.len() => received.resize(frame_bytes * 2, 0),
            Next::Read { .. } => {}
        }
        // Frames are multiples of 16 bytes: what is left of the next one stays aligned.
        received.copy_within(taken..filled, 0);
        filled -= taken;
    }
}
