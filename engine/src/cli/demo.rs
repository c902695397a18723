//! `lakehead demo`: live telemetry, so that one can watch the engine work.

use super::exit::Exit;
use super::output::{say, tell};
use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use clap::Args;
use lakehead_client::{Client, Committed, Error, Stream};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Flags of `lakehead demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// A running engine.
    #[arg(long, value_name = "ADDR", env = "LAKEHEAD_SERVER", default_value = "127.0.0.1:7531")]
    server: String,
    /// The table; it is made when it does not exist.
    #[arg(long, default_value = "telemetry")]
    table: String,
    /// How long to send.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Readings per second.
    #[arg(long, default_value_t = 20_000)]
    rate: u64,
}

const BATCHES_PER_SECOND: u64 = 20;
const DEVICES: i64 = 500;

#[derive(Debug, thiserror::Error)]
enum DemoError {
    #[error(transparent)]
    Client(#[from] Error),
    #[error("readings do not fit their columns: {0}")]
    Columns(#[from] ArrowError),
    #[error("no runtime: {0}")]
    Runtime(#[from] std::io::Error),
}

/// Runs `lakehead demo`.
pub fn run(arguments: DemoArguments) -> Exit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(DemoError::from);
    match runtime.and_then(|runtime| runtime.block_on(send(&arguments))) {
        Ok(committed) => {
            let (rows, version) = (committed.offset, committed.version);
            say(format_args!("{rows} readings are in table {} (version {version})", arguments.table));
            Exit::Success
        }
        Err(error) => {
            tell(format_args!("lakehead demo: {error}"));
            match error {
                DemoError::Client(error) if error.is_retryable() => Exit::TryLater,
                _ => Exit::Failure,
            }
        }
    }
}

async fn send(arguments: &DemoArguments) -> Result<Committed, DemoError> {
    let client = Client::builder().server(&arguments.server).build()?;
    let mut stream = client.stream(&arguments.table).schema(schema()).open().await?;
    let rows = (arguments.rate / BATCHES_PER_SECOND).max(1) as i64;
    let mut timer = tokio::time::interval(Duration::from_millis(1000 / BATCHES_PER_SECOND));
    for batch in 0..arguments.seconds * BATCHES_PER_SECOND {
        timer.tick().await;
        stream.append(readings(batch as i64 * rows, rows)?).await?;
        if batch % BATCHES_PER_SECOND == BATCHES_PER_SECOND - 1 {
            report(&stream);
        }
    }
    Ok(stream.close().await?)
}

fn report(stream: &Stream) {
    let committed = stream.committed();
    let sent = stream.next_offset();
    tell(format_args!("sent {sent:>9}   in the table {:>9} (version {})", committed.offset, committed.version));
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("ts", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false),
        Field::new("device", DataType::Utf8, false),
        Field::new("reading", DataType::Int64, false),
        Field::new("temperature", DataType::Float64, true),
    ]))
}

/// Readings from number `first` on: devices take turns, temperatures swing, one in a hundred is missing.
fn readings(first: i64, rows: i64) -> Result<RecordBatch, ArrowError> {
    let now = now_us();
    let numbers = first..first + rows;
    let times = TimestampMicrosecondArray::from_iter_values(numbers.clone().map(|number| now + number - first));
    let devices =
        StringArray::from_iter_values(numbers.clone().map(|number| format!("device-{:04}", number % DEVICES)));
    let temperatures: Float64Array = numbers
        .clone()
        .map(|number| (number % 100 != 99).then(|| 20.0 + (number as f64 / 5_000.0).sin() * 8.0))
        .collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(times.with_timezone("UTC")),
        Arc::new(devices),
        Arc::new(Int64Array::from_iter_values(numbers)),
        Arc::new(temperatures),
    ];
    RecordBatch::try_new(schema(), columns)
}

#[expect(clippy::disallowed_methods, reason = "live readings carry the time of day")]
fn now_us() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64)
}
