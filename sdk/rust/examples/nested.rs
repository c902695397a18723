//! Rows with structs, arrays and maps inside: as deep as the table's columns are.
//!
//! ```text
//! cargo run --release --example nested -- --server 127.0.0.1:7531 --table trips
//! ```

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use lakehead_client::Client;
use serde::Serialize;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

const TRIPS: u64 = 1_000;

#[derive(Serialize)]
struct Trip<'a> {
    vehicle: &'a str,
    stops: Vec<Stop>,
    fares: BTreeMap<&'a str, i64>,
}

#[derive(Serialize)]
struct Stop {
    place: String,
    // A stop that nobody measured has no position.
    position: Option<Position>,
}

#[derive(Serialize)]
struct Position {
    north: f64,
    east: f64,
}

fn schema() -> SchemaRef {
    let position = [("north", DataType::Float64), ("east", DataType::Float64)];
    let position = Fields::from_iter(position.map(|(name, data_type)| Field::new(name, data_type, false)));
    let stop = Fields::from_iter([
        Field::new("place", DataType::Utf8, false),
        Field::new("position", DataType::Struct(position), true),
    ]);
    let stops = DataType::new_list(DataType::Struct(stop), true);
    let entries =
        Fields::from_iter([Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Int64, true)]);
    let fares = DataType::Map(Arc::new(Field::new("key_value", DataType::Struct(entries), false)), false);
    Arc::new(Schema::new(vec![
        Field::new("vehicle", DataType::Utf8, false),
        Field::new("stops", stops, true),
        Field::new("fares", fares, true),
    ]))
}

/// Sends trips and waits until they are in the table.
pub async fn run(server: &str, table: &str) -> Result<(), Box<dyn Error>> {
    let client = Client::builder().server(server).build()?;
    let mut stream = client.stream(table).schema(schema()).open().await?;
    for trip in 0..TRIPS {
        let stop = |number: u64| Stop {
            place: format!("stop {number}"),
            position: (!number.is_multiple_of(3)).then_some(Position { north: number as f64, east: -(number as f64) }),
        };
        let stops = (0..trip % 4).map(stop).collect();
        let fares = BTreeMap::from([("adult", 240), ("child", 120)]);
        let vehicle = if trip % 2 == 0 { "tram" } else { "bus" };
        stream.append_row(&Trip { vehicle, stops, fares }).await?;
    }
    let committed = stream.close().await?;
    println!("{} trips are in {table}, the last since version {}", committed.offset, committed.version);
    if committed.offset != TRIPS {
        return Err(format!("{TRIPS} rows were appended and {} are committed", committed.offset).into());
    }
    // The table has the columns that were sent.
    let found = client.describe(table).await?;
    if found.schema().field(1).data_type().is_nested() {
        return Ok(());
    }
    Err(format!("the table's columns are {:?}", found.schema()).into())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let argument = |name: &str| std::env::args().skip_while(|argument| argument != name).nth(1);
    let server = argument("--server").unwrap_or_else(|| "127.0.0.1:7531".to_owned());
    let table = argument("--table").unwrap_or_else(|| "trips".to_owned());
    run(&server, &table).await
}
