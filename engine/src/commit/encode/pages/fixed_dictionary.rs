//! A dictionary of values of a fixed width, built while they are looked up.
//!
//! Integers that lie close together are found by what they are above the least; all others by hash. Keys are given in the
//! order in which values first come.

use super::extremes::Extremes;
use super::fixed::Fixed;
use super::mixing::{Patience, SLOTS_MIN, is_crowded};

const EMPTY: u32 = u32::MAX;
/// Values of a wider span than this are found by hash: the table should stay near the processor.
const SPAN_MAX: u64 = 1 << 14;

/// The dictionary became too large, or finding values in it too slow.
#[derive(Debug, PartialEq)]
pub(super) struct Outgrown;

#[derive(Debug)]
pub(super) struct FixedDictionary<T> {
    values: Vec<T>,
    slots: Vec<u32>,
    table: Table,
    values_max: usize,
}

#[derive(Debug, Clone, Copy)]
enum Table {
    /// The place of a value is what it is above `base`.
    Direct { base: i64 },
    /// The place of a value is what its hash has above `shift`, or behind it.
    Hashed { shift: u32 },
}

impl<T: Fixed> FixedDictionary<T> {
    /// An empty one for at most `values_max` values, in the memory of `slots`.
    pub(super) fn new(values_max: usize, mut slots: Vec<u32>) -> Self {
        slots.clear();
        let direct = T::default().ordinal().is_some();
        let mut made = Self { values: Vec::new(), slots, table: Table::Direct { base: 0 }, values_max };
        if !direct {
            made.hash_all(SLOTS_MIN);
        }
        made
    }

    /// Values in the order of their keys.
    pub(super) fn values(&self) -> &[T] {
        &self.values
    }

    /// Gives the memory back.
    pub(super) fn into_slots(self) -> Vec<u32> {
        self.slots
    }

    /// Writes the key of each of `values`, which lie between `extremes`, over `keys`. When the dictionary is outgrown it is
    /// as it was before.
    pub(super) fn keys(
        &mut self,
        values: &[T],
        extremes: Option<&Extremes<T>>,
        keys: &mut Vec<u32>,
    ) -> Result<(), Outgrown> {
        let known = self.values.len();
        keys.resize(values.len(), 0);
        self.make_room(extremes);
        let found = match self.table {
            Table::Direct { base } => self.keys_by_place(values, base, keys),
            Table::Hashed { .. } => self.keys_by_hash(values, keys),
        };
        found.ok_or_else(|| {
            self.values.truncate(known);
            Outgrown
        })
    }

    fn keys_by_place(&mut self, values: &[T], base: i64, keys: &mut [u32]) -> Option<()> {
        for (value, key) in values.iter().zip(keys) {
            let slot = self.slots.get_mut(value.ordinal()?.wrapping_sub(base) as usize)?;
            if *slot == EMPTY {
                if self.values.len() == self.values_max {
                    return None;
                }
                *slot = self.values.len() as u32;
                self.values.push(*value);
            }
            *key = *slot;
        }
        Some(())
    }

    fn keys_by_hash(&mut self, values: &[T], keys: &mut [u32]) -> Option<()> {
        let mut patience = Patience::for_values(values.len());
        for (value, key) in values.iter().zip(keys) {
            let hash = value.hash();
            let mut slot = self.place(hash);
            *key = loop {
                let held = self.slots[slot];
                match self.values.get(held as usize) {
                    Some(found) if found.same(value) => break held,
                    // What is found at its place is what the processor shall expect.
                    Some(_) => slot = self.next(slot, &mut patience)?,
                    None => break self.insert(*value, slot)?,
                }
            };
        }
        Some(())
    }

    #[inline(always)]
    fn place(&self, hash: u64) -> usize {
        match self.table {
            Table::Hashed { shift } => (hash >> shift) as usize & (self.slots.len() - 1),
            Table::Direct { .. } => 0,
        }
    }

    #[cold]
    fn next(&self, slot: usize, patience: &mut Patience) -> Option<usize> {
        patience.step()?;
        Some((slot + 1) & (self.slots.len() - 1))
    }

    #[cold]
    fn insert(&mut self, value: T, slot: usize) -> Option<u32> {
        let key = self.values.len();
        if key == self.values_max {
            return None;
        }
        self.values.push(value);
        self.slots[slot] = key as u32;
        if is_crowded(self.values.len(), self.slots.len()) {
            self.hash_all(self.slots.len() * 2);
        }
        Some(key as u32)
    }

    /// Lets the values from the least to the greatest be looked up.
    fn make_room(&mut self, extremes: Option<&Extremes<T>>) {
        let Table::Direct { base } = self.table else { return };
        let ends = extremes.and_then(|found| found.least.ordinal().zip(found.greatest.ordinal()));
        let Some((mut least, mut greatest)) = ends else { return };
        if !self.slots.is_empty() {
            let last = base + (self.slots.len() - 1) as i64;
            if base <= least && greatest <= last {
                return;
            }
            (least, greatest) = (least.min(base), greatest.max(last));
        }
        if greatest.abs_diff(least) >= SPAN_MAX {
            let mut length = SLOTS_MIN;
            while is_crowded(self.values.len(), length) {
                length *= 2;
            }
            self.hash_all(length);
            return;
        }
        self.slots.clear();
        self.slots.resize(greatest.abs_diff(least) as usize + 1, EMPTY);
        self.table = Table::Direct { base: least };
        for (key, value) in self.values.iter().enumerate() {
            let place = value.ordinal().map(|ordinal| ordinal.wrapping_sub(least) as usize);
            if let Some(slot) = place.and_then(|place| self.slots.get_mut(place)) {
                *slot = key as u32;
            }
        }
    }

    /// Makes a table of `length` places, a power of two, with all values in it.
    fn hash_all(&mut self, length: usize) {
        self.slots.clear();
        self.slots.resize(length, EMPTY);
        self.table = Table::Hashed { shift: u64::BITS - length.trailing_zeros() };
        for key in 0..self.values.len() {
            let mut slot = self.place(self.values[key].hash());
            while self.slots[slot] != EMPTY {
                slot = (slot + 1) & (length - 1);
            }
            self.slots[slot] = key as u32;
        }
    }
}

#[cfg(test)]
mod tests;
