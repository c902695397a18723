//! The process that reads the table during a run, from the run's side.

use super::latency::LatencyError;
use super::plan::QueryablePlan;
use super::queryable::{Seen, Sight};
use crate::reader::{Ended, Message};
use std::env;
use std::io::{self, BufRead, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::{Builder, JoinHandle};

/// Why queryable latency could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum OutsideReaderError {
    #[error("cannot start the process that reads the table: {0}")]
    Start(io::Error),
    #[error("cannot hear the process that reads the table: {0}")]
    Hear(#[from] io::Error),
    #[error("the process that reads the table says what is not understood: {0}")]
    Strange(#[from] serde_json::Error),
    #[error("the table could not be read while it was written: {0}")]
    Failed(String),
    #[error("the process that reads the table ended before the run did")]
    EndedEarly,
    #[error(transparent)]
    Latency(#[from] LatencyError),
    #[error("the thread that hears the reader ended by a fault")]
    Fault,
}

/// What the reader saw, and what that cost.
#[derive(Debug)]
pub struct Read {
    pub seen: Seen,
    pub pid: u32,
    pub command: Vec<String>,
    pub ended: Ended,
}

/// A reader that looks.
#[derive(Debug)]
pub struct OutsideReader {
    child: Child,
    command: Vec<String>,
    stdin: ChildStdin,
    lines: BufReader<ChildStdout>,
}

/// A reader whose words are heard.
#[derive(Debug)]
pub struct HeardReader {
    child: Child,
    command: Vec<String>,
    stdin: ChildStdin,
    thread: JoinHandle<Result<(Seen, Ended), OutsideReaderError>>,
}

impl OutsideReader {
    /// Starts it and waits until it looks.
    pub fn start(plan: &QueryablePlan) -> Result<Self, OutsideReaderError> {
        let program = env::current_exe().map_err(OutsideReaderError::Start)?;
        let mut command = Command::new(&program);
        command.arg("reader").arg("--table").arg(&plan.table);
        command.arg("--first-version").arg(plan.first_version.to_string());
        command.arg("--poll-ms").arg((plan.poll.as_secs_f64() * 1_000.0).to_string());
        let words = |command: &Command| {
            let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
            [program.to_string_lossy().into_owned()].into_iter().chain(arguments).collect()
        };
        let words = words(&command);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(OutsideReaderError::Start)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(OutsideReaderError::EndedEarly);
        };
        let mut lines = BufReader::new(stdout);
        match next(&mut lines)? {
            Message::Ready => Ok(Self { child, command: words, stdin, lines }),
            Message::Failed(reason) => Err(OutsideReaderError::Failed(reason)),
            Message::Version(_) | Message::Ended(_) => Err(OutsideReaderError::EndedEarly),
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Hears it in a thread of its own.
    pub fn hear(mut self, mut sight: Sight) -> Result<HeardReader, OutsideReaderError> {
        let hear = move || {
            loop {
                match next(&mut self.lines)? {
                    Message::Ready => {}
                    Message::Version(version) => sight.see(&version)?,
                    Message::Ended(ended) => return Ok((sight.finish(), ended)),
                    Message::Failed(reason) => return Err(OutsideReaderError::Failed(reason)),
                }
            }
        };
        let thread = Builder::new().name("reader-ear".into()).spawn(hear)?;
        Ok(HeardReader { child: self.child, command: self.command, stdin: self.stdin, thread })
    }
}

impl HeardReader {
    /// Has it look a last time; waits for its end.
    pub fn stop(mut self) -> Result<Read, OutsideReaderError> {
        drop(self.stdin);
        let heard = self.thread.join().unwrap_or(Err(OutsideReaderError::Fault));
        self.child.wait()?;
        let (seen, ended) = heard?;
        Ok(Read { seen, pid: self.child.id(), command: self.command, ended })
    }
}

fn next(lines: &mut BufReader<ChildStdout>) -> Result<Message, OutsideReaderError> {
    let mut line = String::new();
    if lines.read_line(&mut line)? == 0 {
        return Err(OutsideReaderError::EndedEarly);
    }
    Ok(serde_json::from_str(&line)?)
}
