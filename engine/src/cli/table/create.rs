//! `lakehead table create`: a stream opened with the columns and closed again makes the table; or it is made where it lies.

use super::create_local::{self, Wanted};
use crate::cli::client_args::{Patience, client, exit_of};
use crate::cli::columns::parse::{ColumnsError, parse};
use crate::cli::columns::print::columns;
use crate::cli::columns::same::difference;
use crate::cli::exit::Exit;
use crate::cli::local_table::LocalTableError;
use crate::cli::output::{say, tell};
use crate::cli::served_table;
use crate::cli::table_place::TablePlace;
use crate::cli::write::failure::Failure;
use crate::cli::write::schema_of_file;
use crate::commit::encode::EncodingPolicy;
use crate::handover::bad_rows::BadRowPolicy;
use crate::handover::evolve::EvolvePolicy;
use arrow::datatypes::Schema;
use lakehead_protocol::arrow_schema::{from_arrow, to_arrow};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

/// Makes a table with columns of your choice, before the first row is written.
///
/// With --server the engine makes it, so it has to be configured to make tables (it is, unless
/// tables.create is false). With --data-dir (a missing or empty folder becomes one), --tables-root or
/// --config, which win over --server, it is made where it lies, whether an engine runs or not.
/// What was made is shown as JSON on standard output. A table that exists already is an error (exit
/// code 65); with --if-not-exists it is none as long as its columns are the same.
///
/// --encoding says what the table's files are written for, instead of the engine's tables.encoding:
/// speed (the least CPU time), size (the fewest bytes), or balanced between both. It becomes the
/// table property lakehead.encoding, which engines read when they open the table. --evolve says what
/// becomes of new columns that streams send, instead of tables.evolve: refuse, or add. It becomes the
/// property lakehead.evolve. --bad-rows says what becomes of rows that the table cannot hold, instead of
/// tables.bad_rows: refuse (their batch is refused), or divert (they go into the table NAME_rejected
/// beside it). It becomes the property lakehead.bad_rows.
///
/// --partition-by names the columns whose values partition the table: a data file holds rows of one
/// combination of values, so that readers who ask for some of them leave the others alone. Choose
/// columns with few values: every commit writes one file at least for each combination in it.
///
/// Columns are written as in Spark SQL: NAME TYPE [not null], with commas between. Types:
///   boolean, tinyint, smallint, int, bigint (or byte, short, integer, long), float, double,
///   decimal(p,s), date, timestamp (a moment), timestamp_ntz (a clock's reading), string, binary,
///   array<TYPE>, map<TYPE, TYPE>, struct<NAME: TYPE, ...>
///
/// Examples:
///   lakehead table create plant.readings --server 127.0.0.1:7531 \
///       --columns "device string not null, at timestamp, value decimal(10,2), tags array<string>"
///   lakehead table create orders --like orders.parquet --if-not-exists --server 127.0.0.1:7531
///   lakehead table create archive --like orders.parquet --encoding size --data-dir /var/lib/lakehead
///   lakehead table create events --columns "day date, kind string, payload string" \
///       --partition-by day,kind --data-dir /var/lib/lakehead
///   lakehead table create archive --like orders.parquet --tables-root s3://bucket/tables
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, group(clap::ArgGroup::new("what").required(true).args(["columns", "like"])),
    group(clap::ArgGroup::new("lies").multiple(true).args(TablePlace::FLAGS)))]
pub struct CreateArguments {
    /// Name of the table: one to three parts joined by dots.
    table: String,
    /// The columns.
    #[arg(long, value_name = "COLUMNS")]
    columns: Option<String>,
    /// A file whose columns the table gets: CSV, NDJSON, Parquet or Arrow, by its extension.
    #[arg(long, value_name = "FILE")]
    like: Option<PathBuf>,
    /// A table that exists already with the same columns is fine.
    #[arg(long)]
    if_not_exists: bool,
    /// What its files are written for: speed, balanced or size.
    #[arg(long, value_name = "NAME", requires = "lies")]
    encoding: Option<EncodingPolicy>,
    /// Columns whose values partition the table, in this order.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', requires = "lies")]
    partition_by: Vec<String>,
    /// What becomes of new columns: refuse or add.
    #[arg(long, value_name = "NAME", requires = "lies")]
    evolve: Option<EvolvePolicy>,
    /// What becomes of rows that the table cannot hold: refuse or divert.
    #[arg(long, value_name = "NAME", requires = "lies")]
    bad_rows: Option<BadRowPolicy>,
    /// Address of an engine, host:port. Several, separated by commas, are tried in turn.
    #[arg(
        long,
        value_name = "ADDR",
        env = "LAKEHEAD_SERVER",
        value_delimiter = ',',
        required_unless_present_any = TablePlace::FLAGS
    )]
    server: Vec<String>,
    #[command(flatten)]
    place: TablePlace,
    #[command(flatten)]
    patience: Patience,
}

