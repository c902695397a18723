//! Lakehead's wire protocol: bytes only.
//!
//! A connection carries one stream of one table. Everything on it is a *frame*: a fixed 48-byte header, one rkyv archive,
//! and zero padding to 16 bytes. This crate turns values into frames and frames into validated views; it does no I/O, owns
//! no clock, and allocates nothing whose size a peer chooses.
//!
//! Where to look:
//!
//! | question | file |
//! |---|---|
//! | what a header holds, in which order it is checked | [`header`], [`frame`] |
//! | how a batch is made smaller for a slow link | [`compression`] |
//! | how large anything may be | [`limits`] |
//! | what a stream's opening says and is answered | [`hello`], [`welcome`] |
//! | what columns look like on the wire | [`schema`], [`batch`] |
//! | what makes a batch unacceptable | [`batch_check`] |
//! | what a refusal says and asks the peer to do | [`reject`] |
//! | what a client reads | [`server_message`] |
//!
//! Archives are rkyv 0.8, little-endian, aligned, 32-bit relative pointers; [`layout`] condenses their memory layout into
//! the number that every header carries, so that two builds that disagree find out before they misread each other.

pub mod ack;
pub mod archive;
#[cfg(feature = "arrow")]
pub mod arrow_schema;
pub mod batch;
pub mod batch_check;
pub mod compression;
pub mod control;
pub mod frame;
pub mod header;
pub mod hello;
pub mod kind;
pub mod layout;
pub mod limits;
pub mod reject;
pub mod schema;
pub mod server_message;
pub mod welcome;

pub use crc32c::crc32c;
pub use rkyv::util::AlignedVec;

/// A buffer whose start is aligned as archives need it: frames are encoded into and decoded from such buffers.
pub type FrameBuffer = AlignedVec<{ limits::FRAME_ALIGNMENT }>;
