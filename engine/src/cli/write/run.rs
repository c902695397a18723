//! The run: open, pass over what is there, send the rest, close.

use super::args::WriteArgs;
use super::failure::Failure;
use super::source::Source;
use super::summary::Summary;
use super::value::type_name;
use crate::cli::exit::Exit;
use arrow::datatypes::Schema;
use lakehead_client::{Client, RejectCode, Stream};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Runs the command: a summary on stdout, everything for people on stderr.
pub fn run(args: &WriteArgs) -> Exit {
    // Reading and encoding keep this thread busy; the connection has the other one.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(write(args)),
        Err(error) => Err(Failure::System(format!("the runtime cannot be started: {error}"))),
    };
    match result.and_then(|summary| serde_json::to_string(&summary).map_err(|error| Failure::System(error.to_string())))
    {
        Ok(summary) => {
            println!("{summary}");
            Exit::Success
        }
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.exit()
        }
    }
}

/// Writes the file's rows and returns what was done.
///
/// # Errors
/// See [`Failure`].
pub async fn write(args: &WriteArgs) -> Result<Summary, Failure> {
    let began = Instant::now();
    // A file that is not there must not take a stream from its producer.
    let source = Source::open(args)?;
    let client = client(args)?;
    let mut stream = open(args, &client, &source).await?;
    let skipped = stream.resume_offset();
    if skipped > 0 {
        let rows = source.rows()?;
        if skipped > rows {
            let reason = format!(
                "has {rows} rows, but stream {:?} has {skipped} rows in table {} already: it was written from another \
                 file. Use a stream name of its own for each file",
                args.stream.as_deref().unwrap_or_default(),
                args.table
            );
            return Err(Failure::data(&args.file, reason));
        }
    }
    let sent = send(&source, &mut stream, skipped).await;
    let rows = stream.next_offset() - skipped;
    // Also after a bad line: what came before it is settled, so that the answer says how the table stands. A stream that
    // has failed gives its error again.
    let committed = match (sent, stream.close().await) {
        (Ok(()), committed) => committed?,
        (Err(failure), Ok(_)) => return Err(after(failure, args, skipped + rows)),
        (Err(failure), Err(_)) => return Err(failure),
    };
    Ok(Summary {
        table: args.table.clone(),
        stream: args.stream.clone(),
        rows,
        skipped,
        committed_version: committed.version,
        seconds: began.elapsed().as_secs_f64(),
    })
}

async fn send(source: &Source, stream: &mut Stream, skip: u64) -> Result<(), Failure> {
    let (batches, bar) = source.batches(&stream.schema(), skip)?;
    for batch in batches {
        stream.append(batch?).await?;
        bar.set_message(format!("{} rows committed", stream.committed().offset));
    }
    bar.set_message("waiting for the last commit");
    stream.flush().await?;
    bar.finish_and_clear();
    Ok(())
}

fn client(args: &WriteArgs) -> Result<Client, Failure> {
    let mut builder = Client::builder().give_up_after(Duration::from_secs(args.give_up_after));
    for server in &args.server {
        builder = builder.server(server);
    }
    if let Some(token) = &args.token {
        builder = builder.credential(token.as_bytes());
    }
    Ok(builder.build()?)
}

/// Opens the stream on the table's own columns or, where there is no table, on the file's.
async fn open(args: &WriteArgs, client: &Client, source: &Source) -> Result<Stream, Failure> {
    let opening = || {
        let opening = client.stream(&args.table);
        match &args.stream {
            Some(name) => opening.name(name),
            None => opening,
        }
    };
    match opening().open().await {
        Err(error) if error.reject_code() == Some(RejectCode::UnknownTable) => {
            let schema = source.infer()?;
            eprintln!("table {} does not exist; asking for it with the columns of the file:", args.table);
            print_schema(&schema);
            Ok(opening().schema(Arc::new(schema)).open().await?)
        }
        opened => Ok(opened?),
    }
}

fn print_schema(schema: &Schema) {
    for field in schema.fields() {
        let required = if field.is_nullable() { "" } else { ", never NULL" };
        eprintln!("  {}: {}{required}", field.name(), type_name(field.data_type()));
    }
}

/// Adds to a fault of the file how the table stands and how to go on.
fn after(failure: Failure, args: &WriteArgs, rows: u64) -> Failure {
    let reason = match &failure {
        Failure::Data { reason, .. } => reason.clone(),
        Failure::Client { error } if error.is_data_error() => error.to_string(),
        _ => return failure,
    };
    if rows == 0 {
        return failure;
    }
    let next = if args.stream.is_some() {
        "correct it and run the same command again to go on from there"
    } else {
        "write only the rest, or the rows before are there twice; with --stream NAME a run can be repeated"
    };
    Failure::data(&args.file, format!("{reason}. The first {rows} rows of the file are in the table: {next}"))
}
