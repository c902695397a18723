use super::table::{AddedFile, kernel_engine};
use super::*;
use crate::columns::type_name::type_name;
use crate::commit::attempt::Plan;
use crate::commit::ledger::{Entries, StreamState};
use crate::handover::log_part::{LogEntry, LogId};
use crate::store::PutOutcome;
use lakehead_protocol::schema::{DataType, Field, Schema};
use std::collections::BTreeMap;
use url::Url;

mod features;
mod forgetting;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn schema() -> Schema {
    let fields = [("id", DataType::Long), ("at", DataType::TimestampNtz), ("what", DataType::String)];
    Schema::flat(fields.map(|(name, data_type)| Field::flat(name, data_type, true)).to_vec())
}

fn table(runtime: &tokio::runtime::Runtime, folder: &std::path::Path) -> DeltaTable {
    let url = Url::from_directory_path(folder.join("t")).unwrap();
    DeltaTable::at(&url, kernel_engine(runtime.handle().clone())).unwrap()
}

fn plan(version: u64, committed: &[(&str, u64)], epochs: &[(&str, u64)]) -> Plan {
    let map = |numbers: &[(&str, u64)]| -> BTreeMap<_, _> {
        numbers.iter().map(|(name, number)| ((*name).into(), *number)).collect()
    };
    Plan {
        version,
        entries: Entries { committed: map(committed), epochs: map(epochs), ..Entries::default() },
        files: false,
        ..Plan::default()
    }
}

fn commit(table: &DeltaTable, version: &Version, plan: &Plan) -> Version {
    let frozen = table.freeze(version, plan, &[]).unwrap();
    assert_eq!(table.put(plan.version, &frozen.bytes), PutOutcome::Created);
    frozen.after
}

#[test]
fn a_table_is_made_and_shows_what_is_committed_to_it() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let table = table(&runtime, folder.path());
    assert!(table.load().unwrap().is_none());
    let made = table.create(&schema()).unwrap();
    assert_eq!((made.view().version, made.view().unsupported.clone()), (0, None));
    assert_eq!(*made.columns().unwrap().wire, schema());
    // A second one to make it gets the same table.
    assert_eq!(table.create(&schema()).unwrap().view(), made.view());

    let first = commit(&table, &made, &plan(1, &[], &[("a", 1), ("b", 1)]));
    let second = commit(&table, &first, &plan(2, &[("a", 10)], &[("b", 2)]));
    for seen in [table.refresh(&made).unwrap(), table.refresh(&second).unwrap(), table.load().unwrap().unwrap()] {
        assert_eq!(seen.view(), second.view());
        assert_eq!(seen.view().stream("a"), StreamState::live(10, 1));
        assert_eq!(seen.view().stream("b"), StreamState::live(0, 2));
    }
    // A checkpoint keeps all of it, with the commits before it gone.
    let mut latest = table.checkpoint(&second).unwrap();
    latest = commit(&table, &latest, &plan(3, &[("b", 5)], &[]));
    for version in 0..3 {
        table.store().delete(&format!("_delta_log/{version:020}.json")).unwrap();
    }
    for seen in [table.refresh(&made).unwrap(), table.load().unwrap().unwrap()] {
        assert_eq!(seen.view(), latest.view());
        assert_eq!(seen.view().stream("a"), StreamState::live(10, 1));
    }
    let described = describe::describe(&table).unwrap().unwrap();
    assert_eq!((described.version, described.files, described.rows, described.streams.len()), (3, 0, Some(0), 2));
}

#[test]
fn a_table_made_anew_in_its_place_is_noticed() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let table = table(&runtime, folder.path());
    let made = table.create(&schema()).unwrap();
    let known = commit(&table, &made, &plan(1, &[], &[("a", 1)]));
    assert!(!table.is_remade(&known).unwrap());
    std::fs::remove_dir_all(folder.path().join("t")).unwrap();
    assert!(table.is_remade(&known).unwrap());
    assert!(matches!(table.refresh(&known), Err(TableError::Remade { .. })));
    let other = table.create(&schema()).unwrap();
    assert!(table.is_remade(&known).unwrap());
    let seen = table.refresh(&known).unwrap();
    assert_eq!(seen.view(), other.view());
    assert_ne!(seen.view().id, known.view().id);
}

