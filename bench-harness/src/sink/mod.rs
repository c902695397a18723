//! A server that takes rows in, checks their frames, forgets them and says "committed".
//!
//! It tells what the generator, the client and the wire can do on this machine with no engine behind them: a figure for an
//! engine that comes near the sink's is a figure for the generator. No row sent to it is anywhere afterwards.
//!
//! - [`server`]: the listener.
//! - [`conversation`]: frames in, frames out, without I/O.

mod conversation;
mod server;
#[cfg(test)]
mod tests;

pub use server::serve;
