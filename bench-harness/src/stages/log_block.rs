use super::error::StageError;
use super::input::{Input, header};
use super::name::StageName;
use super::pretended_disk::settle;
use super::stage::Stage;
use super::stopwatch::Stopwatch;
use lakehead_engine::handover::log_part::{LogId, Remembered};
use lakehead_engine::log::{
    Canary, HeapBuffer, Log, LogAction, NewRows, SchemaNumber, Settings, StreamNumber, TableNumber,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// Bytes of a block under load, as reactors close them.
pub const BLOCK_BYTES: usize = 1 << 20;
const SEGMENT_BYTES: u32 = 128 << 20;
const SEGMENTS: u64 = 16;
/// Of the log's clock, between two blocks: enough for any linger.
const BLOCK_US: u64 = 10_000;

/// The log's state machine over a disk that has done everything at once: each frame is copied into a block and summed, and
/// full blocks get their place and their header.
pub struct LogBlock<'a> {
    input: &'a Input,
    log: Log,
    actions: Vec<LogAction>,
    numbers: (TableNumber, SchemaNumber, StreamNumber),
    now_us: u64,
    next: u64,
}

impl<'a> LogBlock<'a> {
    /// # Errors
    /// When the log does not open a segment.
    pub fn new(input: &'a Input) -> Result<Self, StageError> {
        let settings = Settings {
            bytes_max: SEGMENTS * u64::from(SEGMENT_BYTES),
            segment_bytes: SEGMENT_BYTES,
            block_bytes: BLOCK_BYTES,
            linger_us: 0,
            buffers: Rc::new(|bytes| Box::new(HeapBuffer::new(bytes))),
            salts: Rc::new(RefCell::new(|| [7; 16])),
            canary: Canary::None,
        };
        let mut log = Log::new(settings, LogId([1; 16]), 1);
        let table = log.note_table(&Arc::from("table"), &Arc::from("t"));
        let schema = log.note_schema(table, &Arc::new(input.wire.clone()));
        let stream = log.note_stream(table, None, 0);
        let mut stage = Self { input, log, actions: Vec::new(), numbers: (table, schema, stream), now_us: 0, next: 0 };
        stage.settle()?;
        Ok(stage)
    }

    fn settle(&mut self) -> Result<(), StageError> {
        self.now_us += BLOCK_US;
        settle(&mut self.log, self.now_us, &mut self.actions)
    }

    fn append(&mut self, frames: &[(u32, &[u8])]) -> Result<(), StageError> {
        let mut gathered = 0;
        for (rows, frame) in frames {
            let (table, schema, stream) = self.known();
            self.next += u64::from(*rows);
            self.log.append(NewRows { table, schema, stream, skip: 0, next: self.next, frame, decision: &[] });
            gathered += frame.len();
            if gathered + frame.len() > BLOCK_BYTES {
                gathered = 0;
                self.settle()?;
            }
        }
        self.settle()
    }

    /// What rows are appended under. A new segment leaves out what no entry needs: then it is noted again.
    fn known(&mut self) -> (TableNumber, SchemaNumber, StreamNumber) {
        let (table, schema, stream) = &mut self.numbers;
        if !self.log.has_schema(*schema) {
            *schema = self.log.note_schema(*table, &Arc::new(self.input.wire.clone()));
        }
        if !self.log.has_stream(*stream) {
            *stream = self.log.note_stream(*table, None, 0);
        }
        self.numbers
    }

    /// The table has everything: its segments may go.
    fn commit(&mut self) -> Result<(), StageError> {
        let remembered = Remembered { claim: 1, position: self.log.next_position().0, version: 1 };
        self.log.committed(self.numbers.0, remembered);
        self.settle()
    }
}

impl Stage for LogBlock<'_> {
    fn name(&self) -> StageName {
        StageName::LogBlock
    }

    fn input(&self) -> &'static str {
        "warm: the frames of one receive buffer (1 MiB), over and over, into full blocks of 1 MiB that are used again"
    }

    fn pass(&mut self, stopwatch: &mut Stopwatch) -> Result<u64, StageError> {
        let frames: Result<Vec<_>, StageError> = {
            let frames = self.input.pass_frames()?.into_iter();
            frames.map(|frame| Ok((header(frame)?.rows, frame.as_slice()))).collect()
        };
        let frames = frames?;
        stopwatch.time(0, || self.append(&frames))?;
        self.commit()?;
        Ok(frames.iter().map(|(rows, _)| u64::from(*rows)).sum())
    }
}