#[test]
fn tables_that_cannot_be_honoured_are_refused_by_name() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let log = |features: &str, configuration: &str, partitions: &str, field: &str| {
        format!(
            "{{\"protocol\":{{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":[{features}]}}}}\n\
             {{\"metaData\":{{\"id\":\"x\",\"format\":{{\"provider\":\"parquet\",\"options\":{{}}}},\"schemaString\":\
             \"{{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{field}]}}\",\"partitionColumns\":[{partitions}],\
             \"configuration\":{{{configuration}}},\"createdTime\":0}}}}\n"
        )
    };
    let field = |kind: &str, metadata: &str| {
        format!("{{\\\"name\\\":\\\"c\\\",\\\"type\\\":{kind},\\\"nullable\\\":true,\\\"metadata\\\":{{{metadata}}}}}")
    };
    let long = field("\\\"long\\\"", "");
    let array = field("{\\\"type\\\":\\\"array\\\",\\\"elementType\\\":\\\"long\\\",\\\"containsNull\\\":true}", "");
    let below = |inner: &str| field(&format!("{{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{inner}]}}"), "");
    let interval = field("\\\"interval\\\"", "");
    let identity = field("\\\"long\\\"", "\\\"delta.identity.start\\\":1");
    let invariant = field("\\\"long\\\"", "\\\"delta.invariants\\\":\\\"c > 3\\\"");
    let with_default = field("\\\"long\\\"", "\\\"CURRENT_DEFAULT\\\":\\\"1\\\"");
    let generated = field("\\\"long\\\"", "\\\"delta.generationExpression\\\":\\\"1\\\"");
    let cases = [
        (log("", "", "", &long), None),
        (log("\"appendOnly\"", "\"delta.appendOnly\":\"true\"", "", &long), None),
        (log("", "", "\"c\"", &long), Some("all columns of the table name its partitions")),
        (log("\"rowTracking\",\"domainMetadata\",\"clustering\"", "", "", &long), None),
        (log("\"icebergCompatV2\"", "", "", &long), Some("DROP FEATURE icebergCompatV2")),
        (log("\"checkConstraints\",\"generatedColumns\",\"identityColumns\"", "", "", &long), None),
        (log("\"invariants\"", "", "", &invariant), Some("under an invariant")),
        (log("\"identityColumns\"", "", "", &identity), Some("identity column")),
        (log("\"allowColumnDefaults\"", "", "", &long), None),
        (log("\"allowColumnDefaults\"", "", "", &with_default), Some("default value")),
        (log("\"somethingNew\"", "", "", &long), Some("somethingNew")),
        (
            log("", "\"delta.setTransactionRetentionDuration\":\"interval 1 day\"", "", &long),
            Some("TransactionRetention"),
        ),
        (log("\"checkConstraints\"", "\"delta.constraints.positive\":\"c > 0\"", "", &long), Some("positive")),
        (log("\"generatedColumns\"", "", "", &generated), Some("\"c\" is generated")),
        (log("", "", "", &array), None),
        (log("\"generatedColumns\"", "", "", &below(&generated)), Some("\"c.c\" is generated")),
        (log("", "", "", &below(&interval)), Some("")),
    ];
    for (index, (commit, expected)) in cases.into_iter().enumerate() {
        let folder = folder.path().join(index.to_string());
        std::fs::create_dir_all(folder.join("t/_delta_log")).unwrap();
        std::fs::write(folder.join("t/_delta_log/00000000000000000000.json"), commit).unwrap();
        let found = match table(&runtime, &folder).load() {
            Ok(version) => version.unwrap().view().unsupported.clone().map(|why| why.to_string()),
            Err(error) => Some(error.to_string()),
        };
        match expected {
            None => assert_eq!(found, None, "case {index}"),
            Some(part) => assert!(found.as_ref().is_some_and(|why| why.contains(part)), "case {index}: {found:?}"),
        }
    }
}

