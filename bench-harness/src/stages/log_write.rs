use super::error::StageError;
use super::input::Input;
use super::log_block::BLOCK_BYTES;
use super::name::StageName;
use super::stage::Stage;
use super::stopwatch::{Clock, Stopwatch};
use core_affinity::CoreId;
use lakehead_engine::log::BlockBuffer;
use lakehead_engine::log::action::DirectorySync;
use lakehead_engine::log::limits::SEGMENT_HEADER_BYTES;
use lakehead_engine::reactor::log_files::{LogFileError, LogFiles, block_buffer};
use lakehead_engine::reactor::lone_executor::LoneExecutor;
use std::fs;
use std::path::Path;

const SEGMENT_BYTES: u64 = 128 << 20;
/// Bytes of a pass.
const PASS_BYTES: usize = 64 << 20;

/// Full blocks into a segment that was filled with zeros before: one write, one sync, the next.
pub struct LogWrite {
    executor: LoneExecutor,
    files: Option<LogFiles>,
    block: Option<Box<dyn BlockBuffer>>,
    offset: u64,
    wire_bytes_per_row: f64,
}

impl LogWrite {
    /// Makes the segment in a folder of `work_dir`.
    ///
    /// # Errors
    /// When there is no io_uring, or the disk does not take it.
    pub fn new(input: &Input, work_dir: &Path, core: CoreId) -> Result<Self, StageError> {
        let folder = work_dir.join("log");
        fs::create_dir_all(&folder).map_err(StageError::io(format!("cannot make {}", folder.display())))?;
        let executor = LoneExecutor::new(core.id).map_err(StageError::Executor)?;
        let (files, block) = executor.run(async {
            let files = LogFiles::open(&folder).await?;
            files.make_spare(1, SEGMENT_BYTES).await.map_err(|error| StageError::Stuck(format!("{error:?}")))?;
            files.open_segment(1, 1, &[0; SEGMENT_HEADER_BYTES], DirectorySync::Sync).await?;
            let mut block = block_buffer(BLOCK_BYTES);
            let bytes = input.frames.iter().flat_map(|frame| frame.iter().copied()).cycle();
            block.bytes_mut().iter_mut().zip(bytes).for_each(|(into, byte)| *into = byte);
            Ok::<_, StageError>((files, block))
        })?;
        let offset = SEGMENT_HEADER_BYTES as u64;
        let wire_bytes_per_row = input.wire_bytes_per_row()?;
        Ok(Self { executor, files: Some(files), block: Some(block), offset, wire_bytes_per_row })
    }
}

impl Stage for LogWrite {
    fn name(&self) -> StageName {
        StageName::LogWrite
    }

    /// The kernel syncs in threads of its own.
    fn clock(&self) -> Clock {
        Clock::Process
    }

    fn input(&self) -> &'static str {
        "one block of 1 MiB, written around the page cache into a segment of zeros; an fdatasync after each"
    }

    fn pass(&mut self, stopwatch: &mut Stopwatch) -> Result<u64, StageError> {
        let Self { executor, files: Some(files), block, offset, .. } = self else { return Ok(0) };
        stopwatch.time(0, || {
            executor.run(async {
                for _ in 0..PASS_BYTES / BLOCK_BYTES {
                    let Some(full) = block.take() else { break };
                    *block = Some(files.write(1, *offset, full, BLOCK_BYTES).await?);
                    files.sync(1).await?;
                    *offset += BLOCK_BYTES as u64;
                    if *offset + BLOCK_BYTES as u64 > SEGMENT_BYTES {
                        *offset = SEGMENT_HEADER_BYTES as u64;
                    }
                }
                Ok::<_, LogFileError>(())
            })
        })?;
        Ok((PASS_BYTES as f64 / self.wire_bytes_per_row) as u64)
    }
}

impl Drop for LogWrite {
    fn drop(&mut self) {
        let (files, block) = (self.files.take(), self.block.take());
        // They are the executor's, and go where it runs.
        self.executor.run(async move { drop((files, block)) });
    }
}
