//! Rows one by one: any serde value whose fields are the table's columns.
//!
//! ```text
//! cargo run --release --example rows -- --server 127.0.0.1:7531 --table readings --rows 100000
//! ```

use arrow::datatypes::{DataType, Field, Schema};
use lakehead_client::Client;
use serde::Serialize;
use std::error::Error;
use std::sync::Arc;

#[derive(Serialize)]
struct Reading<'a> {
    device: &'a str,
    sequence: u64,
    celsius: Option<f64>,
}

/// Sends readings and waits until they are in the table.
pub async fn run(server: &str, table: &str, rows: u64) -> Result<(), Box<dyn Error>> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("device", DataType::Utf8, false),
        Field::new("sequence", DataType::Int64, false),
        Field::new("celsius", DataType::Float64, true),
    ]));
    let client = Client::builder().server(server).build()?;
    let mut stream = client.stream(table).schema(schema).open().await?;
    for sequence in 0..rows {
        let device = if sequence % 2 == 0 { "kiln" } else { "dryer" };
        // Every tenth has nothing to say.
        let celsius = (sequence % 10 != 0).then_some(20.0 + (sequence % 7) as f64 / 2.0);
        stream.append_row(&Reading { device, sequence, celsius }).await?;
    }
    // A row that does not fit is told at once, and the stream goes on.
    let wrong = stream.append_row(&("not", "a", "reading")).await;
    if !wrong.is_err_and(|error| error.is_data_error()) {
        return Err("a row without names was taken for a reading".into());
    }
    let committed = stream.close().await?;
    println!("{} readings are in {table}, the last since version {}", committed.offset, committed.version);
    if committed.offset != rows {
        return Err(format!("{rows} rows were appended and {} are committed", committed.offset).into());
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = argument("--server").unwrap_or_else(|| "127.0.0.1:7531".to_owned());
    let table = argument("--table").unwrap_or_else(|| "readings".to_owned());
    let rows = argument("--rows").map_or(Ok(100_000), |rows| rows.parse())?;
    run(&server, &table, rows).await
}

fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}
