use super::admitted::Admitted;
use super::error::StageError;
use super::input::{Input, header};
use super::name::StageName;
use super::stage::Stage;
use super::stopwatch::Stopwatch;
use lakehead_engine::shard::admission::{Admission as Judged, judge};
use std::hint::black_box;

/// Who sends, with which credit, in which schema, and whether the rows are new: all that a shard asks of a frame before it
/// looks at its content.
pub struct Admission<'a> {
    input: &'a Input,
    admitted: Admitted,
}

impl<'a> Admission<'a> {
    /// # Errors
    /// When the shard does not welcome the stream.
    pub fn new(input: &'a Input) -> Result<Self, StageError> {
        let schema_id = input.frames.first().map(header).transpose()?.map_or(0, |header| header.schema_id);
        Ok(Self { input, admitted: Admitted::new(input, schema_id)? })
    }
}

impl Stage for Admission<'_> {
    fn name(&self) -> StageName {
        StageName::Admission
    }

    fn input(&self) -> &'static str {
        "headers that were decoded before; one stream, all rows new"
    }

    fn pass(&mut self, stopwatch: &mut Stopwatch) -> Result<u64, StageError> {
        let headers: Result<Vec<_>, _> = self.input.pass_frames()?.into_iter().map(header).collect();
        let headers = headers?;
        let mut next = 0;
        stopwatch.time(0, || {
            for header in &headers {
                self.admitted.judge_header(black_box(header))?;
                match judge(next, black_box(next), header.rows) {
                    Judged::Accept { .. } => next += u64::from(header.rows),
                    other => return Err(StageError::Shard(format!("{other:?}"))),
                }
            }
            Ok(())
        })?;
        Ok(next)
    }
}
