use super::nearest::nearest;
use clap::{ArgAction, Command};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// A key for people.
const DESCRIPTION: &str = "description";
/// Options that a scenario cannot have: they are about the scenario, or about the command line.
const NOT_OPTIONS: [&str; 3] = ["scenario", "help", "version"];

/// Why a scenario is refused.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    #[error("cannot read scenario {path}: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("scenario {path} is not TOML: {source}")]
    NotToml { path: PathBuf, source: Box<toml::de::Error> },
    #[error("scenario {path}: there is no option {key:?}{}", meant(.nearest.as_deref(), .command))]
    UnknownKey { path: PathBuf, key: String, nearest: Option<String>, command: String },
    #[error("scenario {path}: {key} is {found}; expected a word, a number, or true or false")]
    NotAValue { path: PathBuf, key: String, found: &'static str },
    #[error("scenario {path}: {key} is switched on by true and off by false")]
    NotASwitch { path: PathBuf, key: String },
}

fn meant(nearest: Option<&str>, command: &str) -> String {
    match nearest {
        Some(name) => format!("; did you mean {name}?"),
        None => format!("; all are in lakehead-bench {command} --help"),
    }
}

/// The scenario in `path` as words of a command line of `command`.
///
/// # Errors
/// [`ScenarioError`].
pub fn words(path: &Path, command: &Command) -> Result<Vec<OsString>, ScenarioError> {
    let text =
        fs::read_to_string(path).map_err(|source| ScenarioError::Unreadable { path: path.to_owned(), source })?;
    let table: Table =
        text.parse().map_err(|source| ScenarioError::NotToml { path: path.to_owned(), source: Box::new(source) })?;
    let options: Vec<_> = command
        .get_arguments()
        .filter_map(|argument| Some((argument.get_long()?, is_switch(argument))))
        .filter(|(name, _)| !NOT_OPTIONS.contains(name))
        .collect();
    let mut words = Vec::new();
    for (key, value) in table.iter().filter(|(key, _)| *key != DESCRIPTION) {
        let name = key.replace('_', "-");
        let Some((_, is_switch)) = options.iter().find(|(option, _)| *option == name) else {
            let known: Vec<String> = options.iter().map(|(option, _)| option.replace('-', "_")).collect();
            let nearest = nearest(&key.replace('-', "_"), &known).map(str::to_owned);
            let (path, key, command) = (path.to_owned(), key.clone(), command.get_name().to_owned());
            return Err(ScenarioError::UnknownKey { path, key, nearest, command });
        };
        match value {
            Value::Boolean(on) if *is_switch => words.extend(on.then(|| format!("--{name}"))),
            _ if *is_switch => return Err(ScenarioError::NotASwitch { path: path.to_owned(), key: key.clone() }),
            Value::String(text) => words.push(format!("--{name}={text}")),
            Value::Integer(number) => words.push(format!("--{name}={number}")),
            Value::Float(number) => words.push(format!("--{name}={number}")),
            other => {
                let (path, key) = (path.to_owned(), key.clone());
                return Err(ScenarioError::NotAValue { path, key, found: other.type_str() });
            }
        }
    }
    Ok(words.into_iter().map(OsString::from).collect())
}

/// Whether the option can stand without a value.
fn is_switch(argument: &clap::Arg) -> bool {
    match argument.get_action() {
        ArgAction::SetTrue => true,
        _ => argument.get_num_args().is_some_and(|range| range.min_values() == 0),
    }
}
