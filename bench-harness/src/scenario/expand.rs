use super::file::{ScenarioError, words};
use crate::arguments::Arguments;
use clap::CommandFactory;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

const OPTION: &str = "--scenario";
/// Commands that take one.
const COMMANDS: [&str; 2] = ["run", "search"];

/// The command line, with its scenario's options written out before all others.
///
/// # Errors
/// A scenario that cannot be read, or that says what no option says.
pub fn expanded(line: impl IntoIterator<Item = OsString>) -> Result<Vec<OsString>, ScenarioError> {
    let mut line: Vec<OsString> = line.into_iter().collect();
    let Some(name) = line.get(1).and_then(|word| word.to_str()).filter(|word| COMMANDS.contains(word)) else {
        return Ok(line);
    };
    let mut command = Arguments::command();
    // Building fills in how many values each option takes.
    command.build();
    let (Some(path), Some(command)) = (scenario(&line), command.find_subcommand(name)) else { return Ok(line) };
    let words = words(&path, command)?;
    line.splice(2..2, words);
    Ok(line)
}

fn scenario(line: &[OsString]) -> Option<PathBuf> {
    line.iter().enumerate().skip(2).rev().find_map(|(at, word)| {
        if word == OsStr::new(OPTION) {
            return line.get(at + 1).map(PathBuf::from);
        }
        word.to_str()?.strip_prefix(OPTION)?.strip_prefix('=').map(PathBuf::from)
    })
}
