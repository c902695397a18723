use std::env;
use std::path::Path;
use std::process::Command;

/// The revision of the working copy that holds this binary; `None` when it is not in one.
pub fn git_revision() -> Option<String> {
    let executable = env::current_exe().ok()?;
    let folder = executable.parent()?;
    let revision = git(folder, &["rev-parse", "HEAD"])?;
    let changes = git(folder, &["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changes.is_empty() { revision } else { format!("{revision}-dirty") })
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
