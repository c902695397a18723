use arrow::error::ArrowError;
use lakehead_engine::columns::column_builder::UnbuildableType;
use lakehead_engine::columns::layout::LayoutError;
use lakehead_engine::commit::encode::EncodeError;
use lakehead_engine::commit::staged_file::StagedFileError;
use lakehead_engine::reactor::log_files::LogFileError;
use lakehead_protocol::archive::MalformedArchive;
use lakehead_protocol::arrow_schema::{BrokenSchema, UnsupportedType};
use lakehead_protocol::batch_check::BatchError;
use lakehead_protocol::frame::FrameError;
use lakehead_protocol::header::HeaderError;

/// Why a stage could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    #[error("the rows could not be made: {0}")]
    Rows(#[from] ArrowError),
    #[error("the rows could not be made: {0}")]
    Client(#[from] lakehead_client::Error),
    #[error("the rows have no place in a table: {0}")]
    Type(#[from] UnsupportedType),
    #[error("the rows have no place in a table: {0}")]
    Schema(#[from] BrokenSchema),
    #[error("the rows have no place in a table: {0}")]
    Layout(#[from] LayoutError),
    #[error("the rows have no place in a table: {0}")]
    Unbuildable(#[from] UnbuildableType),
    #[error("a frame of our own is not accepted: {0}")]
    Frame(#[from] FrameError),
    #[error("a frame of our own is not accepted: {0}")]
    Header(#[from] HeaderError),
    #[error("a frame of our own is not accepted: {0}")]
    Archive(#[from] MalformedArchive),
    #[error("a frame of our own is not accepted: {0}")]
    Batch(#[from] BatchError),
    #[error("the shard did not take what it was given: {0}")]
    Shard(String),
    #[error("row groups could not be encoded: {0}")]
    Encode(#[from] EncodeError),
    #[error("{0}")]
    File(#[from] StagedFileError),
    #[error("{0}")]
    Log(#[from] LogFileError),
    #[error("the log did not go on: {0}")]
    Stuck(String),
    #[error(
        "the log's executor did not start: {0}. io_uring must be allowed and locked memory at least 512 KiB (ulimit -l)"
    )]
    Executor(String),
    #[error("{what}: {source}")]
    Io { what: String, source: std::io::Error },
    #[error("this process may use no core")]
    NoCore,
    #[error("core {0} is none that this process may use")]
    NoSuchCore(usize),
    #[error("the figures could not be written: {0}")]
    Json(#[from] serde_json::Error),
    #[error("there are no rows to measure with")]
    NoRows,
}

impl StageError {
    /// For `map_err`.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
