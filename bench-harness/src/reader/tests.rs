use super::message::{Message, SeenVersion};
use super::watch::{WatchError, watch};
use crate::run::clock;
use crate::workload::{Kind, Workload};
use parquet::arrow::ArrowWriter;
use std::fs::{self, File};
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

/// A data file with rows of two streams, and a commit that adds it.
fn commit(table: &Path, version: u64, first: u64, bytes_more: u64) {
    let workload = Workload::new(Kind::Telemetry, 1, 100).unwrap();
    let name = format!("{version}.parquet");
    let mut writer = ArrowWriter::try_new(File::create(table.join(&name)).unwrap(), workload.schema(), None).unwrap();
    writer.write(&workload.batch(0, "", first, 10).unwrap()).unwrap();
    writer.write(&workload.batch(1, "", 2 * first, 20).unwrap()).unwrap();
    writer.write(&workload.batch(0, "", first + 10, 5).unwrap()).unwrap();
    writer.close().unwrap();
    let bytes = fs::metadata(table.join(&name)).unwrap().len() + bytes_more;
    fs::create_dir_all(table.join("_delta_log")).unwrap();
    let add = format!(r#"{{"add":{{"path":"{name}","size":{bytes}}}}}"#);
    fs::write(table.join(format!("_delta_log/{version:020}.json")), add).unwrap();
}

fn seen(table: &Path, first: u64) -> Result<Vec<Message>, WatchError> {
    let (stop, stopped) = channel();
    drop(stop);
    let mut out = Vec::new();
    watch(table, first, Duration::from_millis(1), &stopped, &mut out)?;
    Ok(out.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect())
}

#[test]
fn all_versions_from_the_first_on_are_told_with_their_rows() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(seen(&folder.path().join("nowhere"), 0).unwrap(), [Message::Ready]);
    for version in 3..6 {
        commit(folder.path(), version, version * 100, 0);
    }
    let before = clock::monotonic_ns();
    let messages = seen(folder.path(), 4).unwrap();
    let [Message::Ready, Message::Version(four), Message::Version(five)] = &messages[..] else {
        panic!("{messages:?}")
    };
    assert!(four.seen_ns >= before && five.seen_ns >= four.seen_ns);
    let expected = SeenVersion {
        version: 4,
        seen_ns: four.seen_ns,
        files: 1,
        file_bytes: fs::metadata(folder.path().join("4.parquet")).unwrap().len(),
        ranges: vec![(0, 400, 415), (1, 800, 820)],
    };
    assert_eq!((four, five.version), (&expected, 5));
}

#[test]
fn a_file_that_is_not_what_the_log_says_is_not_seen() {
    let folder = tempfile::tempdir().unwrap();
    commit(folder.path(), 0, 0, 1);
    let error = seen(folder.path(), 0).unwrap_err();
    assert!(error.to_string().contains("the log says"), "{error}");
    fs::remove_file(folder.path().join("0.parquet")).unwrap();
    assert!(matches!(seen(folder.path(), 0), Err(WatchError::Read(_))));
}
