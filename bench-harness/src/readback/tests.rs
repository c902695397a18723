use super::{Readback, ReplayError, RowNames, SentStream, TableFiles};
use crate::workload::{Kind, Workload};
use parquet::arrow::ArrowWriter;
use std::fs::{self, File};
use std::path::Path;

fn commit(table: &Path, version: u64, actions: &[&str]) {
    fs::create_dir_all(table.join("_delta_log")).unwrap();
    fs::write(table.join(format!("_delta_log/{version:020}.json")), actions.join("\n")).unwrap();
}

fn names(files: &TableFiles) -> Vec<&str> {
    files.files.keys().map(String::as_str).collect()
}

#[test]
fn a_log_is_replayed_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path();
    assert_eq!(TableFiles::replay(table).unwrap(), TableFiles::default());

    commit(table, 0, &[r#"{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}"#, r#"{"metaData":{"id":"a"}}"#]);
    commit(table, 1, &[r#"{"add":{"path":"a%20b.parquet","size":1}}"#, r#"{"txn":{"appId":"x","version":7}}"#]);
    let earlier = TableFiles::replay(table).unwrap();
    commit(table, 2, &[r#"{"add":{"path":"c.parquet"}}"#, r#"{"txn":{"appId":"x","version":9}}"#, ""]);
    commit(table, 3, &[r#"{"remove":{"path":"a%20b.parquet"}}"#, r#"{"add":{"path":"d.parquet"}}"#]);
    fs::write(table.join("_delta_log/00000000000000000003.checkpoint.parquet"), "not read").unwrap();

    let root = fs::canonicalize(table).unwrap();
    assert_eq!(earlier.files["a%20b.parquet"], root.join("a b.parquet"));
    let files = TableFiles::replay(table).unwrap();
    assert_eq!((files.version, names(&files)), (Some(3), vec!["c.parquet", "d.parquet"]));
    assert_eq!(files.transactions["x"], 9);
    assert_eq!(files.files_since(&earlier), [root.join("c.parquet"), root.join("d.parquet")]);
}

#[test]
fn a_log_that_cannot_be_counted_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    commit(folder.path(), 1, &[]);
    let gap = TableFiles::replay(folder.path()).unwrap_err();
    assert!(matches!(gap, ReplayError::VersionMissing { missing: 0, .. }), "{gap}");

    commit(folder.path(), 0, &["{"]);
    let broken = TableFiles::replay(folder.path()).unwrap_err();
    assert!(matches!(broken, ReplayError::NotAnAction { line: 1, .. }), "{broken}");

    commit(folder.path(), 0, &[r#"{"add":{"path":"a.parquet","deletionVector":{"storageType":"u"}}}"#]);
    let deleted = TableFiles::replay(folder.path()).unwrap_err();
    assert!(matches!(deleted, ReplayError::DeletionVector { .. }), "{deleted}");

    commit(folder.path(), 0, &[r#"{"add":{"path":"s3://bucket/a.parquet"}}"#]);
    let elsewhere = TableFiles::replay(folder.path()).unwrap_err();
    assert!(matches!(elsewhere, ReplayError::ElsewhereFile { .. }), "{elsewhere}");
}

/// Two streams of 100 rows; the file holds rows 0..90 of the first, and 50..100 of the second twice.
#[test]
fn loss_duplication_and_strangers_are_counted() {
    let streams = ["zero", "one"].map(|name| SentStream { name: name.to_owned(), sent: 100, committed: 95 });
    for (kind, row_names) in
        [(Kind::TelemetryVerified, RowNames::StreamAndSeq), (Kind::TelemetryVerified, RowNames::Timestamp)]
    {
        let workload = Workload::new(kind, 3, 200).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), workload.schema(), None).unwrap();
        let stranger = workload.batch(7, "seven", 0, 4).unwrap();
        for batch in [workload.batch(0, "zero", 0, 90).unwrap(), workload.batch(1, "one", 50, 50).unwrap(), stranger] {
            writer.write(&batch).unwrap();
        }
        writer.write(&workload.batch(1, "one", 50, 51).unwrap()).unwrap();
        writer.close().unwrap();

        let mut readback = Readback::new(row_names, &streams);
        readback.read(&path).unwrap();
        let tally = readback.finish();
        assert_eq!((tally.read, tally.duplicate, tally.foreign, tally.contradicting), (195, 50, 5, 0));
        assert_eq!(tally.lost(), 5 + 50, "rows 90..95 of the first and 0..50 of the second");
    }
}

#[test]
fn a_row_that_contradicts_itself_is_counted() {
    let workload = Workload::new(Kind::TelemetryVerified, 3, 10).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), workload.schema(), None).unwrap();
    writer.write(&workload.batch(0, "one", 0, 10).unwrap()).unwrap();
    writer.close().unwrap();
    let streams = ["zero", "one"].map(|name| SentStream { name: name.to_owned(), sent: 10, committed: 0 });
    let mut readback = Readback::new(RowNames::StreamAndSeq, &streams);
    readback.read(&path).unwrap();
    let tally = readback.finish();
    assert_eq!((tally.read, tally.contradicting, tally.lost()), (10, 10, 0));
}

#[test]
fn a_missing_file_is_named() {
    let missing = Readback::new(RowNames::Timestamp, &[]).read(Path::new("/nowhere/a.parquet")).unwrap_err();
    assert!(missing.to_string().contains("/nowhere/a.parquet"), "{missing}");
}
