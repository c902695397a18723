use super::*;
use crate::handover::log_part::Remembered;
use crate::log::recovery::{Mode, Options};
use crate::log::{NewRows, Position, ReadDisk, Spare, recover};
use crate::log_directory::names::{LogFile, log_file};
use lakehead_protocol::header::Header;
use lakehead_protocol::kind::Kind;
use lakehead_protocol::schema::{DataType, Field, Schema};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const LOG: LogId = LogId([7; 16]);
const SEGMENT: u64 = 64 << 10;

/// A file's bytes as they are, and as they are after a power cut.
#[derive(Debug, Clone, Default)]
struct Contents {
    now: Vec<u8>,
    durable: Vec<u8>,
}

/// A disk that forgets what was not synced, and fails from a chosen operation on.
#[derive(Debug, Clone, Default)]
struct Disk {
    files: Vec<Contents>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    trace: Vec<String>,
    fails_at: Option<usize>,
    is_full: bool,
}

impl Disk {
    fn step(&mut self, what: String) -> io::Result<()> {
        if self.fails_at.is_some_and(|at| self.trace.len() >= at) {
            return Err(io::Error::other("the power is gone"));
        }
        self.trace.push(what);
        Ok(())
    }

    fn file(&mut self, name: &str) -> io::Result<&mut Contents> {
        let index = *self.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(&mut self.files[index])
    }

    /// What is there after a power cut.
    fn after_power_cut(&self) -> Self {
        let durable =
            |contents: &Contents| Contents { now: contents.durable.clone(), durable: contents.durable.clone() };
        Self {
            files: self.files.iter().map(durable).collect(),
            names: self.durable_names.clone(),
            durable_names: self.durable_names.clone(),
            ..Self::default()
        }
    }

    fn recover(&self, mode: Mode) -> Result<Recovered, crate::log::RecoveryError> {
        recover(self, LOG, Options { mode, canary: Canary::None })
    }

    fn numbers(&self, of: fn(LogFile) -> Option<u64>) -> Vec<u64> {
        self.names.keys().filter_map(|name| of(log_file(Path::new(name)))).collect()
    }
}

impl LogDisk for Disk {
    fn make(&mut self, name: &str, bytes: u64) -> io::Result<()> {
        self.step(format!("make {name}"))?;
        if self.is_full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.names.insert(name.into(), self.files.len());
        self.files.push(Contents { now: vec![0; bytes as usize], durable: vec![] });
        Ok(())
    }

