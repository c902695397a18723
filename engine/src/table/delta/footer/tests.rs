use super::*;
use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::ZstdLevel;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

fn file(folder: &Path) -> std::path::PathBuf {
    let kind: ArrayRef = Arc::new(StringArray::from_iter_values((0..4_000).map(|row| format!("kind {}", row % 5))));
    let noise: ArrayRef = Arc::new(Float64Array::from_iter_values((0..4_000).map(|row| f64::from(row).sin())));
    let rows = RecordBatch::try_from_iter([("kind", kind), ("noise", noise)]).unwrap();
    let noise = ColumnPath::from("noise");
    let properties = WriterProperties::builder()
        .set_created_by("somebody".to_owned())
        .set_column_compression(ColumnPath::from("kind"), Compression::ZSTD(ZstdLevel::default()))
        .set_column_dictionary_enabled(noise.clone(), false)
        .set_column_encoding(noise, Encoding::BYTE_STREAM_SPLIT)
        .build();
    let path = folder.join("x.parquet");
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), rows.schema(), Some(properties)).unwrap();
    for half in [rows.slice(0, 2_000), rows.slice(2_000, 2_000)] {
        writer.write(&half).unwrap();
        writer.flush().unwrap();
    }
    writer.close().unwrap();
    path
}

fn read(path: &Path) -> Result<FileEncodings, FooterError> {
    let whole = Bytes::from(std::fs::read(path).unwrap());
    FileEncodings::read(whole.len() as u64, |range| {
        Ok::<_, FooterError>(whole.slice(range.start as usize..range.end as usize))
    })
}

#[test]
fn a_footer_says_how_each_column_is_encoded() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let found = read(&path).unwrap();
    assert_eq!((found.rows, found.row_groups, found.writer.as_deref()), (4_000, 2, Some("somebody")));
    assert_eq!(found.bytes, path.metadata().unwrap().len());
    let [kind, noise] = &found.leaves[..] else { panic!("two columns") };
    assert_eq!((kind.path.as_str(), noise.path.as_str()), ("kind", "noise"));
    assert_eq!(
        (&kind.encodings[..], &noise.encodings[..]),
        (&[Encoding::RLE_DICTIONARY][..], &[Encoding::BYTE_STREAM_SPLIT][..])
    );
    assert!(matches!(kind.codecs[..], [Compression::ZSTD(_)]) && noise.codecs == [Compression::UNCOMPRESSED]);
    assert!(noise.bytes >= 4_000 * 8 && kind.bytes < 4_000 && kind.bytes + noise.bytes < found.bytes);
}

#[test]
fn what_is_no_parquet_file_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = |_| Err(delta_kernel::KernelError::generic("nothing there"));
    assert!(matches!(FileEncodings::read(100, nothing), Err(FooterError::Read(_))));
    let whole = std::fs::read(file(folder.path())).unwrap();
    let path = folder.path().join("broken");
    let mut huge = whole.clone();
    let length = huge.len() - 8;
    huge[length..length + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    for (bytes, part) in [(&b""[..], ""), (b"short", ""), (b"PAR1 some text", "no Parquet"), (&huge[..], "too large")] {
        std::fs::write(&path, bytes).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    // Whatever stands in a footer, looking at it does not end in a panic.
    for place in whole.len() - 600..whole.len() - 8 {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x55;
        std::fs::write(&path, &damaged).unwrap();
        let _read_or_not = read(&path);
    }
}
