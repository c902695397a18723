//! Many devices, several servers, perhaps a slow link: compressed batches, and metrics of what happens.
//!
//! ```text
//! cargo run --release --example telemetry -- --server 10.0.0.1:7531 --server 10.0.0.2:7531 --table telemetry \
//!     --compression zstd
//! ```

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use lakehead_client::{Batching, Client, Compression, Error as ClientError, Metrics, StreamLabel, Watermarks};
use serde::Serialize;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

const DEVICES: u64 = 4;
const ROWS: u64 = 20_000;

#[derive(Serialize)]
struct Sample {
    device: u64,
    at_ms: u64,
    status: &'static str,
    load: f64,
}

/// Counters as a program would export them.
#[derive(Default)]
struct Counters {
    rows: AtomicU64,
    bytes_sent: AtomicU64,
    resent: AtomicU64,
    committed: AtomicU64,
}

impl Metrics for Counters {
    fn connected(&self, stream: StreamLabel<'_>, server: &str) {
        eprintln!("{} {} is connected to {server}", stream.table, stream.name.unwrap_or("(anonymous)"));
    }

    fn connect_failed(&self, _: StreamLabel<'_>, server: &str, cause: &ClientError) {
        eprintln!("{server}: {cause}");
    }

    fn rows_appended(&self, _: StreamLabel<'_>, rows: u64, _: usize) {
        self.rows.fetch_add(rows, Relaxed);
    }

    fn frame_sent(&self, _: StreamLabel<'_>, _: u64, bytes: usize) {
        self.bytes_sent.fetch_add(bytes as u64, Relaxed);
    }

    fn frame_resent(&self, _: StreamLabel<'_>, rows: u64, _: usize) {
        self.resent.fetch_add(rows, Relaxed);
    }

    fn acked(&self, _: StreamLabel<'_>, watermarks: Watermarks) {
        self.committed.fetch_max(watermarks.committed.offset, Relaxed);
    }
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("device", DataType::Int64, false),
        Field::new("at_ms", DataType::Int64, false),
        Field::new("status", DataType::Utf8, true),
        Field::new("load", DataType::Float64, true),
    ]))
}

async fn device(client: Client, table: String, device: u64) -> Result<u64, ClientError> {
    // A slow device's rows go together: a fifth of a second is soon enough.
    let batching = Batching { linger: Duration::from_millis(200), ..Batching::default() };
    let mut stream = client.stream(table).schema(schema()).batching(batching).open().await?;
    for at_ms in 0..ROWS {
        let status = if at_ms % 1_000 == 0 { "starting" } else { "running" };
        let load = (at_ms % 100) as f64 / 100.0;
        stream.append_row(&Sample { device, at_ms, status, load }).await?;
    }
    Ok(stream.close().await?.offset)
}

/// Sends from all devices at once.
pub async fn run(servers: &[String], table: &str, compression: Compression) -> Result<(), Box<dyn Error>> {
    let counters = Arc::new(Counters::default());
    let mut builder = Client::builder().compression(compression).metrics(counters.clone());
    for server in servers {
        builder = builder.server(server);
    }
    let client = builder.build()?;
    let send = |number| device(client.clone(), table.to_owned(), number);
    let ends = tokio::try_join!(send(0), send(1), send(2), send(3))?;
    let (rows, bytes) = (counters.rows.load(Relaxed), counters.bytes_sent.load(Relaxed));
    println!("{rows} rows in {bytes} bytes, {} of them sent again", counters.resent.load(Relaxed));
    let expected = (ROWS, ROWS, ROWS, ROWS);
    if ends != expected || rows != DEVICES * ROWS || counters.committed.load(Relaxed) != ROWS {
        return Err(format!("of {ROWS} rows each, {ends:?} are committed and {rows} were counted").into());
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let values = |name: &str| {
        let pairs = arguments.windows(2).filter(|pair| pair[0] == name);
        pairs.map(|pair| pair[1].clone()).collect::<Vec<_>>()
    };
    let mut servers = values("--server");
    if servers.is_empty() {
        servers.push("127.0.0.1:7531".to_owned());
    }
    let table = values("--table").pop().unwrap_or_else(|| "telemetry".to_owned());
    let compression = match values("--compression").pop().as_deref() {
        None | Some("none") => Compression::None,
        Some("lz4") => Compression::Lz4,
        Some("zstd") => Compression::Zstd,
        Some(other) => return Err(format!("{other} is no compression; there are none, lz4 and zstd").into()),
    };
    run(&servers, &table, compression).await
}
