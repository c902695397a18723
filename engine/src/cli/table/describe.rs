//! `lakehead table describe`.

use super::{encoding, rejected};
use crate::cli::client_args::{Patience, client, exit_of};
use crate::cli::columns::print::{column, type_name};
use crate::cli::exit::Exit;
use crate::cli::local_table::{LocalTable, LocalTableError};
use crate::cli::output::{say, tell};
use crate::cli::served_table;
use crate::cli::stream::stream_json;
use crate::cli::table_place::TablePlace;
use crate::table::delta::describe::{Description, describe};
use arrow::datatypes::{Schema, SchemaRef};
use lakehead_protocol::arrow_schema::to_arrow;
use serde_json::{Value, json};
use std::sync::Arc;

/// Shows what a table is: identity, columns, and where it lies also version, size, streams,
/// properties, partitions, its way with bad rows and how many were rejected, and how it is encoded.
///
/// With --server an engine is asked, which knows every table by the name that producers use. With
/// --data-dir, or --tables-root or --config (which win over --server), the table's files are read
/// where they lie; no engine has to run. How columns are
/// encoded stands in the footer of the newest data file, whoever wrote it; to see why the engine
/// chose so, try `lakehead table encodings` on that file.
///
/// Examples:
///   lakehead table describe plant.readings --server 127.0.0.1:7531
///   lakehead table describe plant.readings --data-dir /var/lib/lakehead --json
///   lakehead table describe plant.readings --tables-root s3://bucket/tables
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct DescribeArguments {
    /// The table's name, as producers say it.
    table: String,
    /// Address of an engine, host:port.
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
    /// JSON for programs.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    patience: Patience,
}

#[derive(Debug, thiserror::Error)]
enum DescribeError {
    #[error(transparent)]
    Local(#[from] LocalTableError),
    #[error("{error} [{}]", error.code())]
    Client {
        #[from]
        error: lakehead_client::Error,
    },
    #[error("the engine has no table {table:?}; `lakehead table create` or a first stream makes it")]
    Missing { table: String },
    #[error("no runtime could be started: {0}")]
    Runtime(#[from] std::io::Error),
}

/// Runs it.
pub(super) fn run(arguments: &DescribeArguments) -> Exit {
    let shown = if arguments.place.is_given() { local(arguments) } else { served(arguments) };
    match shown {
        Ok(shown) if arguments.json => {
            say(shown.json);
            Exit::Success
        }
        Ok(shown) => {
            say(shown.text.trim_end());
            Exit::Success
        }
        Err(error) => {
            tell(format_args!("lakehead table describe: {error}"));
            match error {
                DescribeError::Client { error } => exit_of(&error),
                _ => Exit::Failure,
            }
        }
    }
}

struct Shown {
    text: String,
    json: Value,
}

fn served(arguments: &DescribeArguments) -> Result<Shown, DescribeError> {
    let client = client(&arguments.server, &arguments.patience)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let table = &arguments.table;
    let found = runtime.block_on(served_table::find(&client, table))?;
    let found = found.ok_or_else(|| DescribeError::Missing { table: table.clone() })?;
    let (id, version, schema) = (found.id(), found.version(), found.schema());
    let text = format!("table      {table}\nidentity   {id}\nversion    {version}\ncolumns\n{}", columns_text(&schema));
    Ok(Shown { text, json: json!({ "table": table, "id": id, "version": version, "columns": columns_json(&schema) }) })
}

fn local(arguments: &DescribeArguments) -> Result<Shown, DescribeError> {
    let table = &arguments.table;
    let place = arguments.place.table(table)?;
    let found = describe(&place.table).map_err(LocalTableError::from)?.ok_or_else(|| place.missing())?;
    let schema: SchemaRef = Arc::new(to_arrow(&found.columns.wire).unwrap_or_else(|_| Schema::empty()));
    let mut json = json!({
        "table": table,
        "location": place.url.as_str(),
        "id": &*found.id,
        "version": found.version,
        "rows": found.rows,
        "files": found.files,
        "bytes": found.bytes,
        "columns": columns_json(&schema),
        "partition_columns": &found.partition_columns,
        "streams": [],
        "properties": &found.properties,
        "encoding": encoding::policy_json(&found.encoding),
        "bad_rows": rejected::policy_json(&found.properties),
        "rejected": rejected::rejected_json(&place.rejects),
        "newest_file": encoding::newest_json(&found.newest),
        "unsupported": found.unsupported.as_deref(),
        "unmergeable": found.unmergeable.as_deref(),
    });
    json["streams"] = found.streams.iter().map(|(name, stream)| stream_json(name, stream)).collect();
    Ok(Shown { text: local_text(table, &place, &schema, &found), json })
}

fn local_text(table: &str, place: &LocalTable, schema: &Schema, found: &Description) -> String {
    let rows = found.rows.map_or_else(|| "unknown".to_owned(), |rows| rows.to_string());
    let mut text = format!(
        "table      {table}\nlocation   {}\nidentity   {}\nversion    {}\nrows       {rows} in {} files, {} bytes\n",
        place.url, found.id, found.version, found.files, found.bytes
    );
    text += &format!("encoding   {}\n", encoding::policy_text(&found.encoding));
    text += &rejected::text(&found.properties, &place.rejects);
    if let Some(reason) = &found.unsupported {
        text += &format!("not writable by this engine: {reason}\n");
    }
    if !found.partition_columns.is_empty() {
        text += &format!("partitions by {}\n", found.partition_columns.join(", "));
    }
    if let Some(reason) = &found.unmergeable {
        text += &format!("its files are not merged by this engine: {reason}\n");
    }
    text += &format!("columns\n{}", columns_text(schema));
    text += &encoding::newest_text(&found.newest);
    if !found.streams.is_empty() {
        text += "named streams (rows committed, epoch)\n";
        for (stream, state) in &found.streams {
            text += &format!("  {stream:<30} {:>12} {:>6}\n", state.committed, state.epoch);
        }
    }
    if !found.properties.is_empty() {
        text += "properties\n";
        for (key, value) in &found.properties {
            text += &format!("  {key} = {value}\n");
        }
    }
    text
}

fn columns_text(schema: &Schema) -> String {
    let line = |field: &Arc<arrow::datatypes::Field>| {
        let nullable = if field.is_nullable() { "" } else { " not null" };
        format!("  {:<30} {}{nullable}\n", field.name(), type_name(field.data_type()))
    };
    schema.fields().iter().map(line).collect()
}

fn columns_json(schema: &Schema) -> Vec<Value> {
    let one = |field: &Arc<arrow::datatypes::Field>| {
        json!({
            "name": field.name(),
            "type": type_name(field.data_type()),
            "nullable": field.is_nullable(),
            "definition": column(field),
        })
    };
    schema.fields().iter().map(one).collect()
}
