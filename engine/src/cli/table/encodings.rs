//! `lakehead table encodings`: what the engine would choose for a file's columns, and why.

use super::encodings_show::{Shown, json, text};
use crate::cli::exit::Exit;
use crate::cli::output::{say, tell};
use crate::cli::write::args::Format;
use crate::cli::write::failure::Failure;
use crate::cli::write::first_rows_of_file;
use crate::commit::encode::EncodeError;
use crate::commit::encode::examine::examine;
use crate::config::typed::CompressionName;
use parquet::basic::Compression;
use std::path::PathBuf;

/// Shows how the engine would encode a file's columns, and why.
///
/// The first rows are taken as one row group of a table, as if they had been sent. A sample of each
/// column is encoded in every way that all readers of Delta tables know, by the same code as in the
/// engine: what a value costs in CPU time and in bytes, and what each policy (tables.encoding,
/// or the table property lakehead.encoding) makes of it. Nothing is written, and no engine has to
/// run. Times are this machine's; on a busy one they are somewhat longer.
///
/// Examples:
///   lakehead table encodings orders.parquet
///   lakehead table encodings events.ndjson --compression lz4 --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct EncodingsArguments {
    /// The file: CSV, NDJSON, Parquet or Arrow.
    file: PathBuf,
    /// What it is, when no extension says so.
    #[arg(long)]
    format: Option<Format>,
    /// The codec to try, as tables.compression: zstd, lz4, snappy or none.
    #[arg(long, value_name = "NAME", default_value = "zstd", value_parser = codec)]
    compression: CompressionName,
    /// Rows to take as a row group; the engine's has this many at most.
    #[arg(long, value_name = "ROWS", default_value_t = 524_288, value_parser = clap::value_parser!(u32).range(1..=4_194_304))]
    rows: u32,
    /// JSON for programs.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, thiserror::Error)]
enum EncodingsError {
    #[error(transparent)]
    File(#[from] Failure),
    #[error("{file}: {cause}")]
    Encode { file: String, cause: EncodeError },
}

/// Runs it.
pub(super) fn run(arguments: &EncodingsArguments) -> Exit {
    match shown(arguments) {
        Ok(shown) if arguments.json => {
            say(json(&shown));
            Exit::Success
        }
        Ok(shown) => {
            say(text(&shown).trim_end());
            Exit::Success
        }
        Err(error) => {
            tell(format_args!("lakehead table encodings: {error}"));
            match error {
                EncodingsError::File(failure) => failure.exit(),
                EncodingsError::Encode { .. } => Exit::Data,
            }
        }
    }
}

fn shown(arguments: &EncodingsArguments) -> Result<Shown, EncodingsError> {
    let EncodingsArguments { file, format, compression, rows, .. } = arguments;
    let (schema, rows) = first_rows_of_file(file, *format, *rows as usize)?;
    let (file, codec) = (file.display().to_string(), Compression::from(*compression));
    match examine(&schema, &rows, codec) {
        Ok(columns) => Ok(Shown { file, rows: rows.num_rows(), codec, columns }),
        Err(cause) => Err(EncodingsError::Encode { file, cause }),
    }
}

fn codec(name: &str) -> Result<CompressionName, String> {
    match name {
        "zstd" => Ok(CompressionName::Zstd),
        "lz4" => Ok(CompressionName::Lz4),
        "snappy" => Ok(CompressionName::Snappy),
        "none" => Ok(CompressionName::None),
        _ => Err("it is one of zstd, lz4, snappy, none".to_owned()),
    }
}
