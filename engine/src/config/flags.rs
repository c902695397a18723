//! The flags of `serve` that set keys, made from the list of keys.

use super::effective::{Origin, Setting};
use super::error::ConfigError;
use super::fallback::Fallback;
use super::keys::{KEYS, Key};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

/// What was said by flags.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    said: Vec<(&'static Key, &'static str, String)>,
}

fn flagged() -> impl Iterator<Item = (&'static Key, &'static str, &'static str)> {
    KEYS.iter().filter_map(|key| key.flag.map(|(flag, value)| (key, flag, value)))
}

impl Flags {
    /// The settings.
    ///
    /// # Errors
    /// [`ConfigError`] for a value that cannot be.
    pub fn read(&self) -> Result<Vec<Setting>, ConfigError> {
        let said = self.said.iter().map(|(key, flag, text)| {
            let value = key.kind.read(text).ok_or_else(|| ConfigError::Value {
                place: format!("flag --{flag}"),
                key: key.path(),
                value: format!("{text:?}"),
                expected: key.kind.expected(),
            })?;
            Ok(Setting { key, value, origin: Origin::Flag { flag: format!("--{flag}") } })
        });
        said.collect()
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let said = flagged().filter_map(|(key, flag, _)| Some((key, flag, matches.get_one::<String>(flag)?.clone())));
        Ok(Self { said: said.collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        command.args(flagged().map(|(key, flag, value)| {
            let default = match key.fallback {
                Fallback::Toml(text) => text.trim_matches('"'),
                Fallback::Derived { words, .. } => words,
            };
            Arg::new(flag).long(flag).value_name(value).help(format!("{} [default: {default}]", key.doc))
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
