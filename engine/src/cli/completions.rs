//! `lakehead completions`: so that the shell knows the words.

use super::arguments::Arguments;
use super::exit::Exit;
use clap::CommandFactory;
use std::io::Write;

/// Prints a script that lets your shell complete the words of `lakehead`.
///
/// Examples:
///   bash:  lakehead completions bash > ~/.local/share/bash-completion/completions/lakehead
///   zsh:   lakehead completions zsh > ~/.zfunc/_lakehead   (a folder of your fpath)
///   fish:  lakehead completions fish > ~/.config/fish/completions/lakehead.fish
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct CompletionsArguments {
    /// The shell.
    shell: clap_complete::Shell,
}

/// Runs `lakehead completions`.
pub fn run(arguments: &CompletionsArguments) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "lakehead", &mut script);
    let _nobody_reads = std::io::stdout().write_all(&script);
    Exit::Success
}
