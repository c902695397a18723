//! The data plane's shell, and the only room that names glommio: pinning, listeners, connections, timers.
//!
//! One reactor per core: a pinned glommio executor that owns one [`crate::shard::Shard`]. Nothing is shared between reactors
//! but what travels through a [`mailbox`]: sockets that belong to another core, and word from the commit plane.
//!
//! ```text
//! accept -> Hello -> home core (home) -> read, cut into frames (receive) -> Shard::step -> actions (local)
//! ```
//!
//! | question | file |
//! |---|---|
//! | how reactors start and stop | [`cores`], [`bind`], [`draining`], [`settling`] |
//! | what one reactor holds, how a shard's actions are carried out | [`local`] |
//! | how a connection lives | [`connection`], [`outbox`] |
//! | how its frames reach the shard | [`frames`] |
//! | how bytes become frames without a buffer per idle peer | [`receive`], [`spare_buffers`] |
//! | where compressed batches are unpacked | [`decompressor`] |
//! | when a socket is not read | [`gate`], [`ports`] |
//! | how the log is written and read | [`log_tasks`], [`log_files`] |
//! | what happens as time passes | [`tick`] |
//! | when a person is told that nothing goes on | [`standstill`] |
//! | how soon a reactor runs | [`time_slice`] |
//! | how parts of a reactor are measured alone | [`lone_executor`] |
//!
//! # Reading
//!
//! glommio reads a socket by a non-blocking `recv` straight into the caller's slice, and by an io_uring poll when there is
//! nothing yet. So all connections of a core read into *one* large aligned buffer, and whole frames are used where they
//! lie; only a frame that is not complete yet gets memory of its own, reserved in the budget first. Large frames that follow
//! one another are each read to memory of their own from the first byte: nothing is copied between socket and archive.
//!
//! # A known stall of the runtime
//!
//! A preemption that is due before the first task queue runs makes the executor park although tasks are ready, until some
//! completion arrives. A timer is such a completion: every reactor has a [`tick`], which bounds the stall.

pub mod accept;
pub mod bind;
pub mod connection;
pub mod cores;
pub mod decompressor;
pub mod draining;
pub mod frames;
pub mod gate;
pub mod home;
pub mod local;
pub mod log_files;
pub mod log_tasks;
pub mod lone_executor;
pub mod mailbox;
pub mod outbox;
pub mod ports;
pub mod receive;
pub mod settling;
pub mod spare_buffers;
pub mod standstill;
pub mod tick;
pub mod time_slice;
