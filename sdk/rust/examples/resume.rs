//! A producer that stops in the middle and is started again: every row is in the table once.
//!
//! ```text
//! cargo run --release --example resume -- --server 127.0.0.1:7531 --table orders --stream shop-1
//! ```
//!
//! The source of the rows must be able to begin at any of them: a file, a queue with offsets, a database's log. Here row
//! number n is n.

use arrow::datatypes::{DataType, Field, Schema};
use lakehead_client::{Client, Promise, Stream};
use serde::Serialize;
use std::error::Error;
use std::sync::Arc;

const ROWS: u64 = 10_000;

#[derive(Serialize)]
struct Order {
    number: u64,
}

/// One life of the producer: goes on where the table stands.
async fn open(client: &Client, table: &str, name: &str) -> Result<Stream, Box<dyn Error>> {
    let schema = Arc::new(Schema::new(vec![Field::new("number", DataType::Int64, false)]));
    let stream = client.stream(table).name(name).schema(schema).open().await?;
    println!("{name} goes on at row {}", stream.resume_offset());
    Ok(stream)
}

async fn append_up_to(stream: &mut Stream, end: u64) -> Result<(), Box<dyn Error>> {
    while stream.next_offset() < end {
        stream.append_row(&Order { number: stream.next_offset() }).await?;
    }
    Ok(())
}

/// Three lives of one producer.
pub async fn run(server: &str, table: &str, name: &str) -> Result<(), Box<dyn Error>> {
    let client = Client::builder().server(server).build()?;

    // The first is killed: what it had not sent is gone, what it had sent may be in the table or not.
    let mut first = open(&client, table, name).await?;
    let begun_at = first.resume_offset();
    append_up_to(&mut first, begun_at + ROWS / 2).await?;
    first.flush_to(Promise::Committed).await?;
    append_up_to(&mut first, begun_at + ROWS * 3 / 4).await?;
    drop(first);

    // The second is told where to go on, and takes the stream over.
    let mut second = open(&client, table, name).await?;
    let resumed_at = second.resume_offset();
    if !(begun_at + ROWS / 2..=begun_at + ROWS * 3 / 4).contains(&resumed_at) {
        return Err(format!("resumed at row {resumed_at}, which is not where the first life ended").into());
    }
    append_up_to(&mut second, begun_at + ROWS).await?;

    // Whoever opens the name last owns the stream: the second cannot write any more.
    second.flush_to(Promise::Committed).await?;
    let third = open(&client, table, name).await?;
    if third.resume_offset() != begun_at + ROWS {
        return Err(format!("{} rows are in the table, not {}", third.resume_offset(), begun_at + ROWS).into());
    }
    let written = match second.append_row(&Order { number: 0 }).await {
        Ok(_) => second.flush_to(Promise::Committed).await.map(|promised| promised.committed.offset),
        Err(error) => Err(error),
    };
    match written {
        Err(error) if error.code() == "FENCED" => println!("the second life is over: {error}"),
        other => return Err(format!("two producers wrote to one stream: {other:?}").into()),
    }
    third.close().await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = argument("--server").unwrap_or_else(|| "127.0.0.1:7531".to_owned());
    let table = argument("--table").unwrap_or_else(|| "orders".to_owned());
    let name = argument("--stream").unwrap_or_else(|| "shop-1".to_owned());
    run(&server, &table, &name).await
}

fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}
