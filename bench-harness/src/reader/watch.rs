use super::message::{Message, SeenVersion};
use crate::readback::{AddedFile, Commit, DataFile, ReadError, ReplayError};
use crate::run::clock;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Why a reader cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("cannot look for {path}: {source}")]
    Look { path: PathBuf, source: io::Error },
    #[error("cannot say what was seen: {0}")]
    Say(#[from] io::Error),
}

/// How often it looked.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Looks {
    pub count: u64,
    pub gap_max: Duration,
}

/// A version of which every file has been opened.
struct Opened {
    version: u64,
    seen_ns: u64,
    files: Vec<DataFile>,
}

/// Looks at the table in `table` from version `next` on, every `pause`, until the sender of `stopped` is gone; then once more.
///
/// # Errors
/// A version that is there and cannot be read, and a listener that has gone.
pub fn watch(
    table: &Path,
    mut next: u64,
    pause: Duration,
    stopped: &Receiver<()>,
    out: &mut impl Write,
) -> Result<Looks, WatchError> {
    let mut looks = Looks::default();
    let mut last: Option<Instant> = None;
    say(out, &Message::Ready)?;
    loop {
        let is_last = stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout);
        let now = clock::now();
        looks.count += 1;
        looks.gap_max = last.map_or(looks.gap_max, |last| looks.gap_max.max(now - last));
        last = Some(now);
        // All that is there is opened, and its moment taken, before any of it is read: reading takes longer.
        let mut opened = Vec::new();
        while let Some(version) = open(table, next)? {
            opened.push(version);
            next += 1;
        }
        for version in opened {
            say(out, &Message::Version(version.named()?))?;
        }
        if is_last {
            return Ok(looks);
        }
    }
}

/// A line, at once.
pub fn say(out: &mut impl Write, message: &Message) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    out.write_all(&line)?;
    out.flush()
}

/// The version, if it is there.
fn open(table: &Path, version: u64) -> Result<Option<Opened>, WatchError> {
    let path = table.join("_delta_log").join(Commit::file_name(version));
    match fs::exists(&path) {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        Err(source) => return Err(WatchError::Look { path, source }),
    }
    let commit = Commit::read(table, &path)?;
    let files: Result<Vec<DataFile>, ReadError> =
        commit.added.iter().map(|added: &AddedFile| DataFile::open(added)).collect();
    Ok(Some(Opened { version, files: files?, seen_ns: clock::monotonic_ns() }))
}

impl Opened {
    /// With the rows that its files hold.
    fn named(self) -> Result<SeenVersion, ReadError> {
        let (files, file_bytes) = (self.files.len() as u64, self.files.iter().map(|file| file.bytes).sum());
        let mut ranges = Vec::new();
        for file in self.files {
            ranges.extend(file.ranges()?.into_iter().map(|range| (range.stream, range.first, range.end)));
        }
        Ok(SeenVersion { version: self.version, seen_ns: self.seen_ns, files, file_bytes, ranges })
    }
}
