//! What `lakehead table encodings` prints.

use crate::cli::columns::print::type_name;
use crate::commit::encode::choice::{Verdict, choose, judge};
use crate::commit::encode::examine::Examined;
use crate::commit::encode::figures::WayFigures;
use crate::commit::encode::words::codec_word;
use crate::commit::encode::{ColumnWay, EncodingPolicy};
use parquet::basic::Compression;
use serde_json::{Value, json};

/// What was found.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) file: String,
    pub(super) rows: usize,
    pub(super) codec: Compression,
    pub(super) columns: Vec<Examined>,
}

/// What a row costs, all columns together.
struct Total {
    ns: f64,
    bytes: f64,
}

/// For people: a block of lines for each column.
pub(super) fn text(shown: &Shown) -> String {
    let Shown { file, rows, codec, columns } = shown;
    let (codec_name, looking_ms) = (codec_word(*codec), looking_ms(shown));
    let mut text =
        format!("{file}: {rows} rows as one row group; codec {codec_name}; looking took {looking_ms:.1} ms\n");
    text += "a byte less is worth";
    for policy in EncodingPolicy::ALL {
        let worth = policy.byte_ns().map_or_else(|| "any time".to_owned(), |ns| format!("{ns} ns"));
        text += &format!("{} {worth} by {policy}", if policy == EncodingPolicy::ALL[0] { "" } else { "," });
    }
    text += &format!("\n\n{:<40} {:>9} {:>12}\n", "", "ns/value", "bytes/value");
    for column in columns {
        text += &format!("{} {}\n", column.path, type_name(&column.data_type));
        for (measured, verdict) in judge(&column.figures, column.values, EncodingPolicy::default(), None) {
            let chosen = chosen_for(column, measured.way);
            let note = match (chosen.is_empty(), verdict) {
                (false, _) => format!("   <- {}", chosen.join(", ")),
                (true, Verdict::PassedOver(reason)) => format!("   ({reason})"),
                (true, Verdict::Weighed(_)) => String::new(),
            };
            let (ns, bytes) = (column.figures.ns(measured), column.figures.bytes(measured, column.values));
            text += format!("  {:<38} {ns:>9.1} {bytes:>12.3}{note}", measured.way).trim_end();
            text.push('\n');
        }
    }
    text += "\nall columns, a row\n";
    for policy in EncodingPolicy::ALL {
        let Total { ns, bytes } = total(shown, |column| chosen(column, policy));
        text += &format!("  {:<38} {ns:>9.1} {bytes:>12.3}\n", policy.name());
    }
    if let Some(Total { ns, bytes }) = everywhere(shown) {
        let name = format!("dictionaries and {} everywhere", codec_word(*codec));
        text += &format!("  {name:<38} {ns:>9.1} {bytes:>12.3}\n");
    }
    text
}

/// For programs.
pub(super) fn json(shown: &Shown) -> Value {
    let policies = EncodingPolicy::ALL.map(|policy| {
        let Total { ns, bytes } = total(shown, |column| chosen(column, policy));
        json!({ "policy": policy.name(), "byte_ns": policy.byte_ns(), "ns_per_row": ns, "bytes_per_row": bytes })
    });
    let everywhere = everywhere(shown).map(|total| json!({ "ns_per_row": total.ns, "bytes_per_row": total.bytes }));
    json!({
        "file": shown.file,
        "rows": shown.rows,
        "codec": codec_word(shown.codec),
        "looking_ms": looking_ms(shown),
        "policies": policies,
        "dictionary_and_codec_everywhere": everywhere,
        "columns": shown.columns.iter().map(column_json).collect::<Vec<_>>(),
    })
}

fn column_json(column: &Examined) -> Value {
    let way = |(measured, verdict): (&WayFigures, Verdict)| {
        let passed_over = if let Verdict::PassedOver(reason) = verdict { Some(reason.to_string()) } else { None };
        json!({
            "encoding": measured.way.encoding_word(),
            "codec": codec_word(measured.way.compression),
            "ns_per_value": column.figures.ns(measured),
            "bytes_per_value": column.figures.bytes(measured, column.values),
            "passed_over_by_balanced": passed_over,
            "chosen_for": chosen_for(column, measured.way),
        })
    };
    let ways = judge(&column.figures, column.values, EncodingPolicy::default(), None).map(way);
    json!({
        "column": column.path,
        "type": type_name(&column.data_type),
        "values": column.values,
        "sampled": column.figures.sampled,
        "ways": ways.collect::<Vec<_>>(),
    })
}

/// CPU time of measuring all columns.
fn looking_ms(shown: &Shown) -> f64 {
    shown.columns.iter().map(|column| column.spent_ns).sum::<f64>() / 1e6
}

fn chosen(column: &Examined, policy: EncodingPolicy) -> ColumnWay {
    choose(&column.figures, column.values, policy, None)
}

fn chosen_for(column: &Examined, way: ColumnWay) -> Vec<&'static str> {
    EncodingPolicy::ALL.into_iter().filter(|policy| chosen(column, *policy) == way).map(EncodingPolicy::name).collect()
}

fn total(shown: &Shown, way: impl Fn(&Examined) -> ColumnWay) -> Total {
    let mut sum = Total { ns: 0.0, bytes: 0.0 };
    for column in &shown.columns {
        if let Some(measured) = column.figures.of(way(column)) {
            let values_per_row = column.values as f64 / shown.rows.max(1) as f64;
            sum.ns += column.figures.ns(measured) * values_per_row;
            sum.bytes += column.figures.bytes(measured, column.values) * values_per_row;
        }
    }
    sum
}

/// What most writers do: every column as a dictionary where it can be one, and with the codec.
fn everywhere(shown: &Shown) -> Option<Total> {
    let of_column = |column: &Examined| {
        let values = column.values as f64;
        (column.usual.ns * values, column.usual.data_bytes * values + column.usual.dictionary_bytes)
    };
    let sum = |(ns, bytes): (f64, f64), column| {
        let (more_ns, more_bytes) = of_column(column);
        (ns + more_ns, bytes + more_bytes)
    };
    let (ns, bytes) = shown.columns.iter().fold((0.0, 0.0), sum);
    let rows = shown.rows.max(1) as f64;
    (shown.codec != Compression::UNCOMPRESSED).then_some(Total { ns: ns / rows, bytes: bytes / rows })
}
