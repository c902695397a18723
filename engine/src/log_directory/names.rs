//! Names of a log's files.

use std::path::Path;

const SEGMENT: &str = ".segment";
const SPARE: &str = "spare-";

/// The name of a segment.
pub fn segment_name(number: u64) -> String {
    format!("{number:012}{SEGMENT}")
}

/// The name of a spare.
pub fn spare_name(number: u64) -> String {
    format!("{SPARE}{number:012}")
}

/// What a file of a log's directory is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFile {
    Segment(u64),
    Spare(u64),
    Unknown,
}

/// What the file at `path` is.
pub fn log_file(path: &Path) -> LogFile {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return LogFile::Unknown };
    let segment = name.strip_suffix(SEGMENT).and_then(|number| number.parse().ok()).map(LogFile::Segment);
    let spare = || name.strip_prefix(SPARE).and_then(|number| number.parse().ok()).map(LogFile::Spare);
    segment.or_else(spare).unwrap_or(LogFile::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        assert_eq!(log_file(Path::new(&segment_name(7))), LogFile::Segment(7));
        assert_eq!(log_file(Path::new(&format!("/a/{}", spare_name(8)))), LogFile::Spare(8));
        assert_eq!(log_file(Path::new("manifest.json")), LogFile::Unknown);
    }
}
