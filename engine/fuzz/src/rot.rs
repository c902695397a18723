//! Damage to a log that was written, and what must be true of it afterwards: whatever the disk did, a log that is accepted is
//! a prefix of what was appended, and holds everything that a readable block calls durable.

use crate::assembled::LOG;
use crate::log::block_header::{BlockHeader, Life};
use crate::log::limits::{BLOCK_HEADER_BYTES, PAGE_BYTES, SEGMENT_HEADER_BYTES};
use crate::log::recovery::{Mode, Options};
use crate::log::segment_header::SegmentHeader;
use crate::log::{Decision, Position, ReadDisk, Recovered, RecoveryError, open_block, recover};
use crate::memory_disk::MemoryDisk;
use crate::written::Written;

/// Bytes of one act of damage.
const ACT_BYTES: usize = 8;
const ACTS_MAX: usize = 16;

/// The disk as these acts leave it: kind, segment, place (2), other place (2), length, value.
pub fn damaged(disk: &MemoryDisk, acts: &[u8]) -> MemoryDisk {
    let mut disk = disk.clone();
    let numbers: Vec<u64> = disk.0.keys().copied().collect();
    if numbers.is_empty() {
        return disk;
    }
    for act in acts.chunks_exact(ACT_BYTES).take(ACTS_MAX) {
        let number = |choice: u8| numbers[usize::from(choice) % numbers.len()];
        let place = |low: u8, high: u8| usize::from(u16::from_le_bytes([low, high]));
        let (segment, at, other) = (number(act[1]), place(act[2], act[3]), place(act[4], act[5]));
        let value = act[7];
        match act[0] % 8 {
            0 => change(&mut disk, segment, at, &[value], |old, new| old ^ new),
            1 => change(&mut disk, segment, at, &vec![0; usize::from(act[6])], |_, new| new),
            2 => change(&mut disk, segment, at - at % 512, &[value; 512], |_, new| new),
            3 => change(&mut disk, segment, page(at), &vec![0; PAGE_BYTES * usize::from(act[6] % 16)], |_, new| new),
            // Everything from here on was never written.
            4 => change(&mut disk, segment, page(at), &vec![0; 1 << 16], |_, new| new),
            // A page is somewhere else, or in another segment; or a run of bytes is.
            5 => copy(&mut disk, (segment, page(other)), (segment, page(at)), PAGE_BYTES),
            6 => copy(&mut disk, (number(value), page(other)), (segment, page(at)), PAGE_BYTES),
            _ => copy(&mut disk, (number(value), other), (segment, at), usize::from(act[6])),
        }
    }
    disk
}

fn page(at: usize) -> usize {
    at - at % PAGE_BYTES
}

fn change(disk: &mut MemoryDisk, segment: u64, at: usize, new: &[u8], how: impl Fn(u8, u8) -> u8) {
    let Some(old) = disk.0.get_mut(&segment).and_then(|file| file.get_mut(at..)) else { return };
    old.iter_mut().zip(new).for_each(|(old, new)| *old = how(*old, *new));
}

fn copy(disk: &mut MemoryDisk, from: (u64, usize), to: (u64, usize), length: usize) {
    let bytes = disk.0.get(&from.0).and_then(|file| file.get(from.1..(from.1 + length).min(file.len()))).map(Vec::from);
    if let Some(bytes) = bytes {
        change(disk, to.0, to.1, &bytes, |_, new| new);
    }
}

