//! A table's way with bad rows and how many were rejected, as `lakehead table describe` shows it.

use crate::handover::bad_rows::{BAD_ROWS_PROPERTY, BadRowPolicy};
use crate::handover::policy::parse;
use crate::table::delta::DeltaTable;
use crate::table::delta::describe::describe;
use serde_json::{Value, json};
use std::collections::BTreeMap;

type Properties = BTreeMap<String, String>;

/// Both, each on a line; nothing of rejected rows when there are none.
pub(super) fn text(properties: &Properties, rejects: &DeltaTable) -> String {
    let fallback = format!("{}, unless the engine is configured otherwise (tables.bad_rows)", BadRowPolicy::default());
    let policy = match properties.get(BAD_ROWS_PROPERTY).map(|name| parse::<BadRowPolicy>(name)) {
        None => fallback,
        Some(Ok(policy)) => format!("{policy} (table property {BAD_ROWS_PROPERTY})"),
        Some(Err(unknown)) => format!("{fallback}; the table property {BAD_ROWS_PROPERTY} is ignored: {unknown}"),
    };
    let url = rejects.url();
    let rejected = match describe(rejects) {
        Ok(None) => String::new(),
        Ok(Some(found)) => match found.rows {
            Some(rows) => format!("rejected   {rows} rows, in {url}\n"),
            None => format!("rejected   an unknown number of rows, in {url}\n"),
        },
        Err(error) => format!("rejected   unknown: {url} cannot be read: {error}\n"),
    };
    format!("bad rows   {policy}\n{rejected}")
}

/// The policy for programs: `policy` is null where the engine's configuration decides.
pub(super) fn policy_json(properties: &Properties) -> Value {
    match properties.get(BAD_ROWS_PROPERTY).map(|name| parse::<BadRowPolicy>(name)) {
        Some(Ok(policy)) => json!({ "policy": policy.to_string(), "from": BAD_ROWS_PROPERTY, "ignored": null }),
        Some(Err(unknown)) => json!({ "policy": null, "from": "tables.bad_rows", "ignored": unknown.name }),
        None => json!({ "policy": null, "from": "tables.bad_rows", "ignored": null }),
    }
}

/// The table of rejected rows for programs; null when there is none.
pub(super) fn rejected_json(rejects: &DeltaTable) -> Value {
    let location = rejects.url().as_str();
    match describe(rejects) {
        Ok(None) => Value::Null,
        Ok(Some(found)) => json!({ "location": location, "rows": found.rows, "version": found.version }),
        Err(error) => json!({ "location": location, "error": error.to_string() }),
    }
}
