//! Making connections: TCP for users, memory for tests.

use std::future::Future;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// What a server is read from.
pub(crate) type Reader = Box<dyn AsyncRead + Send + Unpin>;
/// What a server is written to.
pub(crate) type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// Makes connections to servers.
pub(crate) trait Dial: Send + Sync + 'static {
    /// A connection to `address`.
    fn dial(&self, address: &str) -> impl Future<Output = io::Result<(Reader, Writer)>> + Send;
}

/// TCP, without delay for small frames.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TcpDial;

impl Dial for TcpDial {
    async fn dial(&self, address: &str) -> io::Result<(Reader, Writer)> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let (reader, writer) = socket.into_split();
        Ok((Box::new(reader), Box::new(writer)))
    }
}
