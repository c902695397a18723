use crate::arguments::GenerateArguments;
use crate::workload::Workload;
use arrow::error::ArrowError;
use arrow::ipc::writer::FileWriter;
use std::fs::File;
use std::io::BufWriter;

const BATCH_ROWS: usize = 65_536;
/// What a `stream` column says in a file that no stream was sent from.
const STREAM_NAME: &str = "generated";

/// Writes the rows of stream 0.
pub fn generate(arguments: &GenerateArguments) -> Result<(), ArrowError> {
    let workload = Workload::new(arguments.workload, arguments.seed, BATCH_ROWS)?;
    let file = BufWriter::new(File::create(&arguments.out)?);
    let mut writer = FileWriter::try_new(file, &workload.schema())?;
    for first in (0..arguments.rows).step_by(BATCH_ROWS) {
        let rows = (arguments.rows - first).min(BATCH_ROWS as u64) as usize;
        writer.write(&workload.batch(0, STREAM_NAME, first, rows)?)?;
    }
    writer.finish()
}
