//! Values that name no partition, refused before they are taken: what was taken must get into the table.
//!
//! Delta's log names partitions by text. Bytes that are no text have no name there, and an empty string or binary is NULL in
//! it, which a column that allows no NULL cannot be. Other types have no such values.

use crate::columns::layout::Layout;
use crate::handover::answer::OpenTable;
use lakehead_protocol::batch::{ArchivedBatch, ArchivedColumn, ENCODING_DICTIONARY};
use lakehead_protocol::batch_check::bit;
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::{DataType, Field};
use std::ops::Range;

/// A row that belongs to no partition. `row` counts within the batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum PartitionError {
    #[error(
        "column {column:?} partitions the table and is not UTF-8 in row {row} of the batch: no partition can be named so"
    )]
    NotText { column: String, row: usize },
    #[error(
        "column {column:?} partitions the table and is empty in row {row} of the batch: that is NULL there, which the column does not allow"
    )]
    Empty { column: String, row: usize },
}

impl PartitionError {
    pub(super) fn code(&self) -> RejectCode {
        match self {
            Self::NotText { .. } => RejectCode::InvalidUtf8,
            Self::Empty { .. } => RejectCode::NullNotAllowed,
        }
    }

    /// What is wrong, without the row's number.
    pub(super) fn rule(&self) -> String {
        match self {
            Self::NotText { column, .. } => {
                format!("column {column:?} partitions the table and is not UTF-8: no partition can be named so")
            }
            Self::Empty { column, .. } => format!(
                "column {column:?} partitions the table and is empty: that is NULL there, which the column does not allow"
            ),
        }
    }

