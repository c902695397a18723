use super::document::ClientReport;
use super::figures::{Figures, table};
use super::input::Input;
use super::path::{Pass, timed};
use crate::arguments::ClientArguments;
use crate::measure::write as write_document;
use crate::report::Header;
use crate::run::clock;
use crate::workload::{Kind, row_bytes};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use lakehead_client::bench::{Rows, frames};
use std::hint::black_box;
use std::time::Duration;

/// Batches that a pass goes through: more rows than a core's own caches hold, as a producer's are new each time.
const BATCHES: usize = 16;

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("the rows could not be made: {0}")]
    Input(#[from] ArrowError),
    #[error("{0}")]
    Client(#[from] lakehead_client::Error),
    #[error("the table could not be printed: {0}")]
    Print(#[from] std::fmt::Error),
    #[error("the figures could not be written: {0}")]
    Write(#[from] std::io::Error),
}

/// Measures all paths, prints a table, and writes a document if one is asked for.
pub fn run(arguments: &ClientArguments) -> Result<(), ClientError> {
    let started_unix_ms = clock::unix_milliseconds();
    let batch_rows = arguments.batch_rows.map_or(Kind::Telemetry.batch_rows(), |rows| rows as usize);
    let input = Input::telemetry(arguments.seed, BATCHES, batch_rows)?;
    let figures = measure(&input, Duration::from_secs_f64(arguments.seconds))?;
    print!("{}", table(&figures)?);
    if let Some(path) = &arguments.json {
        let header = Header::here("client", started_unix_ms, None);
        write_document(&ClientReport { header, paths: figures }, path)?;
    }
    Ok(())
}

fn measure(input: &Input, time: Duration) -> Result<Vec<Figures>, ClientError> {
    let bytes: Result<Vec<u64>, _> = input.plain.iter().map(row_bytes).collect();
    let rows: usize = input.plain.iter().map(RecordBatch::num_rows).sum();
    let row_bytes = bytes?.iter().sum::<u64>() as f64 / rows as f64;
    let readings = input.readings();
    let mut columns = Rows::new(input.schema.clone())?;
    let mut rows_to_batches = |seal: &mut dyn FnMut(RecordBatch) -> Result<usize, lakehead_client::Error>| {
        let mut pass = Pass::default();
        for batch in &readings {
            for reading in batch {
                black_box(columns.push(black_box(reading))?);
            }
            pass.rows += batch.len();
            pass.frame_bytes += seal(columns.seal()?)?;
        }
        Ok(pass)
    };
    let to_frames = |batch: &RecordBatch, schema: &SchemaRef| {
        let frames = black_box(frames(batch, schema)?);
        Ok(frames.iter().map(|frame| frame.len()).sum())
    };
    let batches_to_frames = |batches: &[RecordBatch]| {
        let mut pass = Pass::default();
        for batch in batches {
            pass.rows += batch.num_rows();
            pass.frame_bytes += to_frames(batch, &input.schema)?;
        }
        Ok(pass)
    };
    Ok(vec![
        timed("rows to columns", time, row_bytes, || {
            rows_to_batches(&mut |batch| {
                black_box(batch);
                Ok(0)
            })
        })?,
        timed("rows to frames", time, row_bytes, || rows_to_batches(&mut |batch| to_frames(&batch, &input.schema)))?,
        timed("batches to frames", time, row_bytes, || batches_to_frames(&input.plain))?,
        timed("batches with dictionaries to frames", time, row_bytes, || batches_to_frames(&input.encoded))?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{assert_documented, sample};

    #[test]
    fn every_path_is_measured() {
        let input = Input::telemetry(1, 2, 50).unwrap();
        let figures = measure(&input, Duration::from_millis(1)).unwrap();
        assert_eq!(figures.len(), 4);
        for path in &figures {
            assert!(path.rows >= 100 && path.rows_per_second > 0.0, "{path:?}");
            assert!(path.ns_per_row_min <= path.ns_per_row_median, "{path:?}");
        }
        assert!(figures[1..].iter().all(|path| path.frame_bytes_per_row > 10.0));
        assert!(table(&figures).unwrap().lines().count() == 5);
        let document = ClientReport { header: sample::header("client"), paths: figures };
        assert_documented("client", &serde_json::to_value(document).unwrap());
    }
}
