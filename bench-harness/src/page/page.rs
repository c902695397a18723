use super::arguments::PageArguments;
use super::input::{Body, Input, InputError};
use super::judgement::Judgement;
use super::overview::overview;
use super::text::{Escaped, moment};
use super::{compare, goals, other, peers, run, search, stages};
use crate::run::clock;
use serde_json::Value;
use std::fmt::{self, Write};
use std::path::PathBuf;
use std::{fs, io};

const STYLE: &str = include_str!("style.css");

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("cannot make the page: {0}")]
    Format(#[from] fmt::Error),
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
}

/// Reads the files and writes the page.
pub fn write(arguments: &PageArguments) -> Result<(), PageError> {
    let inputs: Result<Vec<_>, _> = arguments.files.iter().map(|path| Input::read(path)).collect();
    let page = page(&inputs?, arguments.title.as_deref(), clock::unix_milliseconds())?;
    fs::write(&arguments.out, page).map_err(|source| PageError::Write { path: arguments.out.clone(), source })
}

impl Input {
    /// In a few words, what it is about.
    pub fn title(&self) -> String {
        match &self.body {
            Body::Run(run) => run.title(),
            Body::Search(search) => format!("highest rate with {}", search.bound_words()),
            Body::Stages(stages) => format!("{}: each stage alone on one core", stages.workload),
            Body::Compare(compare) => compare.title(),
            Body::Peers(_) => "the engine and its peers".to_owned(),
            Body::Goals(_) => "goals".to_owned(),
            Body::Other(_) => self.header.kind.clone(),
        }
    }

    /// Whether to believe it, where that can be said.
    pub fn judgement(&self) -> Option<Judgement> {
        match &self.body {
            Body::Run(run) => Some(run.judgement()),
            Body::Search(search) => Some(search.judgement()),
            Body::Compare(compare) => Some(compare.judgement()),
            Body::Stages(_) | Body::Peers(_) | Body::Goals(_) | Body::Other(_) => None,
        }
    }
}

/// The whole page.
pub fn page(inputs: &[Input], title: Option<&str>, made_unix_ms: u64) -> Result<String, fmt::Error> {
    let mut out = String::new();
    let title = match (title, inputs) {
        (Some(title), _) => title.to_owned(),
        (None, [one]) => format!("Lakehead: {}", one.title()),
        (None, several) => {
            let measurements = several.iter().filter(|input| !matches!(input.body, Body::Goals(_))).count();
            format!("Lakehead: {measurements} measurements")
        }
    };
    writeln!(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>")?;
    writeln!(out, "<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>", Escaped(&title))?;
    writeln!(out, "<header><h1>{}</h1>", Escaped(&title))?;
    for line in places(inputs) {
        writeln!(out, "<p>{}</p>", Escaped(line))?;
    }
    writeln!(out, "</header>")?;
    for input in inputs {
        if let Body::Goals(goals) = &input.body {
            goals::section(&mut out, goals)?;
        }
    }
    overview(&mut out, inputs)?;
    for index in (0..inputs.len()).filter(|index| !matches!(inputs[*index].body, Body::Goals(_))) {
        section(&mut out, index, inputs)?;
    }
    writeln!(
        out,
        "<footer>MB and GB are 10⁶ and 10⁹ bytes of rows in Arrow's layout. Made {} by lakehead-bench report.</footer>",
        moment(made_unix_ms)
    )?;
    out.push_str("</body>\n</html>\n");
    Ok(out)
}

/// Where it was measured: once, when that was in one place.
fn places(inputs: &[Input]) -> Vec<String> {
    let mut places = Vec::new();
    for place in inputs.iter().filter(|input| !matches!(input.body, Body::Goals(_))).map(place) {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

fn place(input: &Input) -> String {
    let machine = &input.header.machine;
    let text = |name: &str| machine.get(name).map_or_else(|| "unknown".to_owned(), run::plain);
    let memory = machine.get("memory_bytes").and_then(Value::as_f64).unwrap_or_default();
    let disk = machine.get("disk").and_then(|disk| {
        let word = |name: &str| disk.get(name).and_then(Value::as_str);
        Some(format!(", {} on {}", word("filesystem")?, word("model").or_else(|| word("device"))?))
    });
    format!(
        "{}, {} cores, {} memory, Linux {}{} · revision {}",
        text("cpu_model"),
        text("cores"),
        super::text::bytes(memory),
        text("kernel"),
        disk.unwrap_or_default(),
        input.header.git_revision.as_deref().unwrap_or("unknown"),
    )
}

fn section(out: &mut String, index: usize, inputs: &[Input]) -> fmt::Result {
    let input = &inputs[index];
    writeln!(out, "<section id=\"file-{index}\">")?;
    if inputs.len() > 1 {
        writeln!(out, "<h2>{}</h2>", Escaped(input.title()))?;
    }
    writeln!(out, "<p class=\"source\">{} · {}</p>", Escaped(&input.name), moment(input.header.started_unix_ms))?;
    match &input.body {
        Body::Run(view) => run::section(out, &input.header, view)?,
        Body::Search(view) => search::section(out, &input.header, view)?,
        Body::Stages(view) => stages::section(out, &input.header, view, inputs)?,
        Body::Compare(view) => compare::section(out, &input.header, view)?,
        Body::Peers(view) => peers::section(out, &input.header, view)?,
        // They stand above everything else.
        Body::Goals(_) => {}
        Body::Other(document) => other::section(out, &input.header, document)?,
    }
    writeln!(out, "</section>")
}