    pub(super) fn row(&self) -> usize {
        match self {
            Self::NotText { row, .. } | Self::Empty { row, .. } => *row,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    NotText,
    Empty,
}

/// What is wrong with a batch that is good otherwise, column by column.
pub(super) fn faults(batch: &ArchivedBatch, layout: &Layout, table: &OpenTable) -> Vec<PartitionError> {
    let mut found = Vec::new();
    for index in table.partition_columns.iter() {
        let Some(position) = layout.places.iter().position(|place| place.index == *index) else { continue };
        let field = layout.schema.columns.get(position).and_then(|field| layout.schema.fields.get(*field as usize));
        let (Some(field), Some(column)) = (field, batch.columns.get(position)) else { continue };
        found.extend(faults_of(batch, column, field).into_iter().map(|(row, fault)| {
            let column = field.name.clone();
            match fault {
                Fault::NotText => PartitionError::NotText { column, row },
                Fault::Empty => PartitionError::Empty { column, row },
            }
        }));
    }
    found
}

fn faults_of(batch: &ArchivedBatch, column: &ArchivedColumn, field: &Field) -> Vec<(usize, Fault)> {
    let is_binary = match field.data_type() {
        Some(DataType::Binary) => true,
        Some(DataType::String) => false,
        _ => return Vec::new(),
    };
    if !is_binary && field.nullable == 1 {
        return Vec::new();
    }
    let fault = |value: &[u8]| {
        if is_binary && std::str::from_utf8(value).is_err() {
            return Some(Fault::NotText);
        }
        (field.nullable == 0 && value.is_empty()).then_some(Fault::Empty)
    };
    let has_value = |row: usize| column.validity.is_empty() || bit(&column.validity, row);
    let rows = (0..column.length.to_native() as usize).filter(|row| has_value(*row));
    if column.encoding != ENCODING_DICTIONARY {
        return rows.filter_map(|row| Some((row, fault(column.values.get(place(column, row)?)?)?))).collect();
    }
    let entries = column.children.first().and_then(|child| batch.columns.get(child.to_native() as usize));
    let Some(entries) = entries else { return Vec::new() };
    let of_entry = |entry: usize| fault(entries.values.get(place(entries, entry)?)?);
    let faults: Vec<_> = (0..entries.length.to_native() as usize).map(of_entry).collect();
    if faults.iter().all(Option::is_none) {
        return Vec::new();
    }
    let (keys, _) = column.values.as_chunks::<4>();
    rows.filter_map(|row| Some((row, (*faults.get(u32::from_le_bytes(*keys.get(row)?) as usize)?)?))).collect()
}

fn place(column: &ArchivedColumn, row: usize) -> Option<Range<usize>> {
    let end = |row: usize| Some(column.offsets.get(row)?.to_native() as usize);
    Some(end(row)?..end(row + 1)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handover::TableKey;
    use crate::handover::bad_rows::BadRowPolicy;
    use crate::handover::port::table_port;
    use lakehead_protocol::arrow_schema::to_arrow;
    use lakehead_protocol::batch::{Batch, Column};
    use lakehead_protocol::schema::Schema;
    use lakehead_protocol::{FrameBuffer, archive};
    use std::sync::Arc;

    fn texts(values: &[&[u8]]) -> Column {
        let mut column = Column { length: values.len() as u32, offsets: vec![0], ..Column::default() };
        for value in values {
            column.values.extend_from_slice(value);
            column.offsets.push(column.values.len() as u32);
        }
        column
    }

    fn judged(kind: DataType, nullable: bool, columns: Vec<Column>) -> Result<(), PartitionError> {
        let schema = Schema::flat(vec![Field::flat("n", DataType::Long, true), Field::flat("p", kind, nullable)]);
        let announced = Schema::flat(vec![Field::flat("P", kind, true), Field::flat("n", DataType::Long, true)]);
        let layout = Layout::match_columns(&announced, &schema).unwrap();
        let table = OpenTable {
            key: TableKey(1),
            id: "t".into(),
            version: 0,
            arrow_schema: Arc::new(to_arrow(&schema).unwrap()),
            schema: Arc::new(schema),
            partition_columns: [1].into(),
            generation: 1,
            next_cut: 1,
            cut_size: crate::handover::cut_size::CutSize::default(),
            bad_rows: BadRowPolicy::Refuse,
            port: table_port(1, Arc::new(|| {})).0,
        };
        let bytes = archive::append(FrameBuffer::new(), &Batch { columns }).unwrap();
        let found = faults(archive::access::<ArchivedBatch>(&bytes).unwrap(), &layout, &table);
        found.into_iter().next().map_or(Ok(()), Err)
    }

    fn number() -> Column {
        Column { length: 3, values: vec![0; 24], ..Column::default() }
    }

    #[test]
    fn the_first_row_without_a_name_is_told() {
        let plain = |values: &[&[u8]]| vec![texts(values), number()];
        let not_text = |row| Err(PartitionError::NotText { column: "P".into(), row });
        let empty = |row| Err(PartitionError::Empty { column: "P".into(), row });
        assert_eq!(judged(DataType::Binary, true, plain(&[b"a", b"", b"\xff"])), not_text(2));
        assert_eq!(judged(DataType::Binary, false, plain(&[b"a", b"", b"\xff"])), empty(1));
        assert_eq!(judged(DataType::String, true, plain(&[b"a", b"", b"c"])), Ok(()));
        assert_eq!(judged(DataType::String, false, plain(&[b"a", b"b", b""])), empty(2));
        let hidden = Column { validity: vec![0b101], ..texts(&[b"a", b"\xff", b"c"]) };
        assert_eq!(judged(DataType::Binary, true, vec![hidden, number()]), Ok(()));
    }

    #[test]
    fn entries_of_a_dictionary_that_no_row_has_do_no_harm() {
        let encoded = |keys: [u32; 3]| {
            let values = keys.iter().flat_map(|key| key.to_le_bytes()).collect();
            let keys =
                Column { length: 3, encoding: ENCODING_DICTIONARY, values, children: vec![2], ..Column::default() };
            vec![keys, number(), texts(&[b"a", b"", b"\xff"])]
        };
        assert_eq!(judged(DataType::Binary, true, encoded([0, 1, 0])), Ok(()));
        assert_eq!(judged(DataType::String, false, encoded([0, 0, 0])), Ok(()));
        assert!(matches!(
            judged(DataType::Binary, true, encoded([0, 2, 0])),
            Err(PartitionError::NotText { row: 1, .. })
        ));
        assert!(matches!(
            judged(DataType::String, false, encoded([0, 0, 1])),
            Err(PartitionError::Empty { row: 2, .. })
        ));
    }
}
