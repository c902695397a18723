use super::append::fill;
use super::error::StageError;
use super::input::Input;
use super::name::StageName;
use super::stage::Stage;
use super::stopwatch::{Clock, Stopwatch};
use lakehead_engine::columns::table_builder::TableBuilder;

/// Full columns into Arrow arrays, with room for the next row group.
pub struct Seal<'a> {
    input: &'a Input,
    builder: TableBuilder,
}

impl<'a> Seal<'a> {
    /// # Errors
    /// When the columns cannot be built.
    pub fn new(input: &'a Input) -> Result<Self, StageError> {
        Ok(Self { input, builder: TableBuilder::new(input.table.clone(), input.size)? })
    }
}

impl Stage for Seal<'_> {
    fn name(&self) -> StageName {
        StageName::Seal
    }

    fn input(&self) -> &'static str {
        "as it was appended just before"
    }

    fn pass(&mut self, stopwatch: &mut Stopwatch) -> Result<u64, StageError> {
        let rows = fill(&mut self.builder, self.input, &mut Stopwatch::new(Clock::Off, 0))?;
        let sealed = stopwatch.time(0, || self.builder.seal())?;
        drop(sealed);
        Ok(rows)
    }
}
