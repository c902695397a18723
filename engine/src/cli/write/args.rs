//! What can be said on the command line.

use crate::cli::client_args::{ClientArgs, Patience};
use std::path::{Path, PathBuf};

/// Writes rows into a table: from a CSV, NDJSON, Parquet or Arrow file, or from standard input.
///
/// The rows are committed when the command ends with 0; what it did stands as one line of JSON on
/// standard output. A table that does not exist is made from the columns of the file (of standard
/// input: of its first rows). To choose the types yourself, make it first with `lakehead table
/// create`.
///
/// With --stream the command can be repeated: rows that the table has of this stream already are
/// passed over, so a run that was killed is continued by running it again, and a run that had
/// finished adds nothing. Use one stream name per file: rows are recognised by their place in the
/// file, not by their content. On standard input the same rows have to come again from the first
/// on.
///
/// Formats, by extension or --format:
///   csv      .csv .tsv .txt         a line of column names, then a line per row
///   ndjson   .ndjson .jsonl .json   a JSON object per line: objects and arrays in it are structs
///                                   and arrays; dates, timestamps, NaN and Infinity are strings,
///                                   binary is hexadecimal digits in a string
///   parquet  .parquet .pq           files only
///   arrow    .arrow .arrows .ipc .feather   IPC file or stream
///
/// Examples:
///   lakehead write orders orders.csv --server 127.0.0.1:7531 --stream orders-2024
///   zcat events.gz | lakehead write events --format ndjson --server 127.0.0.1:7531 --stream 07
///   tail -F app.log.json | lakehead write logs --format ndjson --server 127.0.0.1:7531
#[derive(Debug, Clone, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct WriteArgs {
    /// Name of the table, such as `plant.readings`.
    pub table: String,
    /// The file; `-`, or nothing when rows are piped in, is standard input.
    pub file: Option<PathBuf>,
    #[command(flatten)]
    pub client: ClientArgs,
    /// Name of the stream, which makes the run repeatable.
    #[arg(long, value_name = "NAME")]
    pub stream: Option<String>,
    /// What it is, when no extension says so.
    #[arg(long)]
    pub format: Option<Format>,
    /// A field that means NULL (CSV). Give the option again for more; unless given, empty fields and NA do.
    #[arg(long, value_name = "TOKEN", default_values = ["", "NA"])]
    pub null: Vec<String>,
    /// What stands between fields (CSV). Default: a comma, in .tsv files a tab.
    #[arg(long, value_name = "CHARACTER")]
    pub delimiter: Option<char>,
    /// Rows of standard input that are looked at to make a table; from a file it is all of them.
    #[arg(long, value_name = "ROWS", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub infer_rows: u32,
    /// Rows that are read and sent at once. Rows of standard input wait at most 0.2 seconds for others.
    #[arg(long, value_name = "ROWS", default_value_t = 65_536, value_parser = clap::value_parser!(u32).range(1..=4_194_304))]
    pub batch_rows: u32,
}

impl WriteArgs {
    /// What stands for a file alone.
    pub(super) fn of_file(path: &Path) -> Self {
        let patience = Patience { token: None, give_up_after: 0 };
        Self {
            table: String::new(),
            file: Some(path.to_owned()),
            client: ClientArgs { server: Vec::new(), patience },
            stream: None,
            format: None,
            null: vec![String::new(), "NA".to_owned()],
            delimiter: None,
            infer_rows: u32::MAX,
            batch_rows: 65_536,
        }
    }
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Text, a line per row.
    Csv,
    /// A JSON object per line.
    #[value(alias = "jsonl", alias = "json")]
    Ndjson,
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC, file or stream.
    #[value(alias = "ipc", alias = "feather")]
    Arrow,
}
