//! Segments as vectors.

use crate::log::{ReadDisk, Spare};
use std::collections::BTreeMap;
use std::io;

/// Segments by their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryDisk(pub BTreeMap<u64, Vec<u8>>);

impl MemoryDisk {
    /// What another disk holds.
    pub fn copy_of(disk: &dyn ReadDisk) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        for number in disk.segments()? {
            let mut bytes = vec![0; disk.bytes(number)? as usize];
            disk.read(number, 0, &mut bytes)?;
            files.insert(number, bytes);
        }
        Ok(Self(files))
    }

    fn file(&self, segment: u64) -> io::Result<&Vec<u8>> {
        self.0.get(&segment).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl ReadDisk for MemoryDisk {
    fn segments(&self) -> io::Result<Vec<u64>> {
        Ok(self.0.keys().copied().collect())
    }

    fn spares(&self) -> io::Result<Vec<Spare>> {
        Ok(Vec::new())
    }

    fn bytes(&self, segment: u64) -> io::Result<u64> {
        Ok(self.file(segment)?.len() as u64)
    }

    fn read(&self, segment: u64, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(into.len() as u64).ok_or(io::ErrorKind::UnexpectedEof)?;
        let bytes = self.file(segment)?.get(offset as usize..end as usize).ok_or(io::ErrorKind::UnexpectedEof)?;
        into.copy_from_slice(bytes);
        Ok(())
    }
}