/// `p: struct<x: long, tags: array<string>>`.
fn nested() -> Schema {
    Schema {
        columns: vec![0],
        fields: vec![
            Field { children: vec![1, 2], ..Field::flat("p", DataType::Struct, true) },
            Field::flat("x", DataType::Long, true),
            Field { children: vec![3], ..Field::flat("tags", DataType::Array, true) },
            Field::flat("element", DataType::String, true),
        ],
    }
}

#[test]
fn statistics_of_nested_columns_reach_the_log_in_their_shape() {
    use crate::commit::encode::{DataFile, EncodingPlan};
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let table = table(&runtime, folder.path());
    let made = table.create(&nested()).unwrap();
    assert_eq!((made.view().unsupported.clone(), &*made.columns().unwrap().wire), (None, &nested()));
    let encoding = EncodingPlan::new(made.columns().unwrap().arrow, parquet::basic::Compression::UNCOMPRESSED).unwrap();
    let statistics = DataFile::begin(Vec::new(), &encoding).unwrap().finish().unwrap().statistics;
    let file = AddedFile { path: "part-x.parquet".into(), partition: vec![], bytes: 7, modified_ms: 0, statistics };
    let plan = Plan { files: true, ..plan(1, &[("a", 3)], &[]) };
    let frozen = table.freeze(&made, &plan, &[file]).unwrap();
    let text = std::str::from_utf8(&frozen.bytes).unwrap();
    assert!(text.contains("\\\"nullCount\\\":{\\\"p\\\":{\\\"x\\\":0}}"), "{text}");
    table.put(1, &frozen.bytes);
    table.checkpoint(&frozen.after).unwrap();
    assert_eq!(describe::describe(&table).unwrap().unwrap().files, 1);
}

#[test]
fn a_table_may_be_as_deep_as_the_wire_lets_it_be() {
    use crate::columns::tests::generate::Generator;
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let table = table(&runtime, folder.path());
    let wire = Generator::deepest_table();
    let made = table.create(&wire).unwrap();
    let found = made.columns().unwrap().wire;
    let (name, expected) = (|schema: &Schema| type_name(schema, &schema.fields[0]), type_name(&wire, &wire.fields[0]));
    assert_eq!(name(&found), expected);
    let next = commit(&table, &made, &plan(1, &[], &[("a", 1)]));
    table.checkpoint(&next).unwrap();
    assert_eq!(name(&table.load().unwrap().unwrap().columns().unwrap().wire), expected);
}

