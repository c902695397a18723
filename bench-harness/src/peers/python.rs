use crate::compare::CompareError;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Makes the repository's virtual environment and prints where its Python is.
const MAKES_PYTHON: &str = "scripts/python_env";

/// The Python that was named, or the repository's own, or the system's when this binary is in no repository.
///
/// # Errors
/// When the repository's cannot be made.
pub fn python(named: Option<&Path>) -> Result<PathBuf, CompareError> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let executable = env::current_exe().map_err(CompareError::io("this program's own place"))?;
    let Some(script) = executable.ancestors().map(|folder| folder.join(MAKES_PYTHON)).find(|path| path.is_file())
    else {
        return Ok("python3".into());
    };
    let made = Command::new(&script).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let made = made.map_err(CompareError::io(format!("cannot run {}", script.display())))?;
    if !made.status.success() {
        return Err(CompareError::Peers(format!("{} failed; its message stands above", script.display())));
    }
    Ok(String::from_utf8_lossy(&made.stdout).trim().into())
}
