//! Commits to tables with features that ask something of the writer.

use super::*;
use crate::budget::Budget;
use crate::commit::encode::{DataFile, EncodingPlan, encode_here};
use crate::handover::ShardId;
use crate::handover::row_group::RowGroup;
use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use arrow::datatypes::Field as ArrowField;
use arrow::datatypes::{DataType as ArrowType, Schema as ArrowSchema};
use parquet::basic::Compression;
use serde_json::{Value, json};
use std::sync::Arc;

const PHYSICAL: &str = "delta.columnMapping.physicalName";

/// A table of `id: long` and `ratio: double` with this protocol, these properties and these further actions.
fn made_by_hand(folder: &std::path::Path, protocol: &Value, properties: &Value, more: &[Value]) {
    let field = |name: &str, kind: &str, id: u32| {
        let metadata = match properties.get("delta.columnMapping.mode") {
            Some(_) => json!({ "delta.columnMapping.id": id, PHYSICAL: format!("col-{id}") }),
            None => json!({}),
        };
        json!({ "name": name, "type": kind, "nullable": true, "metadata": metadata })
    };
    let schema = json!({ "type": "struct", "fields": [field("id", "long", 1), field("ratio", "double", 2)] });
    let metadata = json!({ "id": "x", "format": { "provider": "parquet", "options": {} }, "partitionColumns": [],
        "schemaString": schema.to_string(), "configuration": properties, "createdTime": 0 });
    let mut lines = vec![json!({ "protocol": protocol }), json!({ "metaData": metadata })];
    lines.extend_from_slice(more);
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::create_dir_all(folder.join("t/_delta_log")).unwrap();
    std::fs::write(folder.join("t/_delta_log/00000000000000000000.json"), text).unwrap();
}

/// Freezes a commit of one file with these values upon the newest version; gives its actions and the table after it.
fn append(table: &DeltaTable, ratios: &[f64]) -> (Vec<Value>, Version) {
    let known = table.load().unwrap().unwrap();
    assert_eq!(known.view().unsupported, None);
    let wanted = table.wanted_statistics(&known).unwrap();
    let columns = known.columns().unwrap();
    let encoding = EncodingPlan::new(columns.files, Compression::UNCOMPRESSED).unwrap().with_statistics(&wanted);
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..ratios.len() as i64));
    let ratios: ArrayRef = Arc::new(Float64Array::from(ratios.to_vec()));
    let rows = RecordBatch::try_new(columns.arrow, vec![ids, ratios]).unwrap();
    let mut file = DataFile::begin(Vec::new(), &encoding).unwrap();
    let memory = Budget::new(1 << 20).reserve(rows.get_array_memory_size());
    let row_group = RowGroup { shard: ShardId(0), generation: 0, cut: 0, rows, memory };
    file.append(encode_here(Arc::new(encoding), row_group).unwrap()).unwrap();
    let statistics = file.finish().unwrap().statistics;
    let file = AddedFile { path: "part-x.parquet".into(), bytes: 7, modified_ms: 0, partition: vec![], statistics };
    let plan = Plan { files: true, ..plan(known.view().version + 1, &[], &[]) };
    let frozen = table.freeze(&known, &plan, std::slice::from_ref(&file)).unwrap();
    let text = std::str::from_utf8(&frozen.bytes).unwrap();
    let actions = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(table.put(plan.version, &frozen.bytes), PutOutcome::Created);
    (actions, frozen.after)
}

fn added(actions: &[Value]) -> (&Value, Value) {
    let add = actions.iter().find_map(|action| action.get("add")).unwrap();
    (add, serde_json::from_str(add["stats"].as_str().unwrap()).unwrap())
}

#[test]
fn a_mapped_table_gets_physical_names_in_its_statistics() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let protocol = json!({ "minReaderVersion": 2, "minWriterVersion": 7, "writerFeatures": ["columnMapping"] });
    made_by_hand(folder.path(), &protocol, &json!({ "delta.columnMapping.mode": "name" }), &[]);
    let (actions, after) = append(&table(&runtime, folder.path()), &[1.5, 2.5]);
    let (_, statistics) = added(&actions);
    assert_eq!(statistics["minValues"], json!({ "col-1": 0, "col-2": 1.5 }));
    assert_eq!(after.columns().unwrap().wire.fields[1].name, "ratio");
}

