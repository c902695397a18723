use super::arguments::{CompareArguments, Order};
use super::document::{Document, Pair};
use super::error::CompareError;
use super::metric::{Better, Metric};
use super::side::Side;
use super::turn::{Figures, load, stage};
use super::verdict::{Comparison, Verdict};
use crate::folder::WorkFolder;
use crate::report::Header;
use crate::run::clock::unix_milliseconds;
use clap::ValueEnum;
use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;

const WORSE: u8 = 1;
/// Options of `run` that say how much is sent.
const AMOUNTS: [&str; 3] = ["--rows", "--duration", "--rate"];
const LOAD: [&str; 5] = ["--rate", "max", "--rows", "8000000", "--prepared"];

/// Takes the turns, prints them, and says whether B is worse.
pub fn run(arguments: &CompareArguments) -> Result<ExitCode, CompareError> {
    let a = Side::new(&arguments.a, arguments.config_a.as_ref())?;
    let b = Side::new(&arguments.b, arguments.config_b.as_ref())?;
    let options = options(arguments);
    let folder =
        WorkFolder::new(arguments.work_dir.as_deref(), "compare").map_err(CompareError::io("the work folder"))?;
    let header = Header::here("compare", unix_milliseconds(), Some(folder.path()));
    let mut turns = Vec::new();
    for number in 0..arguments.turns {
        let turn = |name: &str, side: &Side| {
            let path = folder.path().join(format!("{name}-{number}"));
            let figures = match arguments.stage {
                Some(name) => stage(side, name, &options, &path)?,
                None => load(side, &options, &path)?,
            };
            println!("{} {name}  {}", number + 1, line(&figures, arguments.stage.is_some()));
            Ok::<_, CompareError>(figures)
        };
        let b_first = arguments.order == Order::Abba && number % 2 == 1;
        let first = if b_first { turn("B", &b)? } else { turn("A", &a)? };
        let second = if b_first { turn("A", &a)? } else { turn("B", &b)? };
        turns.push(if b_first { Pair { a: second, b: first } } else { Pair { a: first, b: second } });
    }
    let document = judged(header, arguments, [&a, &b], options, turns)?;
    print!("{}", summary(&document, arguments));
    if let Some(path) = &arguments.json {
        let json = serde_json::to_string_pretty(&document);
        let text = json.map_err(|source| CompareError::Json { path: path.clone(), source })?;
        fs::write(path, text).map_err(CompareError::io(format!("cannot write {}", path.display())))?;
    }
    Ok(match document.verdict {
        Verdict::NoWorse | Verdict::Unclear => ExitCode::SUCCESS,
        Verdict::Worse => ExitCode::from(WORSE),
    })
}

fn options(arguments: &CompareArguments) -> Vec<String> {
    let given = &arguments.load;
    let says_how_much = given
        .iter()
        .any(|option| AMOUNTS.iter().any(|amount| option == amount || option.starts_with(&format!("{amount}="))));
    let more = (!says_how_much && arguments.stage.is_none()).then_some(LOAD);
    given.iter().cloned().chain(more.into_iter().flatten().map(str::to_owned)).collect()
}

fn judged(
    header: Header,
    arguments: &CompareArguments,
    [a, b]: [&Side; 2],
    load: Vec<String>,
    turns: Vec<Pair>,
) -> Result<Document, CompareError> {
    let of = |metric: Metric| {
        let pairs: Vec<_> = turns.iter().map(|turn| (metric.of(&turn.a), metric.of(&turn.b))).collect();
        Some((metric.text(), Comparison::of(&pairs)?))
    };
    let comparisons: BTreeMap<_, _> = Metric::value_variants().iter().copied().filter_map(of).collect();
    // A stage has its CPU time alone.
    let metric = if arguments.stage.is_some() { Metric::CpuPerGb } else { arguments.metric };
    let decides = comparisons.get(metric.text()).ok_or(CompareError::NoFigure { metric: metric.text() })?;
    let tolerance = arguments.tolerance / 100.0;
    Ok(Document {
        header,
        a: named(a),
        b: named(b),
        load,
        order: arguments.order,
        verdict: decides.verdict(metric.better(), tolerance),
        turns,
        comparisons,
        metric: metric.text(),
        tolerance,
    })
}

fn named(side: &Side) -> String {
    let config = side.config.as_ref().map(|config| format!(" with {}", config.display()));
    format!("{}{}", side.engine.display(), config.unwrap_or_default())
}

fn line(figures: &Figures, is_stage: bool) -> String {
    let Figures { rows_per_second, mb_per_second, cpu_s_per_gb, .. } = figures;
    if is_stage {
        return format!("{:>8.3} ns/row, {cpu_s_per_gb:.4} CPU s/GB", 1e9 / rows_per_second);
    }
    format!(
        "{rows_per_second:>12.0} rows/s {mb_per_second:>7.1} MB/s   CPU s/GB: engine {cpu_s_per_gb:.3}, generator {:.3}   \
         p99 ms: durable {:.2}, committed {:.1}   memory {:.0} MB   files {:.1} MB",
        figures.generator_cpu_s_per_gb,
        figures.durable_p99_ms,
        figures.committed_p99_ms,
        figures.memory_peak_mb,
        figures.file_mb,
    )
}

fn summary(document: &Document, arguments: &CompareArguments) -> String {
    let mut lines = vec![
        String::new(),
        format!("A: {}\nB: {}\n", document.a, document.b),
        format!("{:<18} {:>14} {:>14} {:>8}   turn by turn", "medians", "A", "B", "B / A"),
    ];
    let is_stage = arguments.stage.is_some();
    // A stage has one figure; the rest would be its reciprocal.
    for (name, found) in document.comparisons.iter().filter(|(name, _)| !is_stage || **name == document.metric) {
        let name = if is_stage { "CPU s/GB" } else { *name };
        let Comparison { a, b, ratio, ratio_min, ratio_max } = found;
        lines.push(format!("{name:<18} {a:>14.3} {b:>14.3} {ratio:>8.3}   {ratio_min:.3} to {ratio_max:.3}"));
    }
    let better =
        Metric::value_variants().iter().find(|metric| metric.text() == document.metric).map(|metric| metric.better());
    let less = if better == Some(Better::Higher) { "less" } else { "more" };
    let tolerance = arguments.tolerance;
    let what = arguments.stage.map_or(document.metric.to_owned(), |stage| format!("CPU time of {}", stage.text()));
    lines.push(match document.verdict {
        Verdict::NoWorse => format!("\nB is no worse than A: {what}, {tolerance} % {less} is tolerated."),
        Verdict::Unclear => format!(
            "\nB looks worse than A by more than {tolerance} % in {what}, but not in every pair of turns: take more --turns."
        ),
        Verdict::Worse => {
            format!("\nB IS WORSE THAN A: {what}, by more than {tolerance} % and in every pair of turns.")
        }
    });
    lines.join("\n") + "\n"
}
