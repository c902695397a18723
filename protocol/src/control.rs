//! The small frames: ping and pong, going away, close and closed.

use rkyv::{Archive, Deserialize, Serialize};

/// Ping, and the Pong that echoes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct Ping {
    /// Comes back unchanged.
    pub nonce: u64,
}

/// The server will stop. The client finishes its acknowledgements and resumes elsewhere, or here later.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct GoingAway {
    /// After so many milliseconds connections are cut.
    pub deadline_ms: u64,
}

/// The client will send nothing more; the server commits what it has, acknowledges and answers [`Closed`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct Close {
    /// One past the highest offset the client has sent.
    pub sent: u64,
}

/// The last frame of an orderly connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct Closed {
    /// Rows that are in the table.
    pub committed: u64,
    /// Table version in which the last of them became visible.
    pub version: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FrameBuffer;
    use crate::archive::{self, ToArchive};
    use proptest::prelude::*;
    use rkyv::Portable;
    use rkyv::api::high::HighDeserializer;
    use rkyv::api::low::LowValidator;
    use rkyv::bytecheck::CheckBytes;
    use rkyv::rancor::Failure;

    /// What `value` reads as after a trip through an archive.
    fn read_back<T>(value: &T) -> T
    where
        T: ToArchive + Archive,
        T::Archived:
            Portable + Deserialize<T, HighDeserializer<Failure>> + for<'a> CheckBytes<LowValidator<'a, Failure>>,
    {
        let bytes = archive::append(FrameBuffer::new(), value).unwrap();
        let view = archive::access::<T::Archived>(&bytes).unwrap();
        rkyv::api::high::deserialize::<T, Failure>(view).unwrap()
    }

    proptest! {
        #[test]
        fn small_frames_round_trip(first in any::<u64>(), second in any::<u64>()) {
            prop_assert_eq!(read_back(&Ping { nonce: first }), Ping { nonce: first });
            prop_assert_eq!(read_back(&GoingAway { deadline_ms: first }), GoingAway { deadline_ms: first });
            prop_assert_eq!(read_back(&Close { sent: first }), Close { sent: first });
            let closed = Closed { committed: first, version: second };
            prop_assert_eq!(read_back(&closed), closed);
        }
    }
}
