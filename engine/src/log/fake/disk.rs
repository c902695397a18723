//! A disk in memory that forgets what was not synced.
//!
//! Writes reach a file at once, for readers; a power cut keeps, loses or tears (at 512 bytes) each one that was not synced,
//! in any order. Names are created, renamed and deleted at once; a power cut keeps or loses each change that the directory was
//! not synced after.

use crate::log::{ReadDisk, Spare};
use std::collections::BTreeMap;
use std::io;

const SECTOR_BYTES: usize = 512;

/// Small, seeded, its own: the same seed gives the same faults everywhere.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// A file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    Segment(u64),
    Spare(u64),
}

#[derive(Debug, Clone, Copy)]
enum NameChange {
    Create(Name, u64),
    Rename(Name, Name),
    Delete(Name),
}

#[derive(Debug, Clone, Default)]
struct File {
    synced: Vec<u8>,
    seen: Vec<u8>,
    unsynced: Vec<(usize, Vec<u8>)>,
    /// So many of them are covered by the sync that is under way.
    syncing: usize,
}

/// See the module head.
#[derive(Debug, Clone)]
pub struct Disk {
    random: Random,
    /// Bytes of all files together.
    pub capacity: u64,
    files: BTreeMap<u64, File>,
    names: BTreeMap<Name, u64>,
    synced_names: BTreeMap<Name, u64>,
    changes: Vec<NameChange>,
    next_file: u64,
    /// Reads of this segment fail.
    pub failing: Option<u64>,
    /// Writes, syncs and names fail.
    pub is_broken: bool,
}

impl Disk {
    pub fn new(seed: u64, capacity: u64) -> Self {
        Self {
            random: Random(seed),
            capacity,
            files: BTreeMap::new(),
            names: BTreeMap::new(),
            synced_names: BTreeMap::new(),
            changes: Vec::new(),
            next_file: 0,
            failing: None,
            is_broken: false,
        }
    }

    fn missing(name: Name) -> io::Error {
        io::Error::new(io::ErrorKind::NotFound, format!("{name:?} does not exist"))
    }

    fn file(&mut self, name: Name) -> io::Result<&mut File> {
        if self.is_broken {
            return Err(io::Error::other("the disk is broken"));
        }
        let number = self.names.get(&name).ok_or_else(|| Self::missing(name))?;
        self.files.get_mut(number).ok_or_else(|| Self::missing(name))
    }

    pub fn create(&mut self, name: Name) {
        self.next_file += 1;
        self.files.insert(self.next_file, File::default());
        self.names.insert(name, self.next_file);
        self.changes.push(NameChange::Create(name, self.next_file));
    }

    /// # Errors
    /// When the disk is full, or there is no such file.
    pub fn write(&mut self, name: Name, offset: usize, bytes: &[u8]) -> io::Result<()> {
        let used: usize =
            self.names.values().filter_map(|number| self.files.get(number)).map(|file| file.seen.len()).sum();
        let capacity = self.capacity;
        let file = self.file(name)?;
        let end = offset + bytes.len();
        if used + end.saturating_sub(file.seen.len()) > capacity as usize {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        put(&mut file.seen, offset, bytes);
        file.unsynced.push((offset, bytes.to_vec()));
        Ok(())
    }

    /// A sync begins: it covers what was written before.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn begin_sync(&mut self, name: Name) -> io::Result<()> {
        let file = self.file(name)?;
        file.syncing = file.unsynced.len();
        Ok(())
    }

