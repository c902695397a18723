//! Listening sockets: one per reactor on the same address.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

const BACKLOG: i32 = 4096;

/// Why the engine cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("{text:?} is not an address to listen on; write HOST:PORT, for example 127.0.0.1:7531")]
    Address { text: String },
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
}

/// Binds `count` sockets to one address with SO_REUSEPORT; the kernel spreads connections over them. With port 0 the first
/// socket's port serves for all.
///
/// # Errors
/// [`BindError`].
pub fn bind(text: &str, count: usize) -> Result<(SocketAddr, Vec<Socket>), BindError> {
    let unusable = || BindError::Address { text: text.to_owned() };
    let mut address = text.to_socket_addrs().map_err(|_| unusable())?.next().ok_or_else(unusable)?;
    let mut sockets = Vec::with_capacity(count);
    for _ in 0..count {
        let socket = listen(address).map_err(|source| BindError::Listen { address, source })?;
        let bound = socket.local_addr().map_err(|source| BindError::Listen { address, source })?;
        address = bound.as_socket().unwrap_or(address);
        sockets.push(socket);
    }
    Ok((address, sockets))
}

fn listen(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
