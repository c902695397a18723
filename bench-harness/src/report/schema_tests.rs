//! The documents against the page that describes them, `bench-harness/results.md`.

use super::sample;
use serde_json::Value;
use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../results.md");

/// The paths that a section of the page has, and those of all files.
fn documented(kind: &str) -> BTreeSet<String> {
    let section = |title: &str| {
        let heading = format!("## {title}\n");
        let (_, after) = PAGE.split_once(&heading).unwrap_or_else(|| panic!("results.md has no {title:?}"));
        after.split("\n## ").next().unwrap_or_default().to_owned()
    };
    let text = section("Every file") + &section(&format!("kind: {kind}"));
    let first_cell = |line: &str| Some(line.strip_prefix("| `")?.split('`').next()?.to_owned());
    text.lines().filter_map(first_cell).collect()
}

/// Every value's place, with `[]` for a list's entries.
fn places(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            places(value, &below, found);
        }),
        Value::Array(list) if list.iter().any(Value::is_object) => {
            list.iter().for_each(|value| places(value, &format!("{path}[]"), found));
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

/// Holds a document with everything in it against its section of the page.
pub fn assert_documented(kind: &str, document: &Value) {
    let mut found = BTreeSet::new();
    places(document, "", &mut found);
    let documented = documented(kind);
    let unknown: Vec<_> = found.difference(&documented).collect();
    assert!(unknown.is_empty(), "results.md does not have, for {kind}: {unknown:?}");
    let unwritten: Vec<_> = documented.difference(&found).collect();
    assert!(unwritten.is_empty(), "no {kind} has what results.md says: {unwritten:?}");
    assert_eq!(document["kind"], kind);
}

#[test]
fn every_field_of_a_run_is_documented() {
    assert_documented("run", &serde_json::to_value(sample::report()).unwrap());
}
