//! What commits by anybody did, as far as upkeep has to know.

use super::logs;
use super::table::{DeltaTable, ENGINE_INFO, TableError, commit_path, url_error};
use super::transactions::{Written, lines};
use crate::handover::log_part::LogId;
use crate::upkeep::orphans::Witness;
use delta_kernel::KernelError;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What Delta writers call a commit that merges files.
const OPTIMIZE: &str = "OPTIMIZE";

/// One commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommitActions {
    /// Paths as the log writes them.
    pub added: Vec<String>,
    pub removed: Vec<String>,
    /// Whether it changes the table's protocol or metadata.
    pub redefines: bool,
    /// Claims that it makes.
    pub claims: BTreeMap<LogId, u64>,
    /// Who merged files by it, if somebody did.
    pub merger: Option<Merger>,
}

/// Who merges the files of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Merger {
    /// An engine like this one.
    Engine,
    /// Another program.
    Other,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    add: Option<Named>,
    remove: Option<Named>,
    txn: Option<Written>,
    meta_data: Option<serde::de::IgnoredAny>,
    protocol: Option<serde::de::IgnoredAny>,
    commit_info: Option<Info>,
}

#[derive(serde::Deserialize)]
struct Named {
    path: String,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    operation: Option<serde_json::Value>,
    engine_info: Option<serde_json::Value>,
}

impl CommitActions {
    fn parse(commit: &[u8]) -> Result<Self, serde_json::Error> {
        let mut actions = Self::default();
        for line in lines::<Line>(commit) {
            let Line { add, remove, txn, meta_data, protocol, commit_info } = line?;
            actions.added.extend(add.map(|add| add.path));
            actions.removed.extend(remove.map(|remove| remove.path));
            actions.redefines |= meta_data.is_some() || protocol.is_some();
            let claim = txn.and_then(|txn| Some((logs::claim_of(&txn.app_id)?, u64::try_from(txn.version).ok()?)));
            actions.claims.extend(claim);
            if let Some(Info { operation, engine_info }) = commit_info {
                let is = |value: &Option<serde_json::Value>, text| {
                    value.as_ref().and_then(|value| value.as_str()) == Some(text)
                };
                let merger = if is(&engine_info, ENGINE_INFO) { Merger::Engine } else { Merger::Other };
                actions.merger = actions.merger.or(is(&operation, OPTIMIZE).then_some(merger));
            }
        }
        Ok(actions)
    }

    /// What it says of staged files and claims.
    pub fn witness(&self) -> Witness {
        let names = self.added.iter().filter_map(|path| path.rsplit('/').next());
        Witness { added: names.map(str::to_owned).collect(), claims: self.claims.clone() }
    }

    /// The first of `paths` that it adds anew or removes.
    pub fn touched<'a>(&self, paths: &'a BTreeSet<Arc<str>>) -> Option<&'a Arc<str>> {
        self.removed.iter().chain(&self.added).find_map(|path| paths.get(path.as_str()))
    }
}

impl DeltaTable {
    /// What the commit of `version` did; `None` when its file is gone. It is read as it is: whoever builds upon it being
    /// durable has looked at the table before.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn commit_actions(&self, version: u64) -> Result<Option<CommitActions>, TableError> {
        let url = self.url().join(&commit_path(version)).map_err(url_error)?;
        let read = self.engine().storage_handler().read_files(vec![(url, None)]);
        let commit = match read.and_then(|mut files| files.next().transpose()) {
            Ok(Some(commit)) => commit,
            Ok(None) | Err(KernelError::FileNotFound(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        CommitActions::parse(&commit).map(Some).map_err(|cause| TableError::Commit { version, cause })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_says_what_it_adds_removes_and_claims() {
        let log = "0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a";
        let text = format!(
            r#"{{"commitInfo":{{"operation":"OPTIMIZE","engineInfo":"{ENGINE_INFO}"}}}}
{{"add":{{"path":"k=a%20b/x.parquet","size":1}}}}
{{"remove":{{"path":"y.parquet"}}}}

{{"txn":{{"appId":"lakehead/{log}/claim","version":7}}}}
{{"txn":{{"appId":"lakehead/{log}","version":9}}}}
{{"metaData":{{"id":"i"}}}}"#
        );
        let actions = CommitActions::parse(text.as_bytes()).unwrap();
        assert_eq!(actions.added, ["k=a%20b/x.parquet"]);
        assert!(actions.redefines && actions.merger == Some(Merger::Engine));
        let witness = actions.witness();
        assert!(witness.added.contains("x.parquet") && witness.added.len() == 1);
        assert_eq!(witness.claims, BTreeMap::from([(LogId([10; 16]), 7)]));
        let paths: BTreeSet<Arc<str>> = ["y.parquet", "z.parquet"].into_iter().map(Arc::from).collect();
        assert_eq!(actions.touched(&paths).map(|path| &**path), Some("y.parquet"));
        let other = CommitActions::parse(br#"{"commitInfo":{"operation":"OPTIMIZE","engineInfo":"Spark"}}"#).unwrap();
        assert!(other.merger == Some(Merger::Other) && !other.redefines);
    }
}
