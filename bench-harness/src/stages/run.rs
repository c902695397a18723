use super::admission::Admission;
use super::append::{Append, ROW_GROUPS};
use super::arguments::StagesArguments;
use super::checksum::Checksum;
use super::decode::{Decode, Payload};
use super::document::Document;
use super::encode::Encode;
use super::error::StageError;
use super::figures::Figures;
use super::file::File;
use super::input::Input;
use super::log_block::LogBlock;
use super::log_write::LogWrite;
use super::measure::measure;
use super::name::StageName;
use super::pinned::Pinned;
use super::receive::Receive;
use super::seal::Seal;
use super::stage::Stage;
use crate::folder::WorkFolder;
use crate::report::Header;
use crate::run::clock::unix_milliseconds;
use crate::workload::Workload;
use clap::ValueEnum;
use lakehead_engine::columns::table_builder::RowGroupSize;
use std::fs;
use std::time::Duration;

/// Measures the stages, prints a table, and writes a document if one is asked for.
pub fn run(arguments: &StagesArguments) -> Result<(), StageError> {
    // Before there is any other thread.
    lakehead_engine::reactor::cores::prepare();
    let pinned = Pinned::to(arguments.core)?;
    let input = input(arguments)?;
    let folder = WorkFolder::new(arguments.work_dir.as_deref(), "stages").map_err(StageError::io("the work folder"))?;
    let header = Header::here("stages", unix_milliseconds(), Some(folder.path()));
    let time = Duration::from_secs_f64(arguments.seconds);
    let mut figures: Vec<Figures> = Vec::new();
    for name in
        StageName::value_variants().iter().filter(|name| arguments.only.is_empty() || arguments.only.contains(name))
    {
        eprintln!("{} ...", name.text());
        let mut stage = stage(*name, arguments, &input, &folder, pinned)?;
        figures.push(measure(&mut *stage, time, input.row_bytes)?);
    }
    let document = Document::new(header, arguments, input.row_bytes, figures);
    print!("{}", document.table());
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&document)?;
        fs::write(path, text).map_err(StageError::io(format!("cannot write {}", path.display())))?;
    }
    Ok(())
}

fn input(arguments: &StagesArguments) -> Result<Input, StageError> {
    let batch_rows = arguments.batch_rows.map_or(arguments.workload.batch_rows(), |rows| rows as usize);
    let workload = Workload::new(arguments.workload, arguments.seed, batch_rows)?;
    let workload = if arguments.dictionaries { workload.with_dictionaries()? } else { workload };
    let batches = (0..).step_by(batch_rows).map(|first| workload.batch(0, "bench", first, batch_rows));
    Input::new(&workload.schema(), batches, RowGroupSize::default())
}

fn stage<'a>(
    name: StageName,
    arguments: &StagesArguments,
    input: &'a Input,
    folder: &WorkFolder,
    pinned: Pinned,
) -> Result<Box<dyn Stage + 'a>, StageError> {
    let compression = arguments.compression.into();
    Ok(match name {
        StageName::Receive => Box::new(Receive::new(input, pinned.other)?),
        StageName::Checksum => Box::new(Checksum(input)),
        StageName::Decode => Box::new(Decode { input, payload: Payload::Viewed }),
        StageName::Admission => Box::new(Admission::new(input)?),
        StageName::Append => Box::new(Append::new(input, ROW_GROUPS)?),
        StageName::LogBlock => Box::new(LogBlock::new(input)?),
        StageName::LogWrite => Box::new(LogWrite::new(input, folder.path(), pinned.core)?),
        StageName::Seal => Box::new(Seal::new(input)?),
        StageName::Encode => Box::new(Encode::new(input, compression)?),
        StageName::File => Box::new(File::new(input, folder.path(), compression)?),
    })
}
