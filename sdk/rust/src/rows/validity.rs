use arrow::array::BooleanBufferBuilder;
use arrow::buffer::NullBuffer;

/// Which entries of a column are NULL. Reaches only as far as the last NULL: entries behind have values, and cost nothing.
pub(super) struct Validity(BooleanBufferBuilder);

impl Validity {
    pub(super) fn new() -> Self {
        Self(BooleanBufferBuilder::new(0))
    }

    /// Entry `at` is NULL; those before, as far as nothing was said of them, are not.
    #[inline]
    pub(super) fn push_null(&mut self, at: usize) {
        let unsaid = at.saturating_sub(self.0.len());
        if unsaid > 0 {
            self.0.append_n(unsaid, true);
        }
        self.0.append(false);
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    pub(super) fn encoded_bytes(&self, length: usize) -> usize {
        if self.0.is_empty() { 0 } else { length.div_ceil(8) }
    }

    /// The validity of all `length` entries, if one was NULL; starts anew.
    pub(super) fn seal(&mut self, length: usize) -> Option<NullBuffer> {
        if self.0.is_empty() {
            return None;
        }
        self.0.append_n(length.saturating_sub(self.0.len()), true);
        Some(NullBuffer::new(self.0.finish())).filter(|nulls| nulls.null_count() > 0)
    }
}
