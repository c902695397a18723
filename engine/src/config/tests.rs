use super::effective::{Effective, Origin};
use super::keys::{KEYS, sections};
use super::typed::CompressionName;
use super::{Config, ConfigError, environment, file, show};
use crate::commit::encode::EncodingPolicy;
use std::path::Path;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Effective::of([file::parse(text, Path::new("lakehead.toml"))?]).typed()
}

fn variables(pairs: &[(&str, &str)]) -> Result<Vec<super::effective::Setting>, ConfigError> {
    environment::read(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

#[test]
fn an_empty_file_is_the_defaults() {
    let config = parse("").unwrap();
    assert_eq!(config.server.listen, "127.0.0.1:7531");
    assert_eq!(config.tables.encoding, EncodingPolicy::Balanced);
    assert!(config.tables.create && config.tables.commit_interval_ms == 1000);
    assert_eq!((config.server.data_dir, config.tables.root), (None, None));
    assert_eq!(config.tables.encoders, config.server.cores.len());
    assert!(config.memory.budget_mb >= 64);
}

#[test]
fn what_is_written_is_read() {
    let text = "[server]\ncores = [1]\ndata_dir = \"/x\"\n[tables]\ncompression = \"lz4\"\nencoding = \"size\"\n[tables.uris]\n\"a.b\" = \"file:///x\"\n[tables.properties]\n\"delta.appendOnly\" = \"true\"";
    let config = parse(text).unwrap();
    assert_eq!((config.server.cores, config.tables.encoders), (vec![1], 1));
    assert_eq!(config.tables.compression, CompressionName::Lz4);
    assert_eq!(config.tables.encoding, EncodingPolicy::Size);
    assert_eq!(config.tables.uris["a.b"], "file:///x");
    assert_eq!(config.tables.properties["delta.appendOnly"], "true");
    assert_eq!(config.tables.root.unwrap(), "file:///x/tables/");
}

#[test]
fn a_slip_is_answered_with_the_key_that_was_meant_and_its_line() {
    for (text, parts) in [
        (
            "[tables]\ncreate = true\ncommit_interval = 5",
            ["toml:3", "tables.commit_interval", "\"commit_interval_ms\""],
        ),
        ("\n[sever]\nlisten = \"x\"", ["toml:2", "sever", "did you mean \"server\""]),
        ("listen = \"x\"", ["toml:1", "listen", "belongs into [server]"]),
        ("[memory]\n# small\nbudget_mb = 8", ["toml:3", "memory.budget_mb = 8", "at least 64"]),
        ("[tables]\ncommit_interval_ms = 0", ["toml:2", "commit_interval_ms = 0", "at least 1"]),
        ("[tables]\ncompression = \"gzip\"", ["toml:2", "gzip", "one of zstd, lz4"]),
        ("[tables]\nencoding = \"fast\"", ["toml:2", "tables.encoding = \"fast\"", "one of speed, balanced, size"]),
        ("[tables]\nevolve = \"merge\"", ["toml:2", "tables.evolve = \"merge\"", "one of refuse, add"]),
        ("[tables]\nbad_rows = \"drop\"", ["toml:2", "tables.bad_rows = \"drop\"", "one of refuse, divert"]),
        (
            "[tables]\nbad_rows = \"divert\"\n[log]\nmode = \"off\"",
            ["does not fit together", "tables.bad_rows = \"divert\" needs the log", "set mode = \"on\" in [log]"],
        ),
        ("[tables]\ncreate = \"yes\"", ["toml:2", "tables.create", "true or false"]),
        ("[tables]\ncreate = ", ["lakehead.toml", "not TOML", ""]),
    ] {
        let error = parse(text).unwrap_err().to_string();
        parts.iter().for_each(|part| assert!(error.contains(part), "{part:?} in {error}"));
    }
}

#[test]
fn variables_overrule_the_file_and_slips_are_named() {
    let file = file::parse("[tables]\nstreams_max = 5\ncheckpoint_interval = 6", Path::new("f.toml")).unwrap();
    let environment = variables(&[
        ("LAKEHEAD_TABLES_STREAMS_MAX", "7"),
        ("LAKEHEAD_SERVER_CORES", "0, 2"),
        ("LAKEHEAD_TABLES_URIS", "a=file:///a,b.c=file:///b"),
        ("LAKEHEAD_SERVER", "127.0.0.1:1"),
        ("LAKEHEAD_LOG", "debug"),
        ("LAKEHEAD_BIN_DIR", "/somewhere"),
        ("PATH", "/bin"),
    ]);
    let effective = Effective::of([file, environment.unwrap()]);
    let config = effective.typed().unwrap();
    assert_eq!((config.tables.streams_max, config.tables.checkpoint_interval), (7, 6));
    assert_eq!((config.server.cores, config.tables.uris["b.c"].as_str()), (vec![0, 2], "file:///b"));
    assert_eq!(effective.origin("tables.streams_max").to_string(), "environment LAKEHEAD_TABLES_STREAMS_MAX");
    assert_eq!(effective.origin("tables.checkpoint_interval").to_string(), "f.toml:3");
    assert_eq!(effective.origin("tables.create"), Origin::Default);
    for (name, value, part) in [
        ("LAKEHEAD_TABLES_STREAM_MAX", "1", "LAKEHEAD_TABLES_STREAMS_MAX"),
        ("LAKEHEAD_SERVER_ZEBRA_CROSSING", "1", "known here: LAKEHEAD_SERVER_LISTEN"),
        ("LAKEHEAD_TABLE_CREATE", "1", "LAKEHEAD_TABLES_CREATE"),
        ("LAKEHEAD_MEMORY_BUDGET_MB", "8", "at least 64"),
        ("LAKEHEAD_TABLES_CREATE", "maybe", "true or false"),
    ] {
        let error = variables(&[(name, value)]).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(part), "{error}");
    }
}

#[test]
fn what_is_shown_can_be_read_again() {
    let text = "[server]\ndata_dir = \"/x\"\n[tables]\ncreate = false\nuris = { \"a.b\" = \"file:///x\" }";
    let effective = Effective::of([file::parse(text, Path::new("f.toml")).unwrap()]);
    let shown = show::effective_toml(&effective);
    assert!(shown.contains("create = false # f.toml:4\n"), "{shown}");
    let again = Effective::of([file::parse(&shown, Path::new("g.toml")).unwrap()]);
    assert_eq!(again.typed().unwrap(), effective.typed().unwrap());
    let json = show::effective_json(&effective);
    assert_eq!(json["tables"]["create"]["value"], false);
    assert_eq!(json["tables"]["encoders"]["derived"], "one per core");
    let own = show::file_toml(&file::parse(text, Path::new("f.toml")).unwrap());
    assert_eq!(own.lines().count(), 6, "{own}");
    assert_eq!(parse(&show::annotated_default()).unwrap(), parse("").unwrap());
}

#[test]
fn store_options_are_read_and_their_secrets_are_not_shown() {
    let text = "[store.options]\nregion = \"eu\"\nallow_http = true\naws_secret_access_key = \"hush\"";
    let settings = file::parse(text, Path::new("f.toml")).unwrap();
    let effective = Effective::of([settings.clone()]);
    let config = effective.typed().unwrap();
    assert!(!format!("{config:?}").contains("hush"));
    let shown = [
        show::effective_toml(&effective),
        show::effective_json(&effective).to_string(),
        show::file_toml(&settings),
        show::file_json(&settings).to_string(),
    ];
    for shown in shown {
        assert!(shown.contains("eu") && shown.contains("(hidden)") && !shown.contains("hush"), "{shown}");
    }
    let other = variables(&[("LAKEHEAD_STORE_OPTIONS", "region=us,aws_secret_access_key=a=b")]).unwrap();
    assert_ne!(Effective::of([other]).typed().unwrap().store, config.store);
    for error in [
        parse("[store]\noptions = \"hush\"").unwrap_err(),
        parse("[store.options]\naws_secret_key = \"hush\"").unwrap_err(),
        parse("[store.options]\nsas_token = [\"hush\"]").unwrap_err(),
        variables(&[("LAKEHEAD_STORE_OPTIONS", "hush")]).unwrap_err(),
    ] {
        assert!(!error.to_string().contains("hush"), "{error}");
    }
}

#[test]
fn the_list_of_keys_is_in_order_and_documented() {
    let by_section: Vec<_> = KEYS.iter().map(|key| key.section).collect();
    let mut distinct = sections();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), sections().len(), "sections of {by_section:?} stand together");
    for key in &KEYS {
        let value = key.fallback.value(&Default::default());
        assert!(value.is_none_or(|value| key.kind.accepts(&value)), "{}", key.path());
    }
    let operations = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md")).unwrap();
    assert!(operations.contains(&show::annotated_default()), "docs/operations.md shows `lakehead config show`");
}
