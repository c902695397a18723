use super::views::{CompareView, GoalsView, HeaderView, PeersView, RunView, SearchView, StagesView};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Why a result file cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    #[error("cannot read {path}: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path} is no result file: {source}")]
    NotADocument { path: PathBuf, source: serde_json::Error },
    #[error(
        "{path} is no result file: it has no kind. lakehead-bench wrote it before there were kinds, or somebody else did"
    )]
    NoKind { path: PathBuf },
}

/// A result file.
#[derive(Debug)]
pub struct Input {
    /// What the page calls it.
    pub name: String,
    pub header: HeaderView,
    pub body: Body,
}

/// What it holds beside the header.
#[derive(Debug)]
pub enum Body {
    Run(Box<RunView>),
    Search(SearchView),
    Stages(StagesView),
    Compare(CompareView),
    Peers(PeersView),
    Goals(GoalsView),
    Other(Value),
}

impl Input {
    pub fn read(path: &Path) -> Result<Self, InputError> {
        let text = fs::read(path).map_err(|source| InputError::Unreadable { path: path.to_owned(), source })?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let document: Value = serde_json::from_slice(&text)
            .map_err(|source| InputError::NotADocument { path: path.to_owned(), source })?;
        Self::of(name, document)
            .map_err(|source| InputError::NotADocument { path: path.to_owned(), source })?
            .ok_or_else(|| InputError::NoKind { path: path.to_owned() })
    }

    /// `None` for a document without a kind.
    pub fn of(name: String, document: Value) -> Result<Option<Self>, serde_json::Error> {
        if !document.get("kind").is_some_and(Value::is_string) {
            return Ok(None);
        }
        let header: HeaderView = view(&document)?;
        let body = match header.kind.as_str() {
            "run" => Body::Run(Box::new(view(&document)?)),
            "search" => Body::Search(view(&document)?),
            "stages" => Body::Stages(view(&document)?),
            "compare" => Body::Compare(view(&document)?),
            "peers" => Body::Peers(view(&document)?),
            "summary" => Body::Goals(view(&document)?),
            _ => Body::Other(document),
        };
        Ok(Some(Self { name, header, body }))
    }
}

fn view<T: DeserializeOwned>(document: &Value) -> Result<T, serde_json::Error> {
    T::deserialize(document)
}
