use super::error::StageError;
use super::input::Input;
use super::name::StageName;
use super::stage::Stage;
use super::stopwatch::Stopwatch;
use lakehead_protocol::limits::HEADER_BYTES;
use std::hint::black_box;

/// The checksum of payloads.
pub struct Checksum<'a>(pub &'a Input);

impl Stage for Checksum<'_> {
    fn name(&self) -> StageName {
        StageName::Checksum
    }

    fn input(&self) -> &'static str {
        "warm: the frames of one receive buffer (1 MiB), over and over"
    }

    fn pass(&mut self, stopwatch: &mut Stopwatch) -> Result<u64, StageError> {
        let frames = self.0.pass_frames()?;
        stopwatch.time(0, || {
            for frame in &frames {
                black_box(crc32c::crc32c(black_box(&frame[HEADER_BYTES..])));
            }
        });
        Ok(self.0.pass_rows())
    }
}
