//! The client's examples against a real engine. Each checks its own result.

#![allow(clippy::unwrap_used, reason = "this is test code: a failed step fails the test")]

mod support;

use lakehead_client::Compression;
use support::Engine;

#[allow(dead_code, reason = "its main is for the command line")]
#[path = "../../sdk/rust/examples/batches.rs"]
mod batches;
#[allow(dead_code, reason = "its main is for the command line")]
#[path = "../../sdk/rust/examples/nested.rs"]
mod nested;
#[allow(dead_code, reason = "its main is for the command line")]
#[path = "../../sdk/rust/examples/resume.rs"]
mod resume;
#[allow(dead_code, reason = "its main is for the command line")]
#[path = "../../sdk/rust/examples/rows.rs"]
mod rows;
#[allow(dead_code, reason = "its main is for the command line")]
#[path = "../../sdk/rust/examples/telemetry.rs"]
mod telemetry;

#[tokio::test]
async fn rows_one_by_one() {
    let engine = Engine::start();
    rows::run(&engine.address, "readings", 20_000).await.unwrap();
}

#[tokio::test]
async fn batches_of_columns() {
    let engine = Engine::start();
    batches::run(&engine.address, "trades", 20).await.unwrap();
}

#[tokio::test]
async fn rows_with_rows_inside() {
    let engine = Engine::start();
    nested::run(&engine.address, "trips").await.unwrap();
}

#[tokio::test]
async fn a_producer_with_three_lives() {
    let engine = Engine::start();
    resume::run(&engine.address, "orders", "shop-1").await.unwrap();
    // And another three.
    resume::run(&engine.address, "orders", "shop-1").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn telemetry_with_a_server_that_is_down() {
    let engine = Engine::start();
    // Nothing listens on the discard port.
    let servers = ["127.0.0.1:9".to_owned(), engine.address.clone()];
    telemetry::run(&servers, "telemetry", Compression::Zstd).await.unwrap();
}
