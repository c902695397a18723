//! Asking a server for a table's columns, without opening a stream.

use crate::attempts::Attempts;
use crate::dial::Dial;
use crate::error::{Error, ErrorKind, OpenRows};
use crate::inbox::Inbox;
use crate::options::Options;
use crate::table::Table;
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::arrow_schema::to_arrow;
use lakehead_protocol::frame;
use lakehead_protocol::hello::{Hello, MODE_DESCRIBE};
use lakehead_protocol::kind::Kind;
use lakehead_protocol::reject::Remedy;
use lakehead_protocol::server_message::ServerMessage;
use lakehead_protocol::welcome::Welcome;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

/// Why one attempt gave no answer.
enum Failed {
    /// Asking again, or another server, can help.
    ForNow(Error),
    ForGood(Error),
}

/// Asks the servers in turn until one answers.
///
/// # Errors
/// What a server refused, or `UNREACHABLE`.
pub(crate) async fn describe(dial: &impl Dial, options: &Arc<Options>, table: &str, seed: u64) -> Result<Table, Error> {
    let hello = hello(options, table)?;
    let mut attempts = Attempts::new(options.clone(), seed);
    loop {
        let address = attempts.address();
        let lost = |cause: String| Failed::ForNow(Error::plain(ErrorKind::ConnectionLost { cause }));
        let failed = match timeout(options.open_timeout, ask(dial, &address, &hello)).await {
            Ok(Ok(Ok(welcome))) => return table_of(&welcome),
            Ok(Ok(Err(failed))) => failed,
            Ok(Err(error)) => lost(format!("{address}: {error}")),
            Err(_) => lost(format!("{address}: no answer within {} ms", options.open_timeout.as_millis())),
        };
        let error = match failed {
            Failed::ForGood(error) => return Err(error),
            Failed::ForNow(error) => error,
        };
        attempts.pass_over();
        match attempts.pause() {
            Some(pause) => sleep(pause).await,
            None => {
                return Err(match error.kind() {
                    ErrorKind::ConnectionLost { cause } => Error::plain(attempts.unreachable(cause.clone())),
                    _ => error,
                });
            }
        }
    }
}

fn hello(options: &Options, table: &str) -> Result<FrameBuffer, Error> {
    let hello = Hello {
        table: table.to_owned(),
        credential: options.credential.clone(),
        client: crate::options::CLIENT.to_owned(),
        mode: MODE_DESCRIBE,
        keep: crate::keep::Keep::default().number(),
        ..Hello::default()
    };
    hello.check().map_err(|error| Error::plain(ErrorKind::Configuration(error.to_string())))?;
    let mut out = FrameBuffer::new();
    frame::append_control(&mut out, Kind::Hello, &hello)
        .map_err(|error| Error::plain(ErrorKind::Configuration(error.to_string())))?;
    Ok(out)
}

/// One server's answer.
async fn ask(dial: &impl Dial, address: &str, hello: &FrameBuffer) -> io::Result<Result<Welcome, Failed>> {
    let (mut reader, mut writer) = dial.dial(address).await?;
    writer.write_all(hello).await?;
    let (mut inbox, mut scratch, mut answer) = (Inbox::default(), vec![0u8; 16 * 1024], None);
    loop {
        let bytes = reader.read(&mut scratch).await?;
        inbox.extend(&scratch[..bytes]);
        loop {
            match inbox.next() {
                Ok(Some(ServerMessage::Welcome(welcome))) => answer = Some(welcome),
                Ok(Some(ServerMessage::Reject(reject))) => {
                    let again = matches!(reject.remedy(), Remedy::Retry | Remedy::Resume);
                    let error = Error::refused(reject, OpenRows::None);
                    return Ok(Err(if again { Failed::ForNow(error) } else { Failed::ForGood(error) }));
                }
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => {
                    return Ok(Err(Failed::ForGood(Error::plain(ErrorKind::Protocol(error.to_string())))));
                }
            }
        }
        // The Closed behind the answer says nothing new.
        match answer {
            Some(answer) => return Ok(Ok(answer)),
            None if bytes == 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            None => {}
        }
    }
}

fn table_of(welcome: &Welcome) -> Result<Table, Error> {
    let schema = to_arrow(&welcome.schema).map_err(|error| Error::plain(ErrorKind::Protocol(error.to_string())))?;
    Ok(Table { id: welcome.table_id.clone(), version: welcome.table_version, schema: Arc::new(schema) })
}
