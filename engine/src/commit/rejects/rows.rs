//! What the table of rejected rows looks like, and where it is.
//!
//! | column | type | |
//! |---|---|---|
//! | `stream` | string | the stream's name; NULL for an anonymous one |
//! | `offset` | long | the row's offset in its stream |
//! | `code` | string | the kind of fault, as a refusal would have it |
//! | `reason` | string | the rule of the table that the row breaks |
//! | `row` | string | all of it, as a JSON object ([`crate::columns::json_rows`]) |
//! | `log` | string | the log that it came through |
//! | `position` | long | its batch's position in that log |
//! | `rejected_at` | timestamp | when it was on its way into this table |

use super::judging::OfLogs;
use crate::handover::rejected::RejectedRow;
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::error::ArrowError;
use lakehead_protocol::arrow_schema::to_arrow;
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::{DataType, Field, Schema};
use std::sync::Arc;
use url::Url;

/// What its name has behind the table's.
pub const SUFFIX: &str = "_rejected";

/// Where a table's rejected rows go: into the folder beside it.
pub fn place_beside(table: &Url) -> Url {
    let mut place = table.clone();
    let path = format!("{}{SUFFIX}/", table.path().trim_end_matches('/'));
    place.set_path(&path);
    place
}

/// Its columns.
pub fn columns() -> Schema {
    let text = |name: &str, nullable| Field::flat(name, DataType::String, nullable);
    Schema::flat(vec![
        text("stream", true),
        Field::flat("offset", DataType::Long, false),
        text("code", false),
        text("reason", false),
        text("row", false),
        text("log", false),
        Field::flat("position", DataType::Long, false),
        Field::flat("rejected_at", DataType::Timestamp, false),
    ])
}

/// Rejected rows as rows of their table.
///
/// # Errors
/// When they contradict the columns, which would be a bug.
pub fn batch(rows: &OfLogs<'_>, now_us: i64) -> Result<RecordBatch, ArrowError> {
    let schema = to_arrow(&columns()).map_err(|error| ArrowError::SchemaError(error.to_string()))?;
    let texts = |text: &dyn Fn(&RejectedRow) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(|(_, row)| text(row)).collect::<StringArray>())
    };
    let numbers = |number: &dyn Fn(&RejectedRow) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(
            rows.iter().map(|(_, row)| i64::try_from(number(row)).unwrap_or(i64::MAX)),
        ))
    };
    let logs = StringArray::from_iter_values(rows.iter().map(|(log, _)| log.to_string()));
    let times = TimestampMicrosecondArray::from_value(now_us, rows.len());
    RecordBatch::try_new(
        Arc::new(schema),
        vec![
            texts(&|row| row.stream.as_deref().map(str::to_owned)),
            numbers(&|row| row.offset),
            texts(&|row| Some(code_name(row.reason.code))),
            texts(&|row| Some(row.reason.sentence.to_string())),
            texts(&|row| Some(row.row.to_string())),
            Arc::new(logs),
            numbers(&|row| row.position),
            Arc::new(times.with_timezone("UTC")),
        ],
    )
}

fn code_name(code: u16) -> String {
    RejectCode::from_number(code).map_or_else(|| code.to_string(), |code| format!("{code:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handover::log_part::LogId;
    use crate::log::Reason;

    #[test]
    fn the_table_is_beside_the_one_that_the_rows_are_not_for() {
        for (table, beside) in [
            ("file:///data/tables/orders/", "file:///data/tables/orders_rejected/"),
            ("s3://bucket/a/orders", "s3://bucket/a/orders_rejected/"),
        ] {
            assert_eq!(place_beside(&table.parse().unwrap()).as_str(), beside);
        }
    }

    #[test]
    fn rows_are_told_with_their_code_by_name() {
        let reason = Reason { code: RejectCode::NullNotAllowed as u16, sentence: "no NULL".into() };
        let row = RejectedRow { position: 7, stream: None, offset: 3, reason, row: "{}".into() };
        let batch = batch(&vec![(LogId([1; 16]), &row)], 5).unwrap();
        let text = arrow::util::pretty::pretty_format_batches(&[batch]).unwrap().to_string();
        assert!(text.contains("NullNotAllowed") && text.contains("01010101-"), "{text}");
    }
}
