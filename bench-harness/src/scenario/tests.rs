use super::expanded;
use super::file::ScenarioError;
use crate::arguments::{Arguments, Command, Rate, RunArguments};
use crate::workload::Kind;
use clap::Parser;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

fn line(text: &str) -> Vec<OsString> {
    text.split_whitespace().map(OsString::from).collect()
}

/// `lakehead-bench run` with a scenario of this text, and what is given beside it.
fn run(scenario: &str, beside: &str) -> Result<RunArguments, ScenarioError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.toml");
    fs::write(&path, scenario).unwrap();
    let words = expanded(line(&format!("bench run --server 127.0.0.1:1 {beside} --scenario {}", path.display())))?;
    match Arguments::try_parse_from(words).unwrap().command {
        Command::Run(arguments) => Ok(*arguments),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_given_beside_a_scenario_holds_against_it() {
    let text = "description = 'a test'\nworkload = 'tiny'\nconnections = 64\nrate = 12.5\ndictionaries = true\n\
        named = true\nbatch-rows = 7\nno_read_back = true\nduration = 3\nqueryable = false\n";
    let alone = run(text, "").unwrap();
    assert_eq!((alone.workload, alone.connections, alone.rate), (Kind::Tiny, 64, Rate::MegabytesPerSecond(12.5)));
    assert_eq!((alone.dictionaries, alone.named, alone.batch_rows), (true, true, Some(7)));
    assert!(alone.no_read_back && !alone.queryable && alone.scenario.is_some());
    let beside = run(text, "--rate max --dictionaries=false --rows 9 --connections 2").unwrap();
    assert_eq!((beside.rate, beside.dictionaries, beside.rows), (Rate::Max, false, Some(9)));
    assert_eq!((beside.connections, beside.named), (2, true));
    let again = run("rows = 5\nrate_per_connection = 0.1\nno_read_back = true", "--duration 2 --rate 7").unwrap();
    assert_eq!((again.rows, again.duration), (None, 2.0));
    assert_eq!((again.rate, again.rate_per_connection), (Rate::MegabytesPerSecond(7.0), None));
}

#[test]
fn the_default_is_an_open_loop() {
    assert_eq!(run("no_read_back = true", "").unwrap().rate, Rate::MegabytesPerSecond(100.0));
}

#[test]
fn what_is_no_option_is_refused_with_what_was_meant() {
    let said = |text| run(text, "--no-read-back").unwrap_err().to_string();
    assert!(said("conections = 1").ends_with("there is no option \"conections\"; did you mean connections?"));
    assert!(said("zebra_crossing = 1").contains("--help"));
    assert!(said("scenario = 'other.toml'").contains("no option"));
    assert!(said("rate = [1]").contains("rate is array"));
    assert!(said("named = 'yes'").contains("true"));
    assert!(said("rate = ").contains("not TOML"));
    let missing = expanded(line("bench run --scenario /nowhere/a.toml")).unwrap_err();
    assert!(missing.to_string().contains("/nowhere/a.toml"));
}

#[test]
fn other_command_lines_are_left_alone() {
    for text in ["bench", "bench run --server 127.0.0.1:1", "bench generate --scenario /nowhere/a.toml"] {
        assert_eq!(expanded(line(text)).unwrap(), line(text));
    }
}

#[test]
fn all_scenarios_of_the_repository_can_be_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut names = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        names.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
        let words =
            expanded(line(&format!("bench run --server 127.0.0.1:1 --data-dir d --scenario {}", path.display())));
        Arguments::try_parse_from(words.unwrap()).unwrap();
    }
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    for name in &names {
        assert!(readme.contains(&format!("`{name}`")), "{name} is not in the README");
    }
    assert!(names.len() >= 9);
}
