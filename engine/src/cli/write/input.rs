//! Where bytes come from: a file, or standard input, which may be slow.

use indicatif::ProgressBar;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::Builder;
use std::time::Duration;

const BLOCK_BYTES: usize = 64 << 10;
/// Blocks that are read ahead of whoever takes them.
const BLOCKS_AHEAD: usize = 8;

/// What came.
#[derive(Debug)]
pub enum Got {
    Bytes(Vec<u8>),
    /// Nothing, for as long as one was willing to wait.
    Pause,
    End,
}

/// Bytes, block by block.
#[derive(Debug)]
pub enum Input {
    File { file: File, bar: ProgressBar },
    Pipe { blocks: Receiver<io::Result<Vec<u8>>> },
}

impl Input {
    /// A file; `bar` follows the bytes read.
    ///
    /// # Errors
    /// What opening gives.
    pub fn file(path: &Path, bar: &ProgressBar) -> io::Result<Self> {
        Ok(Self::File { file: File::open(path)?, bar: bar.clone() })
    }

    /// A reader that may be slow, such as standard input. A thread of its own waits for it.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn pipe(mut reader: impl Read + Send + 'static) -> io::Result<Self> {
        let (sender, blocks) = sync_channel(BLOCKS_AHEAD);
        let read = move || {
            loop {
                match read_block(&mut reader) {
                    Ok(block) if block.is_empty() => return,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    // Nobody takes blocks any more, or nothing more can be read.
                    read => {
                        let failed = read.is_err();
                        if sender.send(read).is_err() || failed {
                            return;
                        }
                    }
                }
            }
        };
        Builder::new().name("input".to_owned()).spawn(read)?;
        Ok(Self::Pipe { blocks })
    }

    /// The next bytes. Files never pause.
    ///
    /// # Errors
    /// What reading gives.
    pub fn next(&mut self, patience: Option<Duration>) -> io::Result<Got> {
        let received = match self {
            Self::File { file, bar } => {
                let block = read_block(file)?;
                bar.inc(block.len() as u64);
                return Ok(if block.is_empty() { Got::End } else { Got::Bytes(block) });
            }
            Self::Pipe { blocks } => match patience {
                Some(patience) => blocks.recv_timeout(patience),
                None => blocks.recv().map_err(|_| RecvTimeoutError::Disconnected),
            },
        };
        match received {
            Ok(block) => block.map(Got::Bytes),
            Err(RecvTimeoutError::Timeout) => Ok(Got::Pause),
            Err(RecvTimeoutError::Disconnected) => Ok(Got::End),
        }
    }
}

fn read_block(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut block = vec![0; BLOCK_BYTES];
    let bytes = reader.read(&mut block)?;
    block.truncate(bytes);
    Ok(block)
}

/// An input for readers that wait as long as it takes.
#[derive(Debug)]
pub struct InputReader {
    pub input: Input,
    block: io::Cursor<Vec<u8>>,
}

impl InputReader {
    /// Reads `input` from here on.
    pub fn new(input: Input) -> Self {
        Self { input, block: io::Cursor::default() }
    }
}

impl Read for InputReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let bytes = self.block.read(buffer)?;
            if bytes > 0 || buffer.is_empty() {
                return Ok(bytes);
            }
            match self.input.next(None)? {
                Got::Bytes(block) => self.block = io::Cursor::new(block),
                Got::Pause => {}
                Got::End => return Ok(0),
            }
        }
    }
}
