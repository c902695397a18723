use super::input::Input;
use super::page::page;
use crate::report::sample;
use serde_json::{Value, json};

fn input(name: &str, document: Value) -> Input {
    Input::of(name.to_owned(), document).unwrap().unwrap()
}

fn run() -> Value {
    serde_json::to_value(sample::report()).unwrap()
}

fn inputs() -> Vec<Input> {
    let header = |kind: &str| json!({"kind": kind, "version": 2, "command": ["a", "<b>"], "machine": {"cores": 2}});
    let with = |kind: &str, more: Value| {
        let mut document = header(kind);
        if let (Some(document), Value::Object(more)) = (document.as_object_mut(), more) {
            document.extend(more);
        }
        document
    };
    vec![
        input("run <1>.json", run()),
        input(
            "search.json",
            with(
                "search",
                json!({
            "bound": {"promise": "durable", "percentile": "p99", "limit_ms": 4.0},
            "probes": [{"rate_megabytes_per_second": 100.0, "response": "met", "latency_ms": 2.0, "validity": {"state": "valid"}},
                       {"rate_megabytes_per_second": 200.0, "response": "missed", "latency_ms": 9.0,
                        "validity": {"state": "invalid", "reason": "a < b"}}],
            "outcome": {"state": "confirmed", "rate": 100.0, "limit": "bound"}}),
            ),
        ),
        input(
            "stages.json",
            with(
                "stages",
                json!({
            "workload": "telemetry", "dictionaries": false, "floor_cpu_s_per_gb": 1.5,
            "stages": [{"name": "<receive>", "ns_per_row": 20.0, "gb_per_s": 3.4}, {"name": "encode", "ns_per_row": 65.0, "gb_per_s": 1.1}]}),
            ),
        ),
        input(
            "compare.json",
            with(
                "compare",
                json!({
            "a": "old", "b": "<new>", "metric": "cpu_s_per_gb", "tolerance": 0.05, "verdict": "worse", "turns": [1, 2],
            "comparisons": {"cpu_s_per_gb": {"a": 1.0, "b": 1.2, "ratio": 1.2, "ratio_min": 1.1, "ratio_max": 1.3}}}),
            ),
        ),
        input(
            "peers.json",
            with(
                "peers",
                json!({
            "rows": 1000, "engine": [{"rows_per_second": 3e6, "mb_per_second": 200.0}],
            "peers": [{"peer": "delta-rs", "engine_over_peer": 2.8, "engine_over_peer_min": 2.5, "engine_over_peer_max": 3.0}],
            "skipped": [["duckdb", "<not> there"]]}),
            ),
        ),
        input(
            "summary.json",
            json!({"kind": "summary", "figures": [{"figure": "rows <a> second", "measured": "7", "goal": "at least 5", "verdict": "met"}]}),
        ),
        input(
            "client.json",
            with("client", json!({"paths": [{"path": "rows <to> columns", "rows": 5}], "note": "x & y"})),
        ),
    ]
}

/// Every element that is opened is closed, in order; nothing but text lies between them.
fn assert_well_formed(page: &str) {
    let (mut open, mut rest) = (Vec::new(), page.strip_prefix("<!DOCTYPE html>").unwrap());
    while let Some((before, after)) = rest.split_once('<') {
        assert!(!before.contains('>') || open.last() == Some(&"style"), "a stray > in {before:?}");
        let (tag, after) = after.split_once('>').unwrap();
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "before {:.80}", after);
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        rest = after;
    }
    assert_eq!(open, Vec::<&str>::new());
}

#[test]
fn the_page_stands_by_itself_and_is_whole() {
    let inputs = inputs();
    for page in [
        page(&inputs, None, 0).unwrap(),
        page(&inputs[..1], Some("a <title>"), 0).unwrap(),
        page(&[], None, 0).unwrap(),
    ] {
        assert_well_formed(&page);
        for word in ["<script", "http", "src=", "@import", "url(", "NaN", "\"inf", ">inf"] {
            assert!(!page.contains(word), "{word} is in the page");
        }
    }
}

#[test]
fn what_was_tested_and_whether_it_is_valid_comes_first() {
    let page = page(&inputs()[..1], None, 0).unwrap();
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("the page has no {text:?}"));
    let [title, banner, figure, details] = [
        "telemetry, 2 connections, batches of 10 rows, open loop at 100 MB/s, 2 s",
        "INVALID</strong> late &lt;by&gt; much",
        "<svg",
        "<details",
    ]
    .map(at);
    assert!(title < banner && banner < figure && figure < details);
    assert!(page.contains("CLOSED: &lt;gone&gt;") && page.contains("--table &lt;script&gt;"));
    assert!(page.contains("0123456789abcdef-dirty") && page.contains("ext4 on A &amp; B"));
}

#[test]
fn goals_stand_above_the_measurements_and_are_none_themselves() {
    let inputs = inputs();
    let page = page(&inputs, None, 0).unwrap();
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("the page has no {text:?}"));
    assert!(at("rows &lt;a&gt; second") < at("class=\"numbers second overview\""));
    assert!(page.contains("<span class=\"mark good\">MET</span>"));
    assert!(page.contains(&format!("Lakehead: {} measurements", inputs.len() - 1)));
    assert!(page.contains("<small>client</small>") && !page.contains("<small>summary</small>"));
}

#[test]
fn a_run_is_judged_by_rows_then_schedule_then_loop() {
    let judged = |change: fn(&mut Value)| {
        let mut document = run();
        document["validity"] = json!({"state": "valid"});
        document["warnings"] = json!([]);
        change(&mut document);
        input("a", document).judgement().unwrap().word
    };
    assert_eq!(judged(|_| {}), "VALID");
    assert_eq!(judged(|run| run["configuration"]["loop_kind"] = json!("closed")), "VALID FOR RATES");
    assert_eq!(judged(|run| run["validity"] = json!({"state": "invalid", "reason": "late"})), "INVALID");
    assert_eq!(judged(|run| run["warnings"] = json!(["late"])), "VALID, BUT");
    assert_eq!(judged(|run| run["rows"]["verdict"] = json!("wrong")), "ROWS WRONG");
    assert_eq!(judged(|run| run["rows"]["verdict"] = json!("uncommitted")), "ROWS WRONG");
}

#[test]
fn other_files_are_refused() {
    assert!(Input::of("a".to_owned(), json!({"format": 1})).unwrap().is_none());
    assert!(Input::of("a".to_owned(), json!({"kind": "run", "rows": 3})).is_err());
}

/// A run without anything that may be missing, and one that measured nothing, have their pages, too.
#[test]
fn what_is_missing_is_left_out() {
    let bare = input("a", json!({"kind": "run"}));
    let mut empty = run();
    empty["durable_latency"] = json!({"count": 0, "histogram_us": []});
    empty["seconds"] = json!([]);
    empty["samples"] = json!([]);
    assert_well_formed(&page(&[bare, input("b", empty)], None, 0).unwrap());
}
