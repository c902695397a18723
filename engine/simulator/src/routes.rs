//! Which table something is of.

use lakehead_engine::handover::TableKey;
use lakehead_engine::handover::request::Request;

/// Keys that one table can have in a run.
const KEYS: u32 = 1_000_000;

/// A table's first key.
pub fn first_key(table: usize) -> u32 {
    table as u32 * KEYS
}

/// The table that has this key.
pub fn table_of_key(key: TableKey) -> usize {
    (key.0 / KEYS) as usize
}

/// A table's name, as clients call it.
pub fn table_name(table: usize) -> String {
    format!("t{table}")
}

/// The table of a stream, or an anonymous one as rows name it: its number says so.
pub fn table_of_stream(stream: &str, tables: usize) -> usize {
    let digits: String = stream.chars().skip(1).take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0) % tables
}

/// The table that a request is about.
pub fn table_of_request(request: &Request) -> usize {
    match request {
        Request::OpenTable { name, .. } => name.get(1..).and_then(|digits| digits.parse().ok()).unwrap_or(0),
        Request::FindStream { table, .. }
        | Request::AddColumns { table, .. }
        | Request::StopTable { table, .. }
        | Request::WantCut { table, .. } => table_of_key(*table),
    }
}
