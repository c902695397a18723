use super::error::StageError;
use super::input::{Input, header, view};
use super::name::StageName;
use super::stage::Stage;
use super::stopwatch::Stopwatch;
use lakehead_protocol::archive::access;
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::batch_check;
use lakehead_protocol::limits::HEADER_BYTES;
use std::hint::black_box;

/// What a frame is judged by before its shard sees it, and its batch's content.
pub struct Decode<'a> {
    pub input: &'a Input,
    pub payload: Payload,
}

/// Whether payloads are summed, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// The checksum is a stage of its own.
    Viewed,
    /// As a reactor does it, in one.
    SummedAndViewed,
}

impl Stage for Decode<'_> {
    fn name(&self) -> StageName {
        StageName::Decode
    }

    fn input(&self) -> &'static str {
        "warm: the frames of one receive buffer (1 MiB), over and over; header, archive in place, batch check"
    }

    fn pass(&mut self, stopwatch: &mut Stopwatch) -> Result<u64, StageError> {
        let frames = self.input.pass_frames()?;
        let schema = &self.input.layout.schema;
        stopwatch.time(0, || {
            for frame in &frames {
                let (header, batch) = match self.payload {
                    Payload::SummedAndViewed => view(black_box(frame))?,
                    Payload::Viewed => {
                        let header = header(black_box(frame))?;
                        let payload = &frame[HEADER_BYTES..HEADER_BYTES + header.payload_bytes as usize];
                        (header, access::<ArchivedBatch>(payload)?)
                    }
                };
                batch_check::check(black_box(batch), schema, header.rows)?;
            }
            Ok::<_, StageError>(())
        })?;
        Ok(self.input.pass_rows())
    }
}
