use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// A folder for what a measurement writes, removed with what is in it when this is dropped.
#[derive(Debug)]
pub struct WorkFolder(PathBuf);

impl WorkFolder {
    /// A new folder below `parent`, or beside the folder that the binary is in.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(parent: Option<&Path>, what: &str) -> io::Result<Self> {
        let parent = match parent {
            Some(parent) => parent.to_owned(),
            None => {
                let executable = env::current_exe()?;
                let beside = executable.parent().and_then(Path::parent);
                beside.map_or_else(env::temp_dir, Path::to_owned)
            }
        };
        let path = parent.join(format!("{what}-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("{} could not be removed: {error}", self.0.display());
        }
    }
}
