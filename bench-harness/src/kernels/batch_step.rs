use crate::stages::admitted::{Admitted, Judged};
use crate::stages::input::{header, view};
use crate::stages::{Input, Stage, StageError, StageName, Stopwatch};

/// Everything that a shard does with a frame of one stream.
pub struct BatchStep<'a> {
    input: &'a Input,
    admitted: Admitted,
}

impl<'a> BatchStep<'a> {
    /// # Errors
    /// When the shard does not welcome the stream.
    pub fn new(input: &'a Input) -> Result<Self, StageError> {
        let schema_id = input.frames.first().map(header).transpose()?.map_or(0, |header| header.schema_id);
        Ok(Self { input, admitted: Admitted::new(input, schema_id)? })
    }
}

impl Stage for BatchStep<'_> {
    fn name(&self) -> StageName {
        StageName::Admission
    }

    fn input(&self) -> &'static str {
        "one stream, all rows new"
    }

    fn pass(&mut self, stopwatch: &mut Stopwatch) -> Result<u64, StageError> {
        let judged = |frame| view(frame).map(|(header, batch)| (header, batch, frame));
        let frames: Result<Vec<Judged<'_>>, _> = self.input.pass_frames()?.into_iter().map(judged).collect();
        let frames = frames?;
        stopwatch.time(0, || frames.iter().try_for_each(|frame| self.admitted.take(*frame)))?;
        Ok(self.input.pass_rows())
    }
}