/// Why it was not made.
#[derive(Debug, thiserror::Error)]
pub(super) enum CreateError {
    #[error("--columns, {0}")]
    Columns(#[from] ColumnsError),
    #[error("--like, {0}")]
    Like(#[from] Failure),
    #[error("{0}")]
    Type(String),
    #[error(
        "table {table:?} exists already, with the columns \"{columns}\"; choose another name, or say --if-not-exists"
    )]
    Exists { table: String, columns: String },
    #[error("table {table:?} exists already and is another one: {difference}; choose another name, or these columns")]
    Other { table: String, difference: String },
    #[error("{error} [{}]", error.code())]
    Client {
        #[from]
        error: lakehead_client::Error,
    },
    #[error(transparent)]
    Local(#[from] LocalTableError),
    #[error("no runtime could be started: {0}")]
    Runtime(#[from] std::io::Error),
}

impl CreateError {
    fn exit(&self) -> Exit {
        match self {
            Self::Columns(_) => Exit::Usage,
            Self::Like(failure) => failure.exit(),
            Self::Type(_) | Self::Exists { .. } | Self::Other { .. } => Exit::Data,
            Self::Client { error } => exit_of(error),
            Self::Local(_) | Self::Runtime(_) => Exit::Failure,
        }
    }
}

/// Runs it.
pub(super) fn run(arguments: &CreateArguments) -> Exit {
    match make(arguments) {
        Ok(made) => {
            say(made);
            Exit::Success
        }
        Err(error) => {
            tell(format_args!("lakehead table create: {error}"));
            error.exit()
        }
    }
}

fn make(arguments: &CreateArguments) -> Result<serde_json::Value, CreateError> {
    let wanted = match (&arguments.columns, &arguments.like) {
        (Some(text), _) => parse(text)?,
        (None, Some(file)) => schema_of_file(file)?,
        (None, None) => Schema::empty(),
    };
    // In the types that a table has.
    let wire = from_arrow(&wanted).map_err(|error| CreateError::Type(error.to_string()))?;
    wire.check().map_err(|error| CreateError::Type(error.to_string()))?;
    let wanted = to_arrow(&wire).map_err(|error| CreateError::Type(error.to_string()))?;
    if arguments.place.is_given() {
        let wanted = Wanted {
            table: &arguments.table,
            columns: &wanted,
            wire: &wire,
            partition_by: &arguments.partition_by,
            encoding: arguments.encoding,
            evolve: arguments.evolve,
            bad_rows: arguments.bad_rows,
            if_not_exists: arguments.if_not_exists,
        };
        return create_local::make(&wanted, &arguments.place);
    }
    let client = client(&arguments.server, &arguments.patience)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let table = &arguments.table;
    runtime.block_on(async {
        let (created, found) = match served_table::find(&client, table).await? {
            Some(found) => (false, found),
            None => {
                let stream = client.stream(table).schema(Arc::new(wanted.clone())).open().await?;
                stream.close().await?;
                let found = served_table::find(&client, table).await?;
                (true, found.ok_or_else(|| CreateError::Type(format!("table {table:?} was made and is gone again")))?)
            }
        };
        if let Some(difference) = difference(&wanted, &found.schema()) {
            return Err(CreateError::Other { table: table.clone(), difference });
        }
        if !created && !arguments.if_not_exists {
            return Err(CreateError::Exists { table: table.clone(), columns: columns(&found.schema()) });
        }
        Ok(json!({ "table": table, "id": found.id(), "created": created, "columns": columns(&found.schema()) }))
    })
}