#[test]
fn features_that_a_protocol_lists_and_nothing_uses_stay_listed() {
    let listed = json!({ "minReaderVersion": 1, "minWriterVersion": 7,
        "writerFeatures": ["checkConstraints", "generatedColumns", "identityColumns", "appendOnly"] });
    for protocol in [json!({ "minReaderVersion": 1, "minWriterVersion": 6 }), listed] {
        let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
        made_by_hand(folder.path(), &protocol, &json!({}), &[]);
        let table = table(&runtime, folder.path());
        let (actions, after) = append(&table, &[1.5]);
        assert!(actions.iter().all(|action| action.get("protocol").is_none()), "{actions:?}");
        table.checkpoint(&after).unwrap();
        std::fs::remove_file(folder.path().join("t/_delta_log/00000000000000000000.json")).unwrap();
        for version in [after, table.load().unwrap().unwrap()] {
            let found = version.snapshot.table_configuration().protocol().clone();
            let writer = protocol["minWriterVersion"].as_i64().unwrap();
            assert_eq!(i64::from(found.min_writer_version()), writer);
            let features = found.writer_features().map(<[_]>::len);
            assert_eq!(features, protocol["writerFeatures"].as_array().map(Vec::len));
        }
        append(&table, &[2.5]);
    }
}

#[test]
fn a_clustered_table_takes_rows_that_no_bound_holds() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let protocol =
        json!({ "minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["clustering", "domainMetadata"] });
    let clustering = json!({ "clusteringColumns": [["ratio"]], "domainName": "delta.clustering" }).to_string();
    let domain =
        json!({ "domainMetadata": { "domain": "delta.clustering", "configuration": clustering, "removed": false } });
    made_by_hand(folder.path(), &protocol, &json!({ "delta.dataSkippingNumIndexedCols": "0" }), &[domain]);
    let table = table(&runtime, folder.path());
    let (actions, after) = append(&table, &[1.5, 2.5]);
    assert_eq!(added(&actions).1["maxValues"], json!({ "ratio": 2.5 }));
    let (actions, _) = append(&table, &[1.5, f64::NAN]);
    let (_, statistics) = added(&actions);
    assert_eq!((&statistics["maxValues"], &statistics["numRecords"]), (&json!({}), &json!(2)));
    // What a table is clustered by is part of what its files look like.
    assert!(after.view().schema.contains("clustered by"));
    assert_eq!(table.load().unwrap().unwrap().view().schema, after.view().schema);
}

#[test]
fn rows_that_a_deletion_vector_takes_away_are_not_counted() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let protocol = json!({ "minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["deletionVectors"],
        "writerFeatures": ["deletionVectors"] });
    let vector = json!({ "storageType": "u", "pathOrInlineDv": "ab^-aqEH.-t@S}K{vb[*k^", "offset": 4, "sizeInBytes": 40,
        "cardinality": 6 });
    let file = json!({ "add": { "path": "part-y.parquet", "partitionValues": {}, "size": 7, "modificationTime": 0,
        "dataChange": true, "stats": "{\"numRecords\":10}", "deletionVector": vector } });
    made_by_hand(folder.path(), &protocol, &json!({ "delta.enableDeletionVectors": "true" }), &[file]);
    let table = table(&runtime, folder.path());
    append(&table, &[1.5, 2.5]);
    let found = describe::describe(&table).unwrap().unwrap();
    assert_eq!((found.files, found.rows), (2, Some(6)));
}

#[test]
fn row_ids_go_on_where_the_table_stands() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let protocol =
        json!({ "minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["rowTracking", "domainMetadata"] });
    let properties = json!({ "delta.enableRowTracking": "true",
        "delta.rowTracking.materializedRowIdColumnName": "_row-id-x",
        "delta.rowTracking.materializedRowCommitVersionColumnName": "_row-commit-version-x" });
    made_by_hand(folder.path(), &protocol, &properties, &[]);
    let table = table(&runtime, folder.path());
    let ids: Vec<_> = [2, 3, 1]
        .map(|rows| {
            let (actions, _) = append(&table, &vec![0.5; rows]);
            let (add, _) = added(&actions);
            (add["baseRowId"].as_i64().unwrap(), add["defaultRowCommitVersion"].as_i64().unwrap())
        })
        .to_vec();
    assert_eq!(ids, [(0, 1), (2, 2), (5, 3)]);
}

#[test]
fn a_type_of_file_columns_is_what_the_table_says_now() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let protocol = json!({ "minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["typeWidening"],
        "writerFeatures": ["typeWidening"] });
    made_by_hand(folder.path(), &protocol, &json!({ "delta.enableTypeWidening": "true" }), &[]);
    let (_, after) = append(&table(&runtime, folder.path()), &[1.5]);
    let expected = ArrowSchema::new(vec![
        ArrowField::new("id", ArrowType::Int64, true),
        ArrowField::new("ratio", ArrowType::Float64, true),
    ]);
    let found = after.columns().unwrap().files;
    assert!(
        found.fields().iter().zip(expected.fields()).all(|(found, expected)| found.data_type() == expected.data_type())
    );
}
