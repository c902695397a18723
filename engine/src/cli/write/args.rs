//! What can be said on the command line.

use std::path::PathBuf;

/// Writes the rows of a CSV or Parquet file into a table.
///
/// With --stream the command can be repeated: rows that the table has of this stream already are passed over, so a run
/// that was killed is continued by running it again, and a run that had finished adds nothing. Use one stream name per
/// file: rows are recognised by their place in the file, not by their content.
#[derive(Debug, Clone, clap::Args)]
pub struct WriteArgs {
    /// Name of the table, such as `plant.readings`. Made from the file's columns if it does not exist.
    pub table: String,
    /// The file. CSV files begin with a line of column names.
    pub file: PathBuf,
    /// Address of an engine, host:port. Several are tried in turn.
    #[arg(long, required = true, value_name = "ADDR", env = "LAKEHEAD_SERVER", value_delimiter = ',')]
    pub server: Vec<String>,
    /// Name of the stream, which makes the run repeatable.
    #[arg(long, value_name = "NAME")]
    pub stream: Option<String>,
    /// What the file is, when its extension does not say.
    #[arg(long)]
    pub format: Option<Format>,
    /// A field that means NULL (CSV). Give the option again for more; unless given, empty fields and NA do.
    #[arg(long, value_name = "TOKEN", default_values = ["", "NA"])]
    pub null: Vec<String>,
    /// What stands between fields (CSV).
    #[arg(long, value_name = "CHARACTER", default_value_t = ',')]
    pub delimiter: char,
    /// Rows that are read and sent at once.
    #[arg(long, value_name = "ROWS", default_value_t = 65_536, value_parser = clap::value_parser!(u32).range(1..=4_194_304))]
    pub batch_rows: u32,
    /// Seconds to go on trying when no engine can be used.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub give_up_after: u64,
    /// The token that the engine asks for.
    #[arg(long, env = "LAKEHEAD_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Text, a line per row.
    Csv,
    /// Apache Parquet.
    Parquet,
}
