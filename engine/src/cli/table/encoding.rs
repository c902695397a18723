//! How a table is encoded, as `lakehead table describe` shows it.

use crate::commit::encode::EncodingPolicy;
use crate::commit::encode::policy::ENCODING_PROPERTY;
use crate::commit::encode::words::{codec_word, encoding_word};
use crate::table::delta::footer::{FileEncodings, LeafEncoding, NewestFile};
use crate::table::delta::properties::NamedPolicy;
use serde_json::{Value, json};

/// The policy and where it comes from, on a line.
pub(super) fn policy_text(named: &NamedPolicy) -> String {
    let fallback =
        format!("{}, unless the engine is configured otherwise (tables.encoding)", EncodingPolicy::default());
    match named {
        NamedPolicy::Known(policy) => format!("{policy} (table property {ENCODING_PROPERTY})"),
        NamedPolicy::None => fallback,
        NamedPolicy::Unknown(unknown) => {
            format!("{fallback}; the table property {ENCODING_PROPERTY} is ignored: {unknown}")
        }
    }
}

/// The same for programs: `policy` is null where the engine's configuration decides.
pub(super) fn policy_json(named: &NamedPolicy) -> Value {
    match named {
        NamedPolicy::Known(policy) => json!({ "policy": policy.name(), "from": ENCODING_PROPERTY, "ignored": null }),
        NamedPolicy::None => json!({ "policy": null, "from": "tables.encoding", "ignored": null }),
        NamedPolicy::Unknown(unknown) => {
            json!({ "policy": null, "from": "tables.encoding", "ignored": unknown.name })
        }
    }
}

/// How the newest file is encoded, leaf by leaf.
pub(super) fn newest_text(newest: &NewestFile) -> String {
    match newest {
        NewestFile::None => "newest file\n  none: how columns are encoded shows once there are rows\n".to_owned(),
        NewestFile::Unreadable { path, reason } => format!("newest file {path}\n  cannot be looked into: {reason}\n"),
        NewestFile::Read { path, encodings } => {
            let FileEncodings { bytes, rows, row_groups, writer, leaves } = encodings;
            let writer = writer.as_ref().map(|writer| format!(", by {writer}")).unwrap_or_default();
            let mut text =
                format!("newest file {path}\n  {rows} rows in {row_groups} row groups, {bytes} bytes{writer}\n");
            text +=
                &format!("  {:<28} {:<22} {:<8} {:>12} {:>8}\n", "column", "encoding", "codec", "bytes/row", "of file");
            for leaf in leaves {
                text += &format!(
                    "  {:<28} {:<22} {:<8} {:>12.3} {:>6.1} %\n",
                    leaf.path,
                    encodings_of(leaf).join(", "),
                    codecs_of(leaf).join(", "),
                    row_bytes(leaf, encodings),
                    100.0 * share(leaf, encodings)
                );
            }
            text
        }
    }
}

/// The same for programs.
pub(super) fn newest_json(newest: &NewestFile) -> Value {
    match newest {
        NewestFile::None => Value::Null,
        NewestFile::Unreadable { path, reason } => json!({ "path": path, "error": reason }),
        NewestFile::Read { path, encodings } => {
            let leaf = |leaf: &LeafEncoding| {
                json!({
                    "column": leaf.path,
                    "encodings": encodings_of(leaf),
                    "codecs": codecs_of(leaf),
                    "bytes": leaf.bytes,
                    "bytes_per_row": row_bytes(leaf, encodings),
                    "share_of_file": share(leaf, encodings),
                })
            };
            json!({
                "path": path,
                "bytes": encodings.bytes,
                "rows": encodings.rows,
                "row_groups": encodings.row_groups,
                "writer": encodings.writer,
                "columns": encodings.leaves.iter().map(leaf).collect::<Vec<_>>(),
            })
        }
    }
}

fn encodings_of(leaf: &LeafEncoding) -> Vec<String> {
    leaf.encodings.iter().map(|encoding| encoding_word(*encoding)).collect()
}

fn codecs_of(leaf: &LeafEncoding) -> Vec<&'static str> {
    leaf.codecs.iter().map(|codec| codec_word(*codec)).collect()
}

fn row_bytes(leaf: &LeafEncoding, file: &FileEncodings) -> f64 {
    leaf.bytes as f64 / file.rows.max(1) as f64
}

fn share(leaf: &LeafEncoding, file: &FileEncodings) -> f64 {
    leaf.bytes as f64 / file.bytes.max(1) as f64
}
