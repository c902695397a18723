//! The run: open, pass over what is there, send the rest, close.

use super::args::WriteArgs;
use super::failure::Failure;
use super::source::{Piece, Source};
use super::summary::Summary;
use super::waiting::Waiting;
use crate::cli::columns::print::column;
use crate::cli::exit::Exit;
use crate::cli::output::{say, tell};
use arrow::datatypes::Schema;
use lakehead_client::{Client, Promise, RejectCode, Stream};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
            say(summary);
            Exit::Success
        }
        Err(failure) => {
            tell(format_args!("lakehead write: {failure}"));
            failure.exit()
        }
    }
}

/// Writes the rows and returns what was done.
///
/// # Errors
/// See [`Failure`].
pub async fn write(args: &WriteArgs) -> Result<Summary, Failure> {
    let began = Instant::now();
    let broken_off = watch_signals()?;
    // A file that is not there must not take a stream from its producer.
    let mut source = Source::open(args)?;
    let waiting = Arc::new(Waiting::since(began));
    let client = args.client.client_that_tells(waiting.clone())?;
    let mut stream = waiting.during("the stream to be opened", open(args, &client, &mut source)).await?;
    let skipped = stream.resume_offset();
    let sent = send(source, &mut stream, skipped, &broken_off, &waiting).await;
    let rows = stream.next_offset() - skipped;
    // Also after a bad line: what came before it is settled, so that the answer says how the table stands. A stream that
    // has failed gives its error again.
    let closed = waiting.during("the stream to be closed", stream.close()).await;
    let committed = match (sent, closed) {
        (Ok(()), committed) => committed?,
        (Err(failure), Ok(_)) => return Err(after(failure, args, skipped + rows)),
        (Err(failure), Err(_)) => return Err(failure),
    };
    if broken_off.load(Ordering::Relaxed) && is_file(args) {
        let next = if args.stream.is_some() { "run the same command again to go on" } else { "write only the rest" };
        return Err(Failure::BrokenOff(format!("the first {} rows are in the table: {next}", skipped + rows)));
    }
    Ok(Summary {
        table: args.table.clone(),
        stream: args.stream.clone(),
        rows,
        skipped,
        committed_version: committed.version,
        seconds: began.elapsed().as_secs_f64(),
    })
}

/// The first signal ends the reading, and what was read is committed; the second ends the process.
fn watch_signals() -> Result<Arc<AtomicBool>, Failure> {
    let broken_off = Arc::new(AtomicBool::new(false));
    for (signal, status) in [(SIGINT, 130), (SIGTERM, 143)] {
        register_conditional_shutdown(signal, status, broken_off.clone())
            .and_then(|_| register(signal, broken_off.clone()))
            .map_err(|error| Failure::System(format!("cannot watch for signals: {error}")))?;
    }
    Ok(broken_off)
}

fn is_file(args: &WriteArgs) -> bool {
    args.file.as_deref().is_some_and(|path| path != Path::new("-"))
}

async fn send(
    source: Source,
    stream: &mut Stream,
    skip: u64,
    broken_off: &AtomicBool,
    waiting: &Waiting,
) -> Result<(), Failure> {
    let (pieces, bar) = source.pieces(&stream.schema(), skip)?;
    let progress = stream.watch();
    for piece in pieces {
        match piece? {
            Piece::Rows(batch) => _ = waiting.during("room for more rows", stream.append(batch)).await?,
            // A stream that has failed says so here, instead of waiting for a row that may never come.
            Piece::Pause if progress.has_changed().is_err() => _ = stream.flush_to(Promise::Committed).await?,
            Piece::Pause => {}
        }
        bar.set_message(format!("{} rows committed", stream.committed().offset));
        if broken_off.load(Ordering::Relaxed) {
            break;
        }
    }
    bar.set_message("waiting for the last commit");
    waiting.during("the last commit", stream.flush_to(Promise::Committed)).await?;
    bar.finish_and_clear();
    Ok(())
}

/// Opens the stream on the table's own columns or, where there is no table, on those of the rows.
async fn open(args: &WriteArgs, client: &Client, source: &mut Source) -> Result<Stream, Failure> {
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
            tell(format_args!("table {} does not exist; asking for it with these columns:", args.table));
            print_schema(&schema);
            Ok(opening().schema(Arc::new(schema)).open().await?)
        }
        opened => Ok(opened?),
    }
}

fn print_schema(schema: &Schema) {
    schema.fields().iter().for_each(|field| tell(format_args!("  {}", column(field))));
}

/// Adds to a fault of the rows how the table stands and how to go on.
fn after(failure: Failure, args: &WriteArgs, rows: u64) -> Failure {
    let (name, reason) = match &failure {
        Failure::Data { name, reason } => (name.clone(), reason.clone()),
        Failure::Client { error } if error.is_data_error() => (args.table.clone(), error.to_string()),
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
    Failure::data(name, format!("{reason}. The first {rows} rows are in the table: {next}"))
}
