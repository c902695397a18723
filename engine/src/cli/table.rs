//! `lakehead table`: what is in a table.

use super::exit::Exit;
use crate::columns::type_name::type_name;
use crate::table::delta::describe::{Description, describe};
use crate::table::delta::table::{DeltaTable, TableError, kernel_engine};
use crate::table::name::{NameError, resolve};
use clap::{Args, Subcommand};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use url::Url;

/// Arguments of `lakehead table`.
#[derive(Debug, Args)]
pub struct TableArguments {
    #[command(subcommand)]
    command: TableCommand,
}

#[derive(Debug, Subcommand)]
enum TableCommand {
    /// Identity, version, columns, size and streams of a table.
    Describe {
        /// The table's name, as producers say it.
        table: String,
        /// The engine's data directory, or the folder of its tables.
        #[arg(long, value_name = "DIR")]
        data_dir: PathBuf,
    },
}

#[derive(Debug, thiserror::Error)]
enum DescribeError {
    #[error("{path} is not a folder that can be read: {source}")]
    Directory { path: PathBuf, source: std::io::Error },
    #[error("{path} is not a usable path")]
    Path { path: PathBuf },
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("there is no table at {url}; `lakehead write` or a first stream makes it")]
    Missing { url: Url },
    #[error("no runtime: {0}")]
    Runtime(std::io::Error),
}

/// Runs `lakehead table`.
pub fn run(arguments: TableArguments) -> Exit {
    let TableCommand::Describe { table, data_dir } = arguments.command;
    match load(&table, &data_dir) {
        Ok((url, description)) => {
            print(&table, &url, &description);
            Exit::Success
        }
        Err(error) => {
            eprintln!("lakehead table describe: {error}");
            Exit::Failure
        }
    }
}

fn load(table: &str, data_dir: &Path) -> Result<(Url, Description), DescribeError> {
    let tables = Some(data_dir.join("tables")).filter(|tables| tables.is_dir());
    let folder = tables.unwrap_or_else(|| data_dir.to_owned());
    let folder = folder.canonicalize().map_err(|source| DescribeError::Directory { path: folder, source })?;
    let root = Url::from_directory_path(&folder).map_err(|()| DescribeError::Path { path: folder })?;
    let url = resolve(table, &root, &BTreeMap::new())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(DescribeError::Runtime)?;
    let found = describe(&DeltaTable::at(&url, kernel_engine(runtime.handle().clone()))?)?;
    found.map(|found| (url.clone(), found)).ok_or(DescribeError::Missing { url })
}

fn print(table: &str, url: &Url, description: &Description) {
    println!("table      {table}");
    println!("location   {url}");
    println!("identity   {}", description.id);
    println!("version    {}", description.version);
    let rows = description.rows.map_or_else(|| "unknown".to_owned(), |rows| rows.to_string());
    println!("rows       {rows} in {} files, {} bytes", description.files, description.bytes);
    if let Some(reason) = &description.unsupported {
        println!("not writable by this engine: {reason}");
    }
    println!("columns");
    for field in description.columns.wire.top_level() {
        let nullable = if field.nullable == 1 { "" } else { " not null" };
        println!("  {:<30} {}{nullable}", field.name, type_name(&description.columns.wire, field));
    }
    if !description.streams.is_empty() {
        println!("named streams (rows committed, epoch)");
        for (stream, state) in description.streams.iter() {
            println!("  {stream:<30} {:>12} {:>6}", state.committed, state.epoch);
        }
    }
    if !description.properties.is_empty() {
        println!("properties");
        for (key, value) in &description.properties {
            println!("  {key} = {value}");
        }
    }
}
