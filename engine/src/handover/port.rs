//! The bounded way of one table's pieces to the commit plane.

use super::cut::Piece;
use crossbeam::channel::{Receiver, Sender, TryRecvError, TrySendError, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Wakes whoever reads or writes the other end. Must not block.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// A shard's end: hands pieces over without ever blocking.
#[derive(Clone)]
pub struct TablePort {
    pieces: Sender<Piece>,
    blocked: Arc<AtomicBool>,
    wake: Wake,
}

/// The commit plane's end.
pub struct TablePieces {
    pieces: Receiver<Piece>,
    blocked: Arc<AtomicBool>,
}

/// A port for at most `capacity` pieces; `wake` is called after each one that was sent.
pub fn table_port(capacity: usize, wake: Wake) -> (TablePort, TablePieces) {
    let (sender, receiver) = bounded(capacity);
    let blocked = Arc::new(AtomicBool::new(false));
    (TablePort { pieces: sender, blocked: blocked.clone(), wake }, TablePieces { pieces: receiver, blocked })
}

impl TablePort {
    /// Hands a piece over.
    ///
    /// # Errors
    /// The piece itself when the port is full or the table closed; [`super::answer::Answer::Room`] or `TableClosed` follows.
    #[expect(
        clippy::result_large_err,
        reason = "the piece comes back to whoever keeps it; a box for each would cost more"
    )]
    pub fn try_send(&self, piece: Piece) -> Result<(), Piece> {
        let refused = match self.pieces.try_send(piece) {
            Ok(()) => None,
            Err(TrySendError::Full(piece) | TrySendError::Disconnected(piece)) => {
                // The flag goes up before the second try: a reader that empties the port in between sees it or makes room.
                self.blocked.store(true, Ordering::SeqCst);
                self.pieces.try_send(piece).err().map(TrySendError::into_inner)
            }
        };
        (self.wake)();
        refused.map_or(Ok(()), Err)
    }
}

impl std::fmt::Debug for TablePort {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "TablePort({} pieces wait)", self.pieces.len())
    }
}

impl TablePieces {
    /// The next piece, if there is one. The flag says that a shard had been refused: tell all shards
    /// [`super::answer::Answer::Room`].
    pub fn try_next(&self) -> Option<(Piece, bool)> {
        match self.pieces.try_recv() {
            Ok(piece) => Some((piece, self.blocked.swap(false, Ordering::SeqCst))),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => None,
        }
    }
}
