//! What is written, of whatever format.

use super::args::{Format, WriteArgs};
use super::arrow_source::ArrowSource;
use super::csv::Csv;
use super::failure::Failure;
use super::input::Input;
use super::ndjson::Ndjson;
use super::parquet_source::ParquetSource;
use super::progress::{bar, spinner};
use super::text_format::TextFormat;
use super::text_source::TextSource;
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use indicatif::ProgressBar;
use std::io::IsTerminal;
use std::path::Path;

/// What standard input is called in messages.
const STANDARD_INPUT: &str = "standard input";

/// What comes next.
#[derive(Debug)]
pub enum Piece {
    Rows(RecordBatch),
    /// Nothing for a while: time to look at other things.
    Pause,
}

/// Pieces in order, up to the first that cannot be read.
pub type Pieces = Box<dyn Iterator<Item = Result<Piece, Failure>>>;

/// An opened file, or standard input.
pub struct Source {
    rows: Rows,
    bar: ProgressBar,
}

enum Rows {
    Text(TextSource),
    Parquet(ParquetSource),
    Arrow(ArrowSource),
}

impl Source {
    /// Opens what `args` names.
    ///
    /// # Errors
    /// What cannot be read, or whose format nothing says.
    pub fn open(args: &WriteArgs) -> Result<Self, Failure> {
        let file = args.file.as_deref().filter(|path| *path != Path::new("-"));
        match file {
            Some(path) => Self::file(args, path),
            None if args.file.is_none() && std::io::stdin().is_terminal() => {
                Err(Failure::Usage("name a FILE, or pipe rows into standard input".to_owned()))
            }
            None => Self::standard_input(args),
        }
    }

    /// Opens the file at `path`, as `args` say.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(super) fn file(args: &WriteArgs, path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let format = args.format.or_else(|| by_extension(path)).ok_or_else(|| {
            Failure::Usage(format!("{name}: say what it is with --format csv, ndjson, parquet or arrow"))
        })?;
        let metadata = path.metadata().map_err(|error| Failure::file(&name, error))?;
        if !metadata.is_file() {
            let reason = "is not a regular file; pipe it into standard input instead (lakehead write TABLE - < FILE)";
            return Err(Failure::file(&name, reason));
        }
        let length = bar(metadata.len(), true);
        Ok(match format {
            Format::Csv | Format::Ndjson => {
                let input = Input::file(path, &length).map_err(|error| Failure::file(&name, error))?;
                let text = text_format(args, format, path)?;
                let rows = (args.batch_rows as usize, usize::MAX);
                let text = TextSource::open(&name, text, input, Some(path.to_owned()), rows)?;
                Self { rows: Rows::Text(text), bar: length }
            }
            Format::Parquet => {
                let parquet = ParquetSource::open(path, args.batch_rows as usize)?;
                Self { bar: bar(parquet.rows(), false), rows: Rows::Parquet(parquet) }
            }
            Format::Arrow => Self { rows: Rows::Arrow(ArrowSource::file(&name, path)?), bar: spinner() },
        })
    }

    fn standard_input(args: &WriteArgs) -> Result<Self, Failure> {
        let format = args.format.ok_or_else(|| {
            Failure::Usage("say what standard input is with --format csv, ndjson or arrow".to_owned())
        })?;
        if format == Format::Parquet {
            let reason = "a Parquet file begins to be read at its end, so it cannot come from standard input; write it to \
                          a file first and name that, or send an Arrow stream (--format arrow)";
            return Err(Failure::Usage(reason.to_owned()));
        }
        let input = Input::pipe(std::io::stdin());
        let input = input.map_err(|error| Failure::System(format!("no thread to read standard input: {error}")))?;
        let rows = match format {
            Format::Arrow => Rows::Arrow(ArrowSource::input(STANDARD_INPUT, input)?),
            _ => {
                let text = text_format(args, format, Path::new(""))?;
                let rows = (args.batch_rows as usize, args.infer_rows as usize);
                Rows::Text(TextSource::open(STANDARD_INPUT, text, input, None, rows)?)
            }
        };
        Ok(Self { rows, bar: spinner() })
    }

    /// The columns of a table that would hold the rows.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn infer(&mut self) -> Result<Schema, Failure> {
        match &mut self.rows {
            Rows::Text(source) => source.infer(),
            Rows::Parquet(source) => Ok(source.schema()),
            Rows::Arrow(source) => Ok(source.schema()),
        }
    }

    /// The rows from `skip` on, for a table with these columns, and a bar that follows them.
    ///
    /// # Errors
    /// Columns that do not fit, or a file that cannot be read any more.
    pub fn pieces(self, table: &SchemaRef, skip: u64) -> Result<(Pieces, ProgressBar), Failure> {
        let Self { rows, bar } = self;
        let pieces: Pieces = match rows {
            Rows::Text(source) => Box::new(source.batches(table, skip)?),
            Rows::Arrow(source) => Box::new(source.batches(skip)),
            Rows::Parquet(source) => {
                if source.rows() < skip {
                    return Err(too_short(&source.name(), source.rows(), skip));
                }
                bar.set_position(skip);
                let follow = bar.clone();
                let batches = source.batches(skip)?.inspect(move |batch| {
                    follow.inc(batch.as_ref().map_or(0, |batch| batch.num_rows() as u64));
                });
                Box::new(batches.map(|batch| batch.map(Piece::Rows)))
            }
        };
        Ok((pieces, bar))
    }
}

/// What a file's columns are, for a table like it.
///
/// # Errors
/// What cannot be read, or whose format its extension does not say.
pub fn schema_of_file(path: &Path) -> Result<Schema, Failure> {
    Source::file(&WriteArgs::of_file(path), path)?.infer()
}

/// A stream knows more rows than there are.
pub(super) fn too_short(name: &str, rows: u64, skip: u64) -> Failure {
    let reason = format!(
        "has {rows} rows, but the stream has {skip} rows in the table already: it was written from something else. Use a \
         stream name of its own for each file"
    );
    Failure::data(name, reason)
}

fn text_format(args: &WriteArgs, format: Format, path: &Path) -> Result<Box<dyn TextFormat>, Failure> {
    if format == Format::Ndjson {
        return Ok(Box::new(Ndjson));
    }
    let tabs = extension(path).is_some_and(|extension| extension == "tsv");
    let delimiter = args.delimiter.unwrap_or(if tabs { '\t' } else { ',' });
    Ok(Box::new(Csv::new(delimiter, &args.null).map_err(Failure::Usage)?))
}

fn extension(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_lowercase())
}

fn by_extension(path: &Path) -> Option<Format> {
    match extension(path)?.as_str() {
        "csv" | "tsv" | "txt" => Some(Format::Csv),
        "ndjson" | "jsonl" | "json" => Some(Format::Ndjson),
        "parquet" | "pq" => Some(Format::Parquet),
        "arrow" | "arrows" | "ipc" | "feather" => Some(Format::Arrow),
        _ => None,
    }
}