#[test]
fn files_of_partitions_are_named_by_their_values() {
    use crate::commit::decide::Sighting;
    use crate::commit::encode::{DataFile, EncodingPlan};
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let table = table(&runtime, folder.path());
    let wire = Schema::flat(vec![
        Field::flat("n", DataType::Long, true),
        Field::flat("p", DataType::String, true),
        Field::flat("q", DataType::Date, true),
    ]);
    let made = table.create_partitioned(&wire, &[], &["q".into(), "p".into()]).unwrap();
    assert_eq!((made.partition_columns(), made.view().unsupported.clone()), (&["q".into(), "p".into()][..], None));
    let files_hold = made.partitioning().unwrap().unwrap().kept_schema().clone();
    let encoding = EncodingPlan::new(files_hold, parquet::basic::Compression::UNCOMPRESSED).unwrap();
    let statistics = DataFile::begin(Vec::new(), &encoding).unwrap().finish().unwrap().statistics;
    let file = |path: &str, q: Option<&str>, p: Option<&str>| AddedFile {
        path: path.into(),
        partition: vec![("q".into(), q.map(Into::into)), ("p".into(), p.map(Into::into))],
        bytes: 7,
        modified_ms: 0,
        statistics: statistics.clone(),
    };
    let first = file("q=2020-01-01/p=a%2Fb ü/part-x.parquet", Some("2020-01-01"), Some("a/b ü"));
    let second = file("q=n/p=n/part-y.parquet", None, None);
    let plan = Plan { files: true, ..plan(1, &[], &[]) };
    let frozen = table.freeze(&made, &plan, &[first.clone(), second.clone()]).unwrap();
    let text = std::str::from_utf8(&frozen.bytes).unwrap();
    for part in [
        "\"path\":\"q=2020-01-01/p=a%252Fb%20%C3%BC/part-x.parquet\"",
        "\"partitionValues\":{\"q\":\"2020-01-01\",\"p\":\"a/b ü\"}",
        "\"partitionValues\":{\"q\":null,\"p\":null}",
        "\"numAddedFiles\":\"2\"",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    table.put(1, &frozen.bytes);
    table.checkpoint(&frozen.after).unwrap();
    let id = made.view().id.clone();
    let other = file("q=n/p=n/part-z.parquet", None, None);
    for (files, shown) in [(vec![first.clone(), other.clone()], true), (vec![second], true), (vec![other], false)] {
        assert_eq!(table.sight(&id, &plan, &files) == Sighting::Shown, shown, "{files:?}");
    }
    for wrong in [vec!["x"], vec!["n", "p", "q"]] {
        let wrong: Vec<String> = wrong.into_iter().map(str::to_owned).collect();
        let elsewhere = tempfile::tempdir().unwrap();
        let table = super::tests::table(&runtime, elsewhere.path());
        assert!(matches!(table.create_partitioned(&wire, &[], &wrong), Err(TableError::Unsupported(_))));
    }
}

#[test]
fn sighting_needs_entries_and_the_file() {
    use crate::commit::decide::Sighting;
    use crate::commit::encode::{DataFile, EncodingPlan};
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let table = table(&runtime, folder.path());
    let made = table.create(&schema()).unwrap();
    let encoding = EncodingPlan::new(made.columns().unwrap().arrow, parquet::basic::Compression::UNCOMPRESSED).unwrap();
    let statistics = DataFile::begin(Vec::new(), &encoding).unwrap().finish().unwrap().statistics;
    let file = |path: &str| AddedFile {
        path: path.into(),
        partition: vec![],
        bytes: 7,
        modified_ms: 0,
        statistics: statistics.clone(),
    };
    let plan = Plan { files: true, ..plan(1, &[("a", 3)], &[]) };
    let frozen = table.freeze(&made, &plan, &[file("part-x.parquet")]).unwrap();
    let id = made.view().id.clone();
    assert!(matches!(table.sight(&id, &plan, &[file("part-x.parquet")]), Sighting::NotShown(_)));
    table.put(1, &frozen.bytes);
    assert_eq!(table.sight(&id, &plan, &[file("part-x.parquet")]), Sighting::Shown);
    assert!(matches!(table.sight(&id, &plan, &[file("part-y.parquet")]), Sighting::NotShown(_)));
    assert!(matches!(table.sight("other", &plan, &[]), Sighting::NotShown(_)));
    let text = std::str::from_utf8(&frozen.bytes).unwrap();
    for part in ["STREAMING UPDATE", "\"appId\":\"lakehead/stream/a\"", "numOutputRows", "isBlindAppend\":true"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn a_stream_is_forgotten_as_it_was_shown_or_not_at_all() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let table = table(&runtime, folder.path());
    let made = table.create(&schema()).unwrap();
    let opened = commit(&table, &made, &plan(1, &[("a", 10), ("b", 3)], &[("a", 4), ("b", 1)]));
    // Rows of another stream come meanwhile: forgetting goes on behind them.
    let other = commit(&table, &opened, &plan(2, &[("b", 5)], &[]));
    assert_eq!(forget::forget(&runtime, &table, &opened, "a").unwrap(), 3);
    for seen in [table.refresh(&other).unwrap(), table.load().unwrap().unwrap()] {
        assert_eq!(seen.view().stream("a"), StreamState::forgotten(5));
        assert_eq!((seen.view().has_stream("a"), seen.view().streams_counted()), (false, 1));
    }
    let described = describe::describe(&table).unwrap().unwrap();
    assert_eq!(described.streams.keys().map(|name| &**name).collect::<Vec<_>>(), ["b"]);
    assert!(described.streams["b"].updated_ms.is_some());
    // Its own rows came meanwhile: nothing is forgotten.
    let moved = forget::forget(&runtime, &table, &opened, "b").unwrap_err();
    assert!(matches!(moved, forget::ForgetError::Moved { .. }), "{moved}");
    let unknown = forget::forget(&runtime, &table, &table.load().unwrap().unwrap(), "a").unwrap_err();
    assert!(matches!(unknown, forget::ForgetError::Unknown { .. }), "{unknown}");
    // A checkpoint keeps it forgotten.
    let latest = table.checkpoint(&table.load().unwrap().unwrap()).unwrap();
    for version in 0..3 {
        table.store().delete(&format!("_delta_log/{version:020}.json")).unwrap();
    }
    assert_eq!(table.load().unwrap().unwrap().view(), latest.view());
    assert_eq!(latest.view().stream("a"), StreamState::forgotten(5));
}

fn log_plan(version: u64, log: LogId, claim: u64, position: u64) -> Plan {
    let logs = [(log, LogEntry { claim, position })].into();
    Plan { version, entries: Entries { logs, ..Entries::default() }, files: false, ..Plan::default() }
}

fn somebody_elses(table: &DeltaTable, version: u64, operation: &str) {
    let text = format!("{{\"commitInfo\":{{\"timestamp\":0,\"operation\":\"{operation}\"}}}}");
    let path = format!("_delta_log/{version:020}.json");
    assert_eq!(table.store().put_if_absent(&path, &text.into()), PutOutcome::Created);
}

#[test]
fn entries_of_logs_are_written_where_they_change_and_stay() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let table = table(&runtime, folder.path());
    let (log, other) = (LogId([0xAB; 16]), LogId([1; 16]));
    let made = table.create(&schema()).unwrap();
    let claimed = table.freeze(&made, &log_plan(1, log, 3, 0), &[]).unwrap();
    let text = std::str::from_utf8(&claimed.bytes).unwrap();
    assert!(text.contains("\"appId\":\"lakehead/abababab-abab-abab-abab-abababababab/claim\",\"version\":3"), "{text}");
    assert!(!text.contains("abababababab\""), "a position that does not change is not written: {text}");
    let first = commit(&table, &made, &log_plan(1, log, 3, 0));
    let second = commit(&table, &first, &log_plan(2, log, 3, 10));
    let text = String::from_utf8(std::fs::read(folder.path().join("t/_delta_log/00000000000000000002.json")).unwrap());
    let text = text.unwrap();
    assert!(text.contains("abababababab\",\"version\":10") && !text.contains("/claim"), "{text}");
    let third = commit(&table, &second, &log_plan(3, other, 1, 5));
    let stream = commit(&table, &third, &plan(4, &[("a", 2)], &[("a", 1)]));
    let latest = table.checkpoint(&stream).unwrap();
    for version in 0..4 {
        table.store().delete(&format!("_delta_log/{version:020}.json")).unwrap();
    }
    for seen in [table.refresh(&made).unwrap(), table.refresh(&latest).unwrap(), table.load().unwrap().unwrap()] {
        assert_eq!(seen.view(), stream.view());
        assert_eq!(seen.view().log(log), LogEntry { claim: 3, position: 10 });
        assert_eq!(seen.view().log(other), LogEntry { claim: 1, position: 5 });
    }
    let described = describe::describe(&table).unwrap().unwrap();
    assert_eq!(described.streams.keys().map(|name| &**name).collect::<Vec<_>>(), ["a"], "a log is no stream");
}

#[test]
fn a_restore_concerns_every_log_that_wrote_before_it_and_not_since() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let table = table(&runtime, folder.path());
    let (log, other, late) = (LogId([1; 16]), LogId([2; 16]), LogId([3; 16]));
    let made = table.create(&schema()).unwrap();
    let first = commit(&table, &made, &log_plan(1, log, 1, 10));
    let known = commit(&table, &first, &log_plan(2, other, 1, 10));
    somebody_elses(&table, 3, "OPTIMIZE");
    assert!(table.refresh(&known).unwrap().view().restored.is_empty());
    somebody_elses(&table, 4, "RESTORE");
    let seen = table.refresh(&known).unwrap();
    assert_eq!(*seen.view().restored, [(log, 4), (other, 4)].into());
    let seen = commit(&table, &seen, &log_plan(5, other, 2, 12));
    let seen = commit(&table, &seen, &log_plan(6, late, 1, 1));
    assert_eq!(*seen.view().restored, [(log, 4)].into());
    assert_eq!(table.refresh(&known).unwrap().view(), seen.view());
    // Whoever opens the table anew has to look back.
    let loaded = table.load().unwrap().unwrap();
    assert!(loaded.view().restored.is_empty());
    for from in [0, 3, 4] {
        assert_eq!(table.look_back(&loaded, from).unwrap().view(), seen.view());
    }
    assert!(table.look_back(&loaded, 5).unwrap().view().restored.is_empty());
    // What is cleaned away cannot be seen any more; what was seen before is looked for again.
    let latest = table.checkpoint(&seen).unwrap();
    for version in 0..4 {
        table.store().delete(&format!("_delta_log/{version:020}.json")).unwrap();
    }
    assert_eq!(table.look_back(&table.load().unwrap().unwrap(), 0).unwrap().view(), latest.view());
    assert_eq!(table.refresh(&known).unwrap().view(), latest.view());
    table.store().delete("_delta_log/00000000000000000004.json").unwrap();
    let before = table.refresh(&known).unwrap();
    assert!(before.view().restored.is_empty(), "nobody can know any more");
    table.store().delete("_delta_log/00000000000000000006.json").unwrap();
    assert_eq!(table.refresh(&latest).unwrap().view(), latest.view(), "it was seen");
}

