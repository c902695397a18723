use super::error::StageError;
use super::input::{Input, view};
use super::name::StageName;
use super::stage::Stage;
use super::stopwatch::Stopwatch;
use lakehead_engine::columns::table_builder::TableBuilder;
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::header::Header;

/// From judged archives to columns, until a row group is full.
pub struct Append<'a> {
    input: &'a Input,
    builder: TableBuilder,
}

impl<'a> Append<'a> {
    /// # Errors
    /// When the columns cannot be built.
    pub fn new(input: &'a Input) -> Result<Self, StageError> {
        Ok(Self { input, builder: TableBuilder::new(input.table.clone(), input.size)? })
    }
}

impl Stage for Append<'_> {
    fn name(&self) -> StageName {
        StageName::Append
    }

    fn input(&self) -> &'static str {
        "warm: the frames of one receive buffer (1 MiB), over and over, into a row group whose room the last one left"
    }

    fn pass(&mut self, stopwatch: &mut Stopwatch) -> Result<u64, StageError> {
        let rows = fill(&mut self.builder, self.input, stopwatch)?;
        self.builder.clear()?;
        Ok(rows)
    }
}

/// Appends a pass's frames; gives their rows.
pub fn fill(builder: &mut TableBuilder, input: &Input, stopwatch: &mut Stopwatch) -> Result<u64, StageError> {
    let views: Result<Vec<(Header, &ArchivedBatch)>, _> = input.pass_frames()?.into_iter().map(view).collect();
    let views = views?;
    stopwatch.time(0, || {
        for (header, batch) in &views {
            builder.append(batch, &input.layout, 0, header.rows as usize, header.archive_bytes() as usize);
            if builder.is_full() {
                break;
            }
        }
    });
    Ok(builder.rows() as u64)
}
