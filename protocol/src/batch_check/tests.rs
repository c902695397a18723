use super::*;
use crate::FrameBuffer;
use crate::archive;
use crate::batch::{Batch, Column};
use proptest::prelude::*;

fn judge(column: Column, field: Field, rows: u32) -> Result<(), BatchError> {
    let bytes = archive::append(FrameBuffer::new(), &Batch { columns: vec![column] }).unwrap();
    check(archive::access::<ArchivedBatch>(&bytes).unwrap(), &Schema::flat(vec![field]), rows)
}

fn strings(texts: &[&str]) -> Column {
    let mut column = Column { length: texts.len() as u32, offsets: vec![0], ..Column::default() };
    for text in texts {
        column.values.extend_from_slice(text.as_bytes());
        column.offsets.push(column.values.len() as u32);
    }
    column
}

fn long(values: &[i64]) -> Column {
    Column {
        length: values.len() as u32,
        values: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        ..Column::default()
    }
}

#[test]
fn good_columns_of_each_family_pass() {
    assert_eq!(judge(long(&[1, -1]), Field::flat("n", DataType::Long, false), 2), Ok(()));
    assert_eq!(judge(strings(&["a", "", "zürich"]), Field::flat("s", DataType::String, false), 3), Ok(()));
    assert_eq!(judge(strings(&[]), Field::flat("s", DataType::String, false), 0), Ok(()));
    let flags = Column { length: 9, values: vec![0xff, 0x01], validity: vec![0, 0], ..Column::default() };
    assert_eq!(judge(flags, Field::flat("b", DataType::Boolean, true), 9), Ok(()));
}

#[test]
fn every_lie_about_lengths_is_named() {
    let field = || Field::flat("n", DataType::Long, true);
    assert!(matches!(judge(long(&[1]), field(), 2), Err(BatchError::RowCount { .. })));
    let short = Column { values: vec![0; 15], ..long(&[1, 2]) };
    assert!(matches!(
        judge(short, field(), 2),
        Err(BatchError::BufferLength { buffer: "values", found: 15, expected: 16, .. })
    ));
    let validity = Column { validity: vec![1, 1], ..long(&[1, 2]) };
    assert!(matches!(judge(validity, field(), 2), Err(BatchError::BufferLength { buffer: "validity", .. })));
    let offsets = Column { offsets: vec![0], ..long(&[1, 2]) };
    assert!(matches!(judge(offsets, field(), 2), Err(BatchError::BufferLength { buffer: "offsets", .. })));
    let children = Column { children: vec![1], ..long(&[1, 2]) };
    assert!(matches!(judge(children, field(), 2), Err(BatchError::BufferLength { buffer: "children", .. })));
    let dictionary = Column { encoding: 1, ..long(&[1, 2]) };
    assert!(matches!(judge(dictionary, field(), 2), Err(BatchError::Encoding { found: 1, .. })));
    let bytes = archive::append(FrameBuffer::new(), &Batch::default()).unwrap();
    let none = check(archive::access::<ArchivedBatch>(&bytes).unwrap(), &Schema::flat(vec![field()]), 0);
    assert_eq!(none, Err(BatchError::ColumnCount { found: 0, expected: 1 }));
}

#[test]
fn offsets_must_start_at_zero_rise_and_end_with_the_values() {
    let field = || Field::flat("s", DataType::String, true);
    for offsets in [vec![1, 1, 2], vec![0, 2, 1], vec![0, 1, 3], vec![0, 9, 2]] {
        let column = Column { offsets, ..strings(&["a", "b"]) };
        assert!(matches!(judge(column, field(), 2), Err(BatchError::Offsets { .. })));
    }
}

#[test]
fn a_string_may_not_begin_inside_a_character() {
    let field = || Field::flat("s", DataType::String, true);
    let whole = strings(&["é", "x"]);
    let split = Column { offsets: vec![0, 1, 3], ..whole.clone() };
    assert_eq!(judge(whole, field(), 2), Ok(()));
    assert!(matches!(judge(split, field(), 2), Err(BatchError::Utf8 { .. })));
    let broken = Column { values: vec![0xff, b'x'], offsets: vec![0, 1, 2], ..strings(&["a", "b"]) };
    assert!(matches!(judge(broken.clone(), field(), 2), Err(BatchError::Utf8 { .. })));
    assert_eq!(judge(broken, Field::flat("s", DataType::Binary, true), 2), Ok(()));
}

#[test]
fn a_null_where_none_is_allowed_names_its_row() {
    let column = Column { validity: vec![0b1011], ..long(&[1, 2, 3, 4]) };
    assert_eq!(judge(column.clone(), Field::flat("n", DataType::Long, true), 4), Ok(()));
    assert_eq!(
        judge(column, Field::flat("n", DataType::Long, false), 4),
        Err(BatchError::Null { column: "n".into(), row: 2 })
    );
}

#[test]
fn decimals_keep_their_digits_unless_null() {
    let decimal = |value: i32, validity: Vec<u8>| Column {
        length: 2,
        validity,
        values: [5i32.to_le_bytes(), value.to_le_bytes()].concat(),
        ..Column::default()
    };
    let field = || Field::decimal("d", 4, 2, true);
    assert_eq!(judge(decimal(9999, vec![]), field(), 2), Ok(()));
    assert_eq!(judge(decimal(-9999, vec![]), field(), 2), Ok(()));
    assert!(matches!(judge(decimal(10_000, vec![]), field(), 2), Err(BatchError::Digits { row: 1, .. })));
    assert!(matches!(judge(decimal(i32::MIN, vec![]), field(), 2), Err(BatchError::Digits { row: 1, .. })));
    assert_eq!(judge(decimal(10_000, vec![0b01]), field(), 2), Ok(()));
    let wide = Column { length: 1, values: i128::MAX.to_le_bytes().to_vec(), ..Column::default() };
    assert!(matches!(judge(wide, Field::decimal("d", 38, 0, true), 1), Err(BatchError::Digits { .. })));
}

proptest! {
    #[test]
    fn strings_are_accepted_exactly_when_each_is_utf8(values in prop::collection::vec(any::<u8>(), 0..24), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5)) {
        let mut offsets: Vec<u32> = cuts.iter().map(|cut| cut.index(values.len() + 1) as u32).collect();
        offsets.extend([0, values.len() as u32]);
        offsets.sort_unstable();
        let rows = offsets.len() as u32 - 1;
        let each = offsets.windows(2).all(|pair| std::str::from_utf8(&values[pair[0] as usize..pair[1] as usize]).is_ok());
        let column = Column { length: rows, offsets, values, ..Column::default() };
        prop_assert_eq!(judge(column, Field::flat("s", DataType::String, true), rows).is_ok(), each);
    }

    #[test]
    fn counting_bits_agrees_with_looking_at_each(bitmap in prop::collection::vec(any::<u8>(), 0..40), short in 0..8usize) {
        let rows = (bitmap.len() * 8).saturating_sub(short);
        prop_assert_eq!(count_set(&bitmap, rows), (0..rows).filter(|row| bit(&bitmap, *row)).count());
    }
}