#[test]
fn a_table_says_how_it_wants_to_be_encoded_and_its_newest_file_how_it_is() {
    use crate::commit::encode::policy::ENCODING_PROPERTY;
    use crate::commit::encode::{DataFile, EncodingPlan, EncodingPolicy};
    use footer::NewestFile;
    use properties::NamedPolicy;
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let silent = table(&runtime, &folder.path().join("silent"));
    assert_eq!(silent.create(&schema()).unwrap().encoding_policy(), NamedPolicy::None);
    let table = table(&runtime, folder.path());
    let made = table.create_with(&schema(), &[(ENCODING_PROPERTY, "size")]).unwrap();
    assert_eq!(made.encoding_policy(), NamedPolicy::Known(EncodingPolicy::Size));
    let described = || describe::describe(&table).unwrap().unwrap();
    assert_eq!(
        (described().encoding, described().newest),
        (NamedPolicy::Known(EncodingPolicy::Size), NewestFile::None)
    );
    assert_eq!(described().properties[ENCODING_PROPERTY], "size");

    let encoding = EncodingPlan::new(made.columns().unwrap().arrow, parquet::basic::Compression::UNCOMPRESSED).unwrap();
    let empty = DataFile::begin(Vec::new(), &encoding).unwrap().finish().unwrap();
    let mut last = made;
    for (version, path) in [(1, "old.parquet"), (2, "new.parquet")] {
        let (statistics, modified_ms) = (empty.statistics.clone(), version as i64);
        let file = AddedFile { path: path.into(), partition: vec![], bytes: empty.bytes, modified_ms, statistics };
        let frozen = table.freeze(&last, &Plan { files: true, ..plan(version, &[], &[]) }, &[file]).unwrap();
        table.put(version, &frozen.bytes);
        last = frozen.after;
    }
    assert!(matches!(described().newest, NewestFile::Unreadable { path, .. } if path == "new.parquet"));
    std::fs::write(folder.path().join("t/new.parquet"), &empty.sink).unwrap();
    let NewestFile::Read { path, encodings } = described().newest else { panic!("it can be read") };
    assert_eq!((path.as_str(), encodings.bytes, encodings.rows), ("new.parquet", empty.bytes, 0));
    assert!(encodings.writer.unwrap().starts_with("lakehead"));

    assert!(matches!(NamedPolicy::of(Some("fast")), NamedPolicy::Unknown(_)));
}
