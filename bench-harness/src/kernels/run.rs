use super::arguments::KernelsArguments;
use crate::stages::stopwatch::Clock;
use crate::stages::{Input, StageError, Stopwatch};
use arrow::error::ArrowError;
use arrow::ipc::reader::FileReader;
use arrow::record_batch::RecordBatch;
use lakehead_engine::columns::table_builder::RowGroupSize;
use std::fs::File;
use std::io::BufReader;

/// Small, so that a count takes seconds.
const SIZE: RowGroupSize = RowGroupSize { rows: 1 << 16, bytes: 32 << 20 };

/// Goes through a kernel; says how many rows were counted.
pub fn run(arguments: &KernelsArguments) -> Result<(), StageError> {
    let (kernel, path) = (arguments.kernel, &arguments.rows_file);
    let file = File::open(path).map_err(StageError::io(format!("cannot read {}", path.display())))?;
    let rows = FileReader::try_new(BufReader::new(file), None)?;
    let schema = rows.schema();
    let input = Input::new(&schema, batches(rows, kernel.batch_rows()), SIZE)?;
    let mut stage = kernel.stage(&input)?;
    stage.pass(&mut Stopwatch::new(Clock::Off, 0))?;
    let mut counted = 0;
    for _ in 0..arguments.iterations {
        counted += stage.pass(&mut Stopwatch::new(Clock::Thread, stage.parts().count()))?;
    }
    println!("{counted} rows");
    Ok(())
}

/// The rows again, so many at a time.
fn batches(
    rows: FileReader<BufReader<File>>,
    batch_rows: usize,
) -> impl Iterator<Item = Result<RecordBatch, ArrowError>> {
    rows.flat_map(move |batch| {
        let parts: Vec<_> = match batch {
            Err(error) => vec![Err(error)],
            Ok(batch) => {
                let starts = (0..batch.num_rows()).step_by(batch_rows);
                starts.map(|start| Ok(batch.slice(start, batch_rows.min(batch.num_rows() - start)))).collect()
            }
        };
        parts
    })
}
