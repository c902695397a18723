/// Values of variable length, end to end.
pub(super) struct Bytes {
    /// Where each value begins, and the last one ends; starts with 0 and never falls.
    pub offsets: Vec<i32>,
    pub bytes: Vec<u8>,
}

/// Offsets are 4 bytes signed.
pub(super) const BYTES_MAX: usize = i32::MAX as usize;

impl Bytes {
    pub(super) fn new() -> Self {
        Self { offsets: vec![0], bytes: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Ends a value with all bytes there are; the caller sees to it that they are no more than [`BYTES_MAX`].
    #[inline]
    pub(super) fn end_value(&mut self) {
        debug_assert!(self.bytes.len() <= BYTES_MAX);
        self.offsets.push(self.bytes.len() as i32);
    }

    #[inline]
    pub(super) fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.end_value();
    }

    #[inline]
    pub(super) fn get(&self, index: usize) -> &[u8] {
        &self.bytes[self.offsets[index] as usize..self.offsets[index + 1] as usize]
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.offsets.truncate(length + 1);
        let end = self.offsets.last().map_or(0, |end| *end as usize);
        self.bytes.truncate(end);
    }

    pub(super) fn clear(&mut self) {
        self.truncate(0);
    }

    pub(super) fn encoded_bytes(&self) -> usize {
        self.offsets.len() * size_of::<i32>() + self.bytes.len()
    }
}
