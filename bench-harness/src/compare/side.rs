use super::error::CompareError;
use std::env;
use std::path::{Path, PathBuf};

const ENGINE: &str = "lakehead";
const BENCH: &str = "lakehead-bench";

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    pub engine: PathBuf,
    pub config: Option<PathBuf>,
}

impl Side {
    /// What `named` is: a binary, the folder of one, or a configuration for the binary beside this one.
    ///
    /// # Errors
    /// When there is none.
    pub fn new(named: &Path, config: Option<&PathBuf>) -> Result<Self, CompareError> {
        let is_config = named.extension().is_some_and(|extension| extension == "toml");
        let (engine, config) = match (is_config, named.is_dir()) {
            (true, _) => (beside_this(ENGINE)?, Some(named.to_owned())),
            (false, true) => (named.join(ENGINE), config.cloned()),
            (false, false) => (named.to_owned(), config.cloned()),
        };
        for path in [Some(&engine), config.as_ref()].into_iter().flatten() {
            if !path.is_file() {
                let hint = "give a lakehead binary, the folder of one, or a configuration file that ends in .toml";
                return Err(CompareError::NoBinary { path: path.clone(), hint });
            }
        }
        Ok(Self { engine, config })
    }

    /// The load generator that was built with the engine.
    ///
    /// # Errors
    /// When it is not beside it.
    pub fn bench(&self) -> Result<PathBuf, CompareError> {
        let bench = self.engine.with_file_name(BENCH);
        let hint = "a stage is measured by the lakehead-bench beside the engine; build both";
        if bench.is_file() { Ok(bench) } else { Err(CompareError::NoBinary { path: bench, hint }) }
    }
}

/// The program of this name that was built with this one.
///
/// # Errors
/// When the system does not say where this one is.
pub fn beside_this(name: &str) -> Result<PathBuf, CompareError> {
    Ok(env::current_exe().map_err(CompareError::io("this program's own place"))?.with_file_name(name))
}
