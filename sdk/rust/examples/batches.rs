//! Arrow batches: the fastest way in, for whoever has columns already.
//!
//! ```text
//! cargo run --release --example batches -- --server 127.0.0.1:7531 --table trades --batches 50
//! ```

use arrow::array::{ArrayRef, Decimal128Array, Int32Array, LargeStringArray, RecordBatch, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use lakehead_client::{Client, Promise};
use std::error::Error;
use std::sync::Arc;

const ROWS: i32 = 1_000;

/// Sends batches, waits for each tenth, and looks at the table's columns in between.
pub async fn run(server: &str, table: &str, batches: i32) -> Result<(), Box<dyn Error>> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("symbol", DataType::Utf8, false),
        Field::new("price", DataType::Decimal128(12, 4), false),
        Field::new("quantity", DataType::Int64, false),
        Field::new("traded_at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
    ]));
    let client = Client::builder().server(server).build()?;
    let mut stream = client.stream(table).schema(schema).open().await?;
    for number in 0..batches {
        let end = stream.append(trades(number)?).await?;
        if number % 10 == 9 {
            let known = stream.wait_for(end, Promise::Committed).await?;
            println!("{} rows are in version {}", known.committed.offset, known.committed.version);
        }
    }
    // A batch with a value that its column cannot hold is refused whole, and the stream goes on.
    let quantity = vec![Some(1), None];
    let with_null = trades_of(vec!["A", "B"], vec![1, 2], quantity, vec![1, 2])?;
    let Err(refused) = stream.append(with_null).await else { return Err("a NULL was taken where none may be".into()) };
    println!("refused as it should be: {refused}");
    let committed = stream.close().await?;
    let expected = (batches * ROWS) as u64;
    if committed.offset != expected {
        return Err(format!("{expected} rows were appended and {} are committed", committed.offset).into());
    }
    let described = client.describe(table).await?;
    println!(
        "{table} ({}) has {} columns in version {}",
        described.id(),
        described.schema().fields().len(),
        described.version()
    );
    if described.schema().fields().len() != 4 {
        return Err("the table does not have the columns that it was made with".into());
    }
    Ok(())
}

/// Columns in other types than the stream's: they are cast where that keeps each value.
fn trades(number: i32) -> Result<RecordBatch, Box<dyn Error>> {
    let rows = number * ROWS..(number + 1) * ROWS;
    let symbols = rows.clone().map(|row| ["AAA", "BBB", "CCC"][row as usize % 3]).collect();
    let prices = rows.clone().map(|row| 1_000_000 + i128::from(row)).collect();
    let quantities = rows.clone().map(|row| Some(row % 100)).collect();
    trades_of(symbols, prices, quantities, rows.map(|row| 1_700_000_000_000 + i64::from(row)).collect())
}

fn trades_of(
    symbols: Vec<&str>,
    prices: Vec<i128>,
    quantities: Vec<Option<i32>>,
    times: Vec<i64>,
) -> Result<RecordBatch, Box<dyn Error>> {
    let prices = Decimal128Array::from(prices).with_precision_and_scale(10, 4)?;
    let columns: [(&str, ArrayRef); 4] = [
        ("traded_at", Arc::new(TimestampMillisecondArray::from(times).with_timezone("UTC"))),
        ("symbol", Arc::new(LargeStringArray::from(symbols))),
        ("price", Arc::new(prices)),
        ("quantity", Arc::new(Int32Array::from(quantities))),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = argument("--server").unwrap_or_else(|| "127.0.0.1:7531".to_owned());
    let table = argument("--table").unwrap_or_else(|| "trades".to_owned());
    let batches = argument("--batches").map_or(Ok(50), |batches| batches.parse())?;
    run(&server, &table, batches).await
}

fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}
