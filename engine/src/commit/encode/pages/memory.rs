//! What a thread that encodes keeps from column to column, so that encoding asks for memory once a chunk and not once a page.

use super::codec::Codecs;
use super::limits::KEPT_BYTES_MAX;
use super::text_dictionary::TextTables;
use std::cell::RefCell;

/// Buffers and codec contexts. What they hold means nothing to the next column.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) chunk: ChunkMemory,
    /// Keys of a page.
    pub(super) keys: Vec<u32>,
    /// Rows of a page that have values.
    pub(super) rows: Vec<u32>,
    /// Encoded values of a page.
    pub(super) body: Vec<u8>,
    pub(super) slots: Vec<u32>,
    pub(super) texts: TextTables,
}

/// What pages are put together with.
#[derive(Debug, Default)]
pub(super) struct ChunkMemory {
    /// The pages of a chunk whose size is not known beforehand.
    pub(super) pages: Vec<u8>,
    pub(super) levels: Vec<u8>,
    pub(super) aligned: Vec<u8>,
    /// A page before and after its codec.
    pub(super) raw: Vec<u8>,
    pub(super) packed: Vec<u8>,
    pub(super) codecs: Codecs,
}

thread_local! {
    static MEMORY: RefCell<Option<Memory>> = const { RefCell::new(None) };
}

impl Memory {
    /// Works with this thread's memory. It is lost when `work` panics, and the next column begins with none.
    pub(super) fn of_thread<R>(work: impl FnOnce(&mut Self) -> R) -> R {
        let mut memory = MEMORY.take().unwrap_or_default();
        let result = work(&mut memory);
        memory.shrink();
        MEMORY.set(Some(memory));
        result
    }

    /// One huge column must not fill the thread's memory for ever.
    fn shrink(&mut self) {
        let ChunkMemory { pages, raw, packed, .. } = &mut self.chunk;
        for buffer in [pages, raw, packed, &mut self.body] {
            if buffer.capacity() > KEPT_BYTES_MAX {
                *buffer = Vec::new();
            }
        }
    }
}
