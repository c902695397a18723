//! Partitioned tables: what the log says of the files is kept word for word.

use super::world::{LOG, World};
use super::*;
use crate::table::delta::DeltaTable;

#[test]
fn partitions_are_not_mixed_and_keep_their_values_and_folders() {
    let world = World::new(eager());
    (0..18).for_each(|commit| world.append(commit, commit + 1));
    // The same files as those of a table that is partitioned.
    let root = world.folder.path().join("t");
    let log = root.join("_delta_log");
    let mut lines = Vec::new();
    for line in (0..=19).flat_map(|version| world.text(version).lines().map(str::to_owned).collect::<Vec<_>>()) {
        let mut line: serde_json::Value = serde_json::from_str(&line).unwrap();
        if let Some(text) = line["metaData"]["schemaString"].as_str() {
            let mut schema: serde_json::Value = serde_json::from_str(text).unwrap();
            let day = serde_json::json!({ "name": "day", "type": "string", "nullable": true, "metadata": {} });
            schema["fields"].as_array_mut().unwrap().push(day);
            line["metaData"]["schemaString"] = schema.to_string().into();
            line["metaData"]["partitionColumns"] = serde_json::json!(["day"]);
        }
        if let Some(path) = line["add"]["path"].as_str().map(str::to_owned) {
            let (value, folder, encoded) = match lines.len() % 2 {
                0 => (serde_json::json!("a b"), "day=a%20b", "day=a%2520b"),
                _ => (serde_json::Value::Null, "day=__HIVE_DEFAULT_PARTITION__", "day=__HIVE_DEFAULT_PARTITION__"),
            };
            std::fs::create_dir_all(root.join(folder)).unwrap();
            std::fs::rename(root.join(&path), root.join(folder).join(&path)).unwrap();
            line["add"]["path"] = format!("{encoded}/{path}").into();
            line["add"]["partitionValues"] = serde_json::json!({ "day": value });
        }
        if line["commitInfo"].is_null() && line["txn"].is_null() {
            lines.push(line.to_string());
        }
    }
    (0..=19).for_each(|version| std::fs::remove_file(log.join(format!("{version:020}.json"))).unwrap());
    lines.push(format!(r#"{{"txn":{{"appId":"lakehead/{LOG}/claim","version":5}}}}"#));
    std::fs::write(log.join(format!("{:020}.json", 0)), lines.join("\n")).unwrap();

    let looked = world.look(Canary::None);
    assert!(looked.more);
    let merged = *looked.merged.unwrap();
    let path = &merged.change.output_path;
    let folder = path.split('/').next().unwrap();
    assert!(merged.change.removal.paths.iter().all(|path| path.starts_with(folder)), "{path}");
    assert_eq!((merged.rows, merged.change.removal.paths.len()), (9, 9));
    let on_disk = if folder == "day=a%2520b" { "day=a%20b" } else { folder };
    assert!(merged.change.output.path.starts_with(on_disk), "{}", merged.change.output.path);
    assert!(root.join(&merged.change.output.path).exists());
    let version = world.version();
    let frozen = DeltaTable::freeze_merge(&world.table, &version, &merged.change).unwrap();
    let text = String::from_utf8(frozen.bytes.to_vec()).unwrap();
    let add: serde_json::Value = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .find(|line: &serde_json::Value| !line["add"].is_null())
        .unwrap();
    let expected = if on_disk == folder { serde_json::Value::Null } else { "a b".into() };
    assert_eq!(
        (add["add"]["path"].as_str(), &add["add"]["partitionValues"]["day"]),
        (Some(path.as_str()), &expected),
        "{text}"
    );
}
