//! One connection: bytes between a server and the stream's session, until it ends.
//!
//! Frames are written from the buffers in which they are kept, several in one call. The connection asks for a sign of life
//! when it has heard nothing for a while, and ends when none comes. It also is where collected rows become a batch when
//! they have lingered long enough: without a connection nobody gains by that.
//!
//! | question | file |
//! |---|---|
//! | the loop | `run` |
//! | what is on its way into the socket | `write_queue` |
//! | when the server was heard | `signs_of_life` |
//! | what the driver is told meanwhile | `observer` |

mod observer;
mod run;
mod signs_of_life;
mod write_queue;

pub(crate) use observer::Observer;
pub(crate) use run::run;
