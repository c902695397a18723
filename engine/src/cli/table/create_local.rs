//! A table made where it lies, without an engine: the way to give it properties and partitions.

use super::create::CreateError;
use crate::cli::columns::print::columns;
use crate::cli::columns::same::difference;
use crate::cli::local_table::LocalTableError;
use crate::cli::table_place::TablePlace;
use crate::commit::encode::EncodingPolicy;
use crate::commit::encode::policy::ENCODING_PROPERTY;
use crate::handover::bad_rows::BadRowPolicy;
use crate::handover::evolve::EvolvePolicy;
use crate::handover::policy::Policy;
use crate::table::delta::Version;
use crate::table::delta::properties::NamedPolicy;
use arrow::datatypes::Schema;
use lakehead_protocol::arrow_schema::to_arrow;
use lakehead_protocol::schema::Schema as WireSchema;
use serde_json::{Value, json};
use std::path::Path;

/// What is to be made.
pub(super) struct Wanted<'a> {
    pub(super) table: &'a str,
    pub(super) columns: &'a Schema,
    pub(super) wire: &'a WireSchema,
    pub(super) partition_by: &'a [String],
    pub(super) encoding: Option<EncodingPolicy>,
    pub(super) evolve: Option<EvolvePolicy>,
    pub(super) bad_rows: Option<BadRowPolicy>,
    pub(super) if_not_exists: bool,
}

/// Makes the table where `place` says. An engine may be running on it: versions are put only where there is none.
pub(super) fn make(wanted: &Wanted<'_>, place: &TablePlace) -> Result<Value, CreateError> {
    place.data_dir_alone().map_or(Ok(()), prepare)?;
    let place = place.table(wanted.table)?;
    let of_table = |error| CreateError::Local(LocalTableError::Table(error));
    let (created, version) = match place.table.load().map_err(of_table)? {
        Some(version) => (false, version),
        None => {
            let encoding = wanted.encoding.map(|policy| (ENCODING_PROPERTY, policy.name()));
            let (evolve, bad_rows) = (wanted.evolve.map(property), wanted.bad_rows.map(property));
            let named: Vec<_> = encoding.into_iter().chain(evolve).chain(bad_rows).collect();
            (true, place.table.create_partitioned(wanted.wire, &named, wanted.partition_by).map_err(of_table)?)
        }
    };
    let table = wanted.table.to_owned();
    let found = to_arrow(&version.columns().map_err(of_table)?.wire);
    let found = found.map_err(|error| CreateError::Type(error.to_string()))?;
    if let Some(difference) = difference(wanted.columns, &found)
        .or_else(|| other_properties(wanted, &version))
        .or_else(|| other_partitions(wanted, &version))
    {
        return Err(CreateError::Other { table, difference });
    }
    if !created && !wanted.if_not_exists {
        return Err(CreateError::Exists { table, columns: columns(&found) });
    }
    Ok(json!({
        "table": table,
        "id": &*version.view().id,
        "created": created,
        "columns": columns(&found),
        "partition_by": wanted.partition_by,
        "encoding": wanted.encoding.map(EncodingPolicy::name),
        "evolve": wanted.evolve.map(Policy::name),
        "bad_rows": wanted.bad_rows.map(Policy::name),
    }))
}

/// What does not exist, or is empty, becomes a data directory: an engine looks for tables in this folder of it.
fn prepare(data_dir: &Path) -> Result<(), CreateError> {
    let is_empty = std::fs::read_dir(data_dir).map_or(true, |mut entries| entries.next().is_none());
    if is_empty {
        let folder = data_dir.join("tables");
        std::fs::create_dir_all(&folder).map_err(|source| LocalTableError::Directory { path: folder, source })?;
    }
    Ok(())
}

fn other_partitions(wanted: &Wanted<'_>, version: &Version) -> Option<String> {
    let (wanted, found) = (wanted.partition_by, version.partition_columns());
    let words = |columns: &[String]| match columns {
        [] => "no partitions".to_owned(),
        columns => format!("partitions by {}", columns.join(", ")),
    };
    let differs = !wanted.is_empty() && wanted != found;
    differs.then(|| format!("it has {} where {} are wanted", words(found), words(wanted)))
}

fn other_properties(wanted: &Wanted<'_>, version: &Version) -> Option<String> {
    other_encoding(wanted, version)
        .or_else(|| other_way(wanted.evolve?, version))
        .or_else(|| other_way(wanted.bad_rows?, version))
}

fn property<P: Policy>(policy: P) -> (&'static str, &'static str) {
    (P::PROPERTY, policy.name())
}

fn other_way<P: Policy + Default + PartialEq>(wanted: P, version: &Version) -> Option<String> {
    let found = version.policy(P::default());
    (found != wanted).then(|| format!("its way with {} is {found} where {wanted} is wanted", P::WITH))
}

fn other_encoding(wanted: &Wanted<'_>, version: &Version) -> Option<String> {
    let (wanted, found) = (wanted.encoding?, version.encoding_policy());
    match found {
        NamedPolicy::Known(found) if found == wanted => None,
        NamedPolicy::Known(found) => Some(format!("its encoding is {found} where {wanted} is wanted")),
        NamedPolicy::None => Some(format!("it has no property {ENCODING_PROPERTY} where {wanted} is wanted")),
        NamedPolicy::Unknown(unknown) => Some(format!("its encoding is {:?} where {wanted} is wanted", unknown.name)),
    }
}
