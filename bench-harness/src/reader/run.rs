use super::arguments::ReaderArguments;
use super::message::{Ended, Message};
use super::watch::{Looks, WatchError, say, watch};
use crate::report::{ProcessError, Usage};
use std::io::{self, Read};
use std::process;
use std::sync::mpsc::channel;
use std::thread::Builder;
use std::time::Duration;

/// Why the reader ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum ReaderError {
    #[error(transparent)]
    Watch(#[from] WatchError),
    #[error("cannot measure the reader itself: {0}")]
    Process(#[from] ProcessError),
    #[error("cannot say what was seen, or wait for the end: {0}")]
    Io(#[from] io::Error),
}

/// Looks until standard input ends.
pub fn run(arguments: &ReaderArguments) -> Result<(), ReaderError> {
    let (stop, stopped) = channel::<()>();
    let wait = move || {
        // Nothing is ever written to it: it ends with the process that started this one, however that ends.
        let _ = io::stdin().read_to_end(&mut Vec::new());
        drop(stop);
    };
    Builder::new().name("reader-end".into()).spawn(wait)?;
    let out = &mut io::stdout().lock();
    let pause = Duration::from_secs_f64(arguments.poll_ms / 1_000.0);
    let before = Usage::of(process::id())?;
    match watch(&arguments.table, arguments.first_version, pause, &stopped, out) {
        Ok(looks) => Ok(say(out, &Message::Ended(ended(looks, before)?))?),
        Err(error) => {
            say(out, &Message::Failed(error.to_string()))?;
            Err(error.into())
        }
    }
}

fn ended(looks: Looks, before: Usage) -> Result<Ended, ProcessError> {
    let usage = Usage::of(process::id())?;
    Ok(Ended {
        user_seconds: usage.user_seconds - before.user_seconds,
        system_seconds: usage.system_seconds - before.system_seconds,
        memory_peak_bytes: usage.memory_peak_bytes,
        looks: looks.count,
        look_gap_ms_max: looks.gap_max.as_secs_f64() * 1_000.0,
    })
}