/// Recovers what is left, and holds it against what was written.
///
/// # Panics
/// When it is not a prefix, or lacks what is durable.
pub fn judge(written: &Written, disk: &MemoryDisk) {
    let options = |mode| Options { mode, canary: written.canary };
    match recover(disk, LOG, options(Mode::Strict)) {
        Ok(recovered) => {
            assert!(recovered.damages.is_empty(), "nobody accepted {:?}", recovered.damages);
            prefix(written, disk, &recovered);
            let claimed = claimed(written, disk);
            assert!(recovered.next_sequence > claimed, "{claimed} is claimed durable: {recovered:?}");
            if *disk == written.disk {
                assert!(recovered.next_position >= written.durable, "durable entries are lost: {recovered:?}");
            }
        }
        Err(error) => {
            assert!(*disk != written.disk, "nothing is wrong with it: {error}");
            assert!(!error.to_string().is_empty());
        }
    }
    match recover(disk, LOG, options(Mode::AcceptLoss)) {
        Ok(recovered) => entries(written, disk, &recovered, |_| {}),
        Err(error) => assert!(!matches!(error, RecoveryError::Damaged(_)), "the loss was accepted: {error}"),
    }
}

/// Entries are those that were appended; from the position on that a table is remembered at, none is missing.
fn prefix(written: &Written, disk: &MemoryDisk, recovered: &Recovered) {
    let remembered = |id: &str| {
        let table = recovered.state.tables.values().find(|table| *table.id == *id);
        table.map_or(Position(0), |table| table.position)
    };
    let all = written.entries.range(..recovered.next_position);
    let mut missing: std::collections::BTreeSet<Position> =
        all.filter(|(position, entry)| **position >= remembered(&entry.table)).map(|(position, _)| *position).collect();
    entries(written, disk, recovered, |position| {
        missing.remove(&position);
    });
    assert!(missing.is_empty(), "entries {missing:?} are missing before {}", recovered.next_position);
}

fn entries(written: &Written, disk: &MemoryDisk, recovered: &Recovered, mut found: impl FnMut(Position)) {
    for table in recovered.state.tables.values() {
        for place in recovered.blocks(table.number, Position(0)) {
            let mut bytes = vec![0; place.bytes as usize];
            disk.read(place.segment, place.offset, &mut bytes).expect("a block is in its file");
            let segment = recovered.segments().find(|segment| segment.number == place.segment).expect("it is known");
            let life = Life { segment: segment.number, salt: segment.salt, canary: written.canary };
            let view = open_block(&life, place.offset, &bytes).expect("it was intact a moment ago");
            for record in view.rows().filter(|record| record.header.table == table.number) {
                let entry = written.entries.get(&record.header.position).expect("it was appended");
                let payload = [&*entry.frame, &entry.decision].concat();
                assert_eq!(payload, record.payload, "entry {} is another", record.header.position);
                let decision = Decision::decode(&entry.decision);
                assert_eq!(record.decision(), decision, "entry {} was decided upon", record.header.position);
                assert_eq!(entry.table, table.id, "entry {} is of another table", record.header.position);
                let stream = recovered.state.streams.get(&record.header.stream);
                if stream.is_none() && !recovered.damages.is_empty() {
                    // Its definition is lost, too.
                    continue;
                }
                assert_eq!(stream.map(|stream| &stream.record.name), Some(&entry.stream));
                found(record.header.position);
            }
        }
    }
}

/// The highest sequence that the newest segment calls durable, by headers that are as they were written.
fn claimed(written: &Written, disk: &MemoryDisk) -> u64 {
    let Some((number, whole)) = written.disk.0.last_key_value() else { return 0 };
    let (Ok(header), Some(now)) = (SegmentHeader::decode(&whole[..SEGMENT_HEADER_BYTES]), disk.0.get(number)) else {
        return 0;
    };
    let life = Life { segment: *number, salt: header.salt, canary: written.canary };
    (SEGMENT_HEADER_BYTES..whole.len())
        .step_by(PAGE_BYTES)
        .filter(|at| whole[*at..at + BLOCK_HEADER_BYTES] == now[*at..at + BLOCK_HEADER_BYTES])
        .filter_map(|at| BlockHeader::decode(&life, at as u64, &whole[at..]))
        .map(|(header, _)| header.durable_up_to)
        .fold(header.predecessor_sequence, u64::max)
}
