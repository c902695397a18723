//! The bytes of one commit.

use bytes::Bytes;
use delta_kernel::committer::{CommitMetadata, CommitResponse, Committer, PublishMetadata};
use delta_kernel::engine::to_json_bytes;
use delta_kernel::{Engine, FileMeta, FilteredEngineData, KernelError, KernelResult, KernelResultIterator};
use std::sync::{Arc, Mutex, PoisonError};

/// Where the bytes of a transaction end up.
pub(super) type Slot = Arc<Mutex<Option<Bytes>>>;

/// A committer that serialises the actions into its slot and puts nothing; see the head of [`super`].
#[derive(Debug)]
pub(super) struct Freezer {
    slot: Slot,
}

impl Freezer {
    pub(super) fn new() -> (Box<Self>, Slot) {
        let slot = Slot::default();
        (Box::new(Self { slot: slot.clone() }), slot)
    }
}

/// What the slot holds.
pub(super) fn frozen(slot: &Slot) -> Option<Bytes> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

impl Committer for Freezer {
    fn commit(
        &self,
        _engine: &dyn Engine,
        actions: KernelResultIterator<'_, FilteredEngineData>,
        metadata: CommitMetadata,
    ) -> KernelResult<CommitResponse> {
        let bytes = Bytes::from(to_json_bytes(actions)?);
        let size = bytes.len() as u64;
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes);
        let file_meta = FileMeta::new(metadata.published_commit_path()?, metadata.in_commit_timestamp(), size);
        Ok(CommitResponse::Committed { file_meta })
    }

    fn is_catalog_committer(&self) -> bool {
        false
    }

    fn publish(&self, _engine: &dyn Engine, publish: PublishMetadata) -> KernelResult<()> {
        if publish.commits_to_publish().is_empty() {
            return Ok(());
        }
        Err(KernelError::generic("tables of a catalog are not written through this committer"))
    }
}
