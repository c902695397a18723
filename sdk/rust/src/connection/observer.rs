//! What a connection tells its stream's driver while it runs.

use crate::outbox::Delivery;
use lakehead_protocol::welcome::Welcome;

/// Called without any lock held.
pub(crate) trait Observer {
    /// The stream is open.
    fn welcomed(&mut self, welcome: &Welcome);
    /// The session's watermarks may have moved.
    fn advanced(&mut self);
    /// The server announced that it will stop.
    fn going_away(&mut self);
    /// A whole batch was given to the socket.
    fn sent(&mut self, rows: u64, bytes: usize, delivery: Delivery);
}
