use serde::{Deserialize, Serialize};

/// What the reader says, a line of JSON each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// It has begun to look.
    Ready,
    Version(SeenVersion),
    /// The last word of a reader that was told to end.
    Ended(Ended),
    /// The last word of one that cannot go on.
    Failed(String),
}

/// A version whose rows can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenVersion {
    pub version: u64,
    /// When, by the clock that all processes of the machine share.
    pub seen_ns: u64,
    pub files: u64,
    pub file_bytes: u64,
    /// Stream, first row and one past the last.
    pub ranges: Vec<(u64, u64, u64)>,
}

/// What reading cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    pub user_seconds: f64,
    pub system_seconds: f64,
    pub memory_peak_bytes: u64,
    pub looks: u64,
    /// The longest time between two looks: that much later than it could be read may a version have been seen.
    pub look_gap_ms_max: f64,
}