    /// The sync is over.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn end_sync(&mut self, name: Name) -> io::Result<()> {
        let file = self.file(name)?;
        let covered = std::mem::take(&mut file.syncing).min(file.unsynced.len());
        for (offset, bytes) in file.unsynced.drain(..covered) {
            put(&mut file.synced, offset, &bytes);
        }
        Ok(())
    }

    /// Everything written to the file is durable.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn sync(&mut self, name: Name) -> io::Result<()> {
        let file = self.file(name)?;
        for (offset, bytes) in std::mem::take(&mut file.unsynced) {
            put(&mut file.synced, offset, &bytes);
        }
        Ok(())
    }

    pub fn sync_directory(&mut self) {
        self.changes.clear();
        self.synced_names = self.names.clone();
    }

    pub fn rename(&mut self, from: Name, to: Name) -> io::Result<()> {
        let file = self.names.remove(&from).ok_or_else(|| Self::missing(from))?;
        self.names.insert(to, file);
        self.changes.push(NameChange::Rename(from, to));
        Ok(())
    }

    pub fn delete(&mut self, name: Name) -> io::Result<()> {
        self.names.remove(&name).ok_or_else(|| Self::missing(name))?;
        self.changes.push(NameChange::Delete(name));
        Ok(())
    }

    /// Everything as it should be done before what recovery read is used.
    pub fn sync_all(&mut self) {
        let names: Vec<_> = self.names.keys().copied().collect();
        for name in names {
            let _ = self.sync(name);
        }
        self.sync_directory();
    }

    /// The power goes, and all that was not synced with it.
    pub fn lose_unsynced(&mut self) {
        self.changes.clear();
        self.names = self.synced_names.clone();
        for file in self.files.values_mut() {
            (file.syncing, file.seen) = (0, file.synced.clone());
            file.unsynced.clear();
        }
    }

    /// The power goes: what was not synced is kept, lost or torn.
    pub fn cut_power(&mut self) {
        let keep = [0, 10, 50, 90, 100][self.random.below(5) as usize];
        for change in std::mem::take(&mut self.changes) {
            if !self.random.percent(keep) {
                continue;
            }
            match change {
                NameChange::Create(name, file) => drop(self.synced_names.insert(name, file)),
                NameChange::Rename(from, to) => {
                    if let Some(file) = self.synced_names.remove(&from) {
                        self.synced_names.insert(to, file);
                    }
                }
                NameChange::Delete(name) => drop(self.synced_names.remove(&name)),
            }
        }
        self.names = self.synced_names.clone();
        let random = &mut self.random;
        for file in self.files.values_mut() {
            let mut writes = std::mem::take(&mut file.unsynced);
            if random.percent(30) {
                writes.reverse();
            }
            for (offset, bytes) in writes {
                let tears = random.percent(40);
                let whole = random.percent(keep);
                for (index, sector) in bytes.chunks(SECTOR_BYTES).enumerate() {
                    if if tears { random.percent(keep.clamp(20, 95)) } else { whole } {
                        put(&mut file.synced, offset + index * SECTOR_BYTES, sector);
                    }
                }
            }
            (file.syncing, file.seen) = (0, file.synced.clone());
        }
        let names: std::collections::BTreeSet<_> = self.names.values().copied().collect();
        self.files.retain(|number, _| names.contains(number));
    }

    /// Rot: a bit of what was synced turns.
    pub fn flip(&mut self, name: Name, at: usize, bit: u32) {
        if let Ok(file) = self.file(name) {
            file.seen[at] ^= 1 << bit;
            file.synced[at] ^= 1 << bit;
        }
    }
}

fn put(bytes: &mut Vec<u8>, offset: usize, new: &[u8]) {
    if bytes.len() < offset + new.len() {
        bytes.resize(offset + new.len(), 0);
    }
    bytes[offset..offset + new.len()].copy_from_slice(new);
}

impl ReadDisk for Disk {
    fn segments(&self) -> io::Result<Vec<u64>> {
        let segment = |name: &Name| if let Name::Segment(number) = name { Some(*number) } else { None };
        Ok(self.names.keys().filter_map(segment).collect())
    }

    fn spares(&self) -> io::Result<Vec<Spare>> {
        let spare = |(name, file): (&Name, &u64)| match name {
            Name::Spare(number) => Some(Spare { number: *number, bytes: self.files[file].seen.len() as u64 }),
            Name::Segment(_) => None,
        };
        Ok(self.names.iter().filter_map(spare).collect())
    }

    fn bytes(&self, segment: u64) -> io::Result<u64> {
        let name = Name::Segment(segment);
        let file = self.names.get(&name).ok_or_else(|| Self::missing(name))?;
        Ok(self.files[file].seen.len() as u64)
    }

    fn read(&self, segment: u64, offset: u64, into: &mut [u8]) -> io::Result<()> {
        if self.failing == Some(segment) {
            return Err(io::Error::other("the disk cannot read this"));
        }
        let name = Name::Segment(segment);
        let file = self.names.get(&name).ok_or_else(|| Self::missing(name))?;
        let bytes = self.files[file].seen.get(offset as usize..offset as usize + into.len());
        into.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}
