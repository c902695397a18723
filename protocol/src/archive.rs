//! Access to archives, and the one serializer all of them go through.
//!
//! Reading is always validated ([`access`]): an archive comes from a peer. Nothing is copied by it.

use rkyv::api::high::{HighSerializer, to_bytes_in};
use rkyv::api::low::LowValidator;
use rkyv::bytecheck::CheckBytes;
use rkyv::rancor::Failure;
use rkyv::ser::allocator::ArenaHandle;
use rkyv::{Portable, Serialize};

use crate::FrameBuffer;

/// The archive is not what its kind says: a pointer leaves it, a length lies, a string is not UTF-8, or it is misaligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the archive is malformed: a pointer, length or string in it is not valid")]
pub struct MalformedArchive;

/// A value could not be archived: it is larger than 32-bit relative pointers can span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value is too large to be archived")]
pub struct TooLargeToArchive;

/// Validates and views the archive `T` in `bytes`, which must be its exact bytes, aligned to 16.
///
/// # Errors
/// [`MalformedArchive`] when anything in it is not valid.
pub fn access<T>(bytes: &[u8]) -> Result<&T, MalformedArchive>
where
    T: Portable + for<'a> CheckBytes<LowValidator<'a, Failure>>,
{
    rkyv::api::low::access::<T, Failure>(bytes).map_err(|_| MalformedArchive)
}

/// Values that can be archived into a frame.
pub trait ToArchive: for<'a> Serialize<HighSerializer<FrameBuffer, ArenaHandle<'a>, Failure>> {}
impl<T: for<'a> Serialize<HighSerializer<FrameBuffer, ArenaHandle<'a>, Failure>>> ToArchive for T {}

/// Appends the archive of `value` to `out`, whose length must keep the archive aligned (a multiple of 16).
///
/// # Errors
/// [`TooLargeToArchive`]; `out` is lost then.
pub fn append(out: FrameBuffer, value: &impl ToArchive) -> Result<FrameBuffer, TooLargeToArchive> {
    to_bytes_in::<_, Failure>(value, out).map_err(|_| TooLargeToArchive)
}
