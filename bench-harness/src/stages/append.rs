use super::error::StageError;
use super::input::{Input, view};
use super::name::StageName;
use super::stage::Stage;
use super::stopwatch::Stopwatch;
use lakehead_engine::columns::table_builder::TableBuilder;
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::header::Header;

/// Row groups that take turns, as in an engine, where some are still being encoded while the next one fills.
pub const ROW_GROUPS: usize = 4;

/// From judged archives to columns, until a row group is full.
pub struct Append<'a> {
    input: &'a Input,
    builders: Vec<TableBuilder>,
    next: usize,
}

impl<'a> Append<'a> {
    /// Into so many row groups by turns.
    ///
    /// # Errors
    /// When the columns cannot be built.
    pub fn new(input: &'a Input, row_groups: usize) -> Result<Self, StageError> {
        let builders: Result<_, _> =
            (0..row_groups).map(|_| TableBuilder::new(input.table.clone(), input.size)).collect();
        Ok(Self { input, builders: builders?, next: 0 })
    }
}

impl Stage for Append<'_> {
    fn name(&self) -> StageName {
        StageName::Append
    }

    fn input(&self) -> &'static str {
        "warm: the frames of one receive buffer (1 MiB), over and over, into four row groups by turns"
    }

    fn pass(&mut self, stopwatch: &mut Stopwatch) -> Result<u64, StageError> {
        let turn = self.next % self.builders.len();
        let builder = &mut self.builders[turn];
        self.next += 1;
        let rows = fill(builder, self.input, stopwatch)?;
        builder.clear()?;
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