    fn write(&mut self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.step(format!("write {name}"))?;
        self.file(name)?.now[offset as usize..offset as usize + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn read(&mut self, name: &str, offset: u64, bytes: usize) -> io::Result<Vec<u8>> {
        Ok(self.file(name)?.now[offset as usize..offset as usize + bytes].to_vec())
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        self.step(format!("sync {name}"))?;
        let file = self.file(name)?;
        file.durable = file.now.clone();
        Ok(())
    }

    fn rename(&mut self, old: &str, new: &str) -> io::Result<()> {
        self.step(format!("rename {old} {new}"))?;
        let index = self.names.remove(old).ok_or(io::ErrorKind::NotFound)?;
        self.names.insert(new.into(), index);
        Ok(())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.step(format!("remove {name}"))?;
        self.names.remove(name);
        Ok(())
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        self.step("sync folder".into())?;
        self.durable_names = self.names.clone();
        Ok(())
    }
}

impl ReadDisk for Disk {
    fn segments(&self) -> io::Result<Vec<u64>> {
        Ok(self.numbers(|file| if let LogFile::Segment(number) = file { Some(number) } else { None }))
    }

    fn spares(&self) -> io::Result<Vec<Spare>> {
        let numbers = self.numbers(|file| if let LogFile::Spare(number) = file { Some(number) } else { None });
        let bytes = |number| self.files[self.names[&spare_name(number)]].now.len() as u64;
        Ok(numbers.into_iter().map(|number| Spare { number, bytes: bytes(number) }).collect())
    }

    fn bytes(&self, segment: u64) -> io::Result<u64> {
        Ok(self.files[self.names[&segment_name(segment)]].now.len() as u64)
    }

    fn read(&self, segment: u64, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let bytes = &self.files[self.names[&segment_name(segment)]].now;
        into.copy_from_slice(
            bytes.get(offset as usize..offset as usize + into.len()).ok_or(io::ErrorKind::UnexpectedEof)?,
        );
        Ok(())
    }
}

fn settings() -> Settings {
    Settings {
        bytes_max: 16 * SEGMENT,
        segment_bytes: SEGMENT as u32,
        block_bytes: 16 << 10,
        linger_us: 0,
        buffers: Rc::new(|bytes| Box::new(HeapBuffer::new(bytes))),
        salts: Rc::new(RefCell::new(new_salt)),
        canary: Canary::None,
    }
}

fn frame(first: u64, rows: u32) -> Vec<u8> {
    let payload = vec![0xAB; 5_000];
    let header =
        Header { payload_bytes: payload.len() as u32, first_offset: first, rows, ..Header::control(Kind::Batch) };
    let mut frame = [header.encode().to_vec(), payload].concat();
    frame.resize(frame.len().next_multiple_of(16), 0);
    frame
}

/// A log with six entries of one stream, of which the first two are held and the first three in the table.
fn world() -> Disk {
    let (mut disk, mut log) = (Disk::default(), Log::new(settings(), LOG, 1));
    let table = log.note_table(&"id".into(), &"t".into());
    let schema = Schema { columns: vec![0], fields: vec![Field::flat("n", DataType::Long, true)] };
    let schema = log.note_schema(table, &Arc::new(schema));
    let stream = log.note_stream(table, Some(&"s".into()), 1);
    for first in (0..60).step_by(10) {
        let frame = frame(first, 10);
        log.append(NewRows { table, schema, stream, skip: 0, next: first + 10, frame: &frame, decision: &[] });
        settle(&mut log, &mut disk).unwrap();
    }
    log.hold(table, stream, Position(0));
    log.hold(table, stream, Position(1));
    log.committed(table, Remembered { claim: 1, position: 3, version: 1 });
    settle(&mut log, &mut disk).unwrap();
    disk.trace.clear();
    disk.after_power_cut()
}

fn held(recovered: &Recovered) -> Vec<u64> {
    recovered.state.held.keys().map(|position| position.0).collect()
}

fn release_first(disk: &mut Disk, mode: Mode) -> Result<(), BlockingError> {
    let mut log = resume(2, disk.recover(mode).unwrap());
    log.release(Position(0));
    settle(&mut log, disk)
}

#[test]
fn a_segment_has_its_header_before_its_name_and_its_name_before_its_blocks() {
    let mut disk = world();
    release_first(&mut disk, Mode::Strict).unwrap();
    let at = disk.trace.iter().position(|step| step.starts_with("rename")).unwrap();
    let segment = disk.trace[at].rsplit(' ').next().unwrap().to_owned();
    let spare = disk.trace[at].split(' ').nth(1).unwrap().to_owned();
    assert_eq!(disk.trace[at - 2..at], [format!("write {spare}"), format!("sync {spare}")]);
    assert_eq!(disk.trace[at + 1], "sync folder");
    let blocks: Vec<_> = disk.trace[at + 2..].iter().filter(|step| step.ends_with(&segment)).collect();
    assert_eq!((blocks[0], blocks[blocks.len() - 1]), (&format!("write {segment}"), &format!("sync {segment}")));
    for (made, step) in disk.trace.iter().enumerate().filter(|(_, step)| step.starts_with("make")) {
        let name = step.rsplit(' ').next().unwrap();
        assert_eq!(disk.trace[made + 1..made + 3], [format!("sync {name}"), "sync folder".to_owned()]);
    }
}

#[test]
fn a_power_cut_at_any_moment_leaves_the_log_before_or_after_the_change() {
    let whole = world();
    assert_eq!(held(&whole.recover(Mode::Strict).unwrap()), [0, 1]);
    let (mut before, mut after) = (0, 0);
    for fails_at in 0.. {
        let mut disk = Disk { fails_at: Some(fails_at), ..whole.clone() };
        let result = release_first(&mut disk, Mode::Strict);
        for cut in [disk.after_power_cut(), Disk { trace: vec![], fails_at: None, ..disk.clone() }] {
            let recovered = cut.recover(Mode::Strict).unwrap();
            assert_eq!(recovered.next_position, Position(6));
            match (&held(&recovered)[..], &result) {
                ([1], _) => after += 1,
                ([0, 1], Err(_)) => before += 1,
                (other, result) => panic!("{other:?} after {result:?} at {fails_at}"),
            }
        }
        if result.is_ok() {
            break;
        }
        // Whoever tries again gets there.
        let mut again = disk.after_power_cut();
        let mut log = resume(3, again.recover(Mode::Strict).unwrap());
        log.release(Position(0));
        settle(&mut log, &mut again).unwrap();
        assert_eq!(held(&again.after_power_cut().recover(Mode::Strict).unwrap()), [1]);
    }
    assert!(before > 4 && after > 1, "{before} {after}");
}

#[test]
fn an_accepted_loss_is_refused_until_it_is_noted_and_never_again() {
    let mut damaged = world();
    // The third entry's block.
    let file = damaged.names[&segment_name(1)];
    let places = damaged.recover(Mode::Strict).unwrap().blocks(crate::log::TableNumber(0), Position(3));
    let at = places[0].offset as usize + 200;
    damaged.files[file].now[at] ^= 1;
    damaged.files[file].durable[at] ^= 1;
    assert!(damaged.recover(Mode::Strict).is_err());
    let mut refused = 0;
    for fails_at in 0.. {
        let mut disk = Disk { fails_at: Some(fails_at), ..damaged.clone() };
        let result = release_first(&mut disk, Mode::AcceptLoss);
        let recovered = disk.after_power_cut().recover(Mode::Strict);
        match (recovered, result) {
            (Ok(recovered), result) => {
                assert_eq!((recovered.next_position, recovered.damages.len()), (Position(6), 1));
                if result.is_ok() {
                    break;
                }
            }
            (Err(_), Err(_)) => refused += 1,
            (Err(error), Ok(())) => panic!("the loss was accepted, and {error}"),
        }
    }
    assert!(refused > 4);
}

#[test]
fn a_full_disk_is_told_and_changes_nothing() {
    let mut disk = world();
    let spares: Vec<String> = disk.names.keys().filter(|name| name.starts_with("spare")).cloned().collect();
    spares.iter().for_each(|name| _ = disk.names.remove(name));
    disk.is_full = true;
    assert!(matches!(release_first(&mut disk, Mode::Strict), Err(BlockingError::Full)));
    assert_eq!(held(&disk.recover(Mode::Strict).unwrap()), [0, 1]);
}

#[test]
fn a_spare_that_a_process_died_making_says_nothing_of_the_length_of_segments() {
    let disk = world();
    let mut recovered = disk.recover(Mode::Strict).unwrap();
    recovered.spares = vec![Spare { number: 90, bytes: 0 }];
    drop(resume(2, recovered));
    let mut recovered = disk.recover(Mode::Strict).unwrap();
    recovered.spares = vec![Spare { number: 90, bytes: 0 }, Spare { number: 91, bytes: SEGMENT }];
    drop(resume(2, recovered));
}
