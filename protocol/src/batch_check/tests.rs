use super::*;
use crate::FrameBuffer;
use crate::archive;
use crate::batch::{Batch, Column};
use crate::reject::RejectCode;
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

fn judge_tree(columns: Vec<Column>, schema: &Schema, rows: u32) -> Result<(), BatchError> {
    assert_eq!(schema.check(), Ok(()));
    let bytes = archive::append(FrameBuffer::new(), &Batch { columns }).unwrap();
    check(archive::access::<ArchivedBatch>(&bytes).unwrap(), schema, rows)
}

/// `points: array<struct<x: long not null, tag: string>>`
fn points() -> Schema {
    Schema {
        columns: vec![0],
        fields: vec![
            Field { children: vec![1], ..Field::flat("points", DataType::Array, true) },
            Field { children: vec![2, 3], ..Field::flat("element", DataType::Struct, true) },
            Field::flat("x", DataType::Long, false),
            Field::flat("tag", DataType::String, true),
        ],
    }
}

/// Three rows: two points, NULL, one point that is NULL itself.
fn point_columns() -> Vec<Column> {
    vec![
        Column { length: 3, validity: vec![0b101], offsets: vec![0, 2, 2, 3], children: vec![1], ..Column::default() },
        Column { length: 3, validity: vec![0b011], children: vec![2, 3], ..Column::default() },
        Column { validity: vec![0b011], ..long(&[1, 2, 0]) },
        strings(&["a", "ü", ""]),
    ]
}

#[test]
fn a_tree_of_columns_passes_and_each_twist_of_it_does_not() {
    let schema = points();
    assert_eq!(judge_tree(point_columns(), &schema, 3), Ok(()));
    type Twist = fn(&mut Vec<Column>);
    let twists: [(Twist, &str); 9] = [
        (|columns| columns[0].children = vec![0], "its own child"),
        (|columns| columns[0].children = vec![9], "a child that is not there"),
        (|columns| columns[1].children = vec![2, 2], "one child twice"),
        (|columns| columns.push(Column::default()), "a stray column"),
        (|columns| columns[0].offsets = vec![0, 2, 2, 4], "elements that are missing"),
        (|columns| columns[0].offsets = vec![0, 2, 1, 3], "offsets that go back"),
        (|columns| columns[1].values = vec![1], "values of a struct"),
        (|columns| columns[2].length = 2, "a field shorter than its struct"),
        (|columns| columns[1].children.truncate(1), "a field that is missing"),
    ];
    for (twist, what) in twists {
        let mut columns = point_columns();
        twist(&mut columns);
        assert_eq!(judge_tree(columns, &schema, 3).unwrap_err().code(), RejectCode::BadBatch, "{what}");
    }
}

#[test]
fn a_required_field_may_be_null_only_inside_a_null_struct() {
    let mut columns = point_columns();
    columns[1].validity = Vec::new();
    let refused = judge_tree(columns, &points(), 3).unwrap_err();
    // Element 2 belongs to row 2.
    assert_eq!(refused, BatchError::Null { column: "points.element.x".into(), row: 2 });
}

#[test]
fn keys_of_maps_are_never_null() {
    let schema = Schema {
        columns: vec![0],
        fields: vec![
            Field { children: vec![1, 2], ..Field::flat("counts", DataType::Map, true) },
            Field::flat("key", DataType::String, false),
            Field::flat("value", DataType::Long, true),
        ],
    };
    let map = Column { length: 2, offsets: vec![0, 0, 2], children: vec![1, 2], ..Column::default() };
    let value = Column { validity: vec![0b01], ..long(&[5, 0]) };
    assert_eq!(judge_tree(vec![map.clone(), strings(&["a", "b"]), value.clone()], &schema, 2), Ok(()));
    let null_key = Column { validity: vec![0b01], ..strings(&["a", "b"]) };
    let refused = judge_tree(vec![map, null_key, value], &schema, 2).unwrap_err();
    assert_eq!(refused, BatchError::Null { column: "counts.key".into(), row: 1 });
}

fn encoded(keys: &[u32], entries: Column) -> Vec<Column> {
    let values = keys.iter().flat_map(|key| key.to_le_bytes()).collect();
    let keys = Column { encoding: 1, length: keys.len() as u32, values, children: vec![1], ..Column::default() };
    vec![keys, entries]
}

#[test]
fn keys_name_entries_of_a_plain_dictionary() {
    let schema = Schema::flat(vec![Field::flat("s", DataType::String, true)]);
    assert_eq!(judge_tree(encoded(&[1, 0, 1], strings(&["a", "ü"])), &schema, 3), Ok(()));
    assert_eq!(judge_tree(encoded(&[], strings(&[])), &schema, 0), Ok(()));
    let key = judge_tree(encoded(&[1, 2], strings(&["a", "ü"])), &schema, 2).unwrap_err();
    assert_eq!(key, BatchError::Key { column: "s".into(), row: 1, entries: 2 });
    let nested = encoded(&[0], Column { encoding: 1, ..strings(&["a"]) });
    assert!(matches!(judge_tree(nested, &schema, 1), Err(BatchError::Dictionary { .. })));
    let nulls = encoded(&[0], Column { validity: vec![1], ..strings(&["a"]) });
    assert!(matches!(judge_tree(nulls, &schema, 1), Err(BatchError::BufferLength { .. })));
    let utf8 = encoded(&[0], Column { values: vec![0xff], ..strings(&["a"]) });
    assert!(matches!(judge_tree(utf8, &schema, 1), Err(BatchError::Utf8 { .. })));
    let number = Schema::flat(vec![Field::flat("n", DataType::Long, true)]);
    assert!(matches!(judge_tree(encoded(&[0], long(&[1])), &number, 1), Err(BatchError::Encoding { .. })));
}

#[test]
fn an_empty_dictionary_stands_for_nothing_but_null() {
    let schema = Schema::flat(vec![Field::flat("s", DataType::String, true)]);
    let mut columns = encoded(&[0, 0], strings(&[]));
    assert!(matches!(judge_tree(columns.clone(), &schema, 2), Err(BatchError::Key { row: 0, entries: 0, .. })));
    columns[0].validity = vec![0];
    assert_eq!(judge_tree(columns.clone(), &schema, 2), Ok(()));
    columns[0].values[4] = 1;
    assert!(matches!(judge_tree(columns, &schema, 2), Err(BatchError::Key { row: 1, .. })));
}

#[test]
fn nested_rows_are_bounded_together() {
    use crate::limits::BATCH_ELEMENTS_MAX;
    let fields = (1..=3).map(|index| Field::flat(format!("f{index}"), DataType::Boolean, true));
    let parent = Field { children: vec![1, 2, 3], ..Field::flat("s", DataType::Struct, true) };
    let schema = Schema { columns: vec![0], fields: std::iter::once(parent).chain(fields).collect() };
    let columns = |rows: usize| {
        let flags = Column { length: rows as u32, values: vec![0; rows.div_ceil(8)], ..Column::default() };
        let parent = Column { length: rows as u32, children: vec![1, 2, 3], ..Column::default() };
        vec![parent, flags.clone(), flags.clone(), flags]
    };
    let most = BATCH_ELEMENTS_MAX / 3;
    assert_eq!(judge_tree(columns(most), &schema, most as u32), Ok(()));
    let found = (most + 1) * 3;
    assert_eq!(judge_tree(columns(most + 1), &schema, most as u32 + 1), Err(BatchError::Elements { found }));
}

#[test]
fn what_a_dictionary_stands_for_is_bounded() {
    use crate::limits::BATCH_DECODED_BYTES_MAX;
    let schema = Schema::flat(vec![Field::flat("s", DataType::String, true)]);
    let long_entry = "x".repeat(BATCH_DECODED_BYTES_MAX / 1024);
    let mostly_short = |longs: usize| {
        let mut keys = vec![1; 2_000];
        keys[..longs].fill(0);
        encoded(&keys, strings(&[&long_entry, ""]))
    };
    assert_eq!(judge_tree(mostly_short(1024), &schema, 2_000), Ok(()));
    let found = (BATCH_DECODED_BYTES_MAX / 1024) * 1025;
    assert_eq!(judge_tree(mostly_short(1025), &schema, 2_000), Err(BatchError::Decoded { found }));
}

fn bad(columns: Vec<Column>, schema: &Schema, rows: u32) -> Result<Vec<(usize, RejectCode)>, BatchError> {
    let bytes = archive::append(FrameBuffer::new(), &Batch { columns }).unwrap();
    let found = bad_rows(archive::access::<ArchivedBatch>(&bytes).unwrap(), schema, rows)?;
    Ok(found.into_rows().map(|(row, error)| (row, error.code())).collect())
}

#[test]
fn bad_rows_are_told_from_good_ones_by_the_first_thing_that_is_wrong() {
    let decimal = Field { precision: 3, scale: 0, ..Field::flat("d", DataType::Decimal, true) };
    let fields = vec![Field::flat("n", DataType::Long, false), Field::flat("s", DataType::String, true), decimal];
    let schema = Schema::flat(fields);
    let numbers = Column { validity: vec![0b1101], ..long(&[1, 2, 3, 4]) };
    let mut words = strings(&["a", "é", "x", "y"]);
    words.values[0] = 0xFF;
    let digits = [1i32, 1000, 999, -1000].iter().flat_map(|value| value.to_le_bytes()).collect();
    let digits = Column { length: 4, values: digits, ..Column::default() };
    let found = bad(vec![numbers.clone(), words.clone(), digits.clone()], &schema, 4).unwrap();
    let codes = [RejectCode::InvalidUtf8, RejectCode::NullNotAllowed, RejectCode::ValueOutOfRange];
    assert_eq!(found, [(0, codes[0]), (1, codes[1]), (3, codes[2])]);
    assert_eq!(
        bad(
            vec![long(&[1]), strings(&["a"]), Column { length: 1, values: vec![0; 4], ..Column::default() }],
            &schema,
            1
        ),
        Ok(vec![])
    );
    // Bytes behind a NULL are copied with its neighbours, so they cannot be left out.
    words.validity = vec![0b1110];
    assert!(matches!(
        bad(vec![numbers.clone(), words, digits.clone()], &schema, 4),
        Err(BatchError::Utf8 { row: None, .. })
    ));
    // What is wrong with the batch is not a matter of rows.
    assert!(matches!(bad(vec![numbers, long(&[1]), digits], &schema, 4), Err(BatchError::RowCount { .. })));
}

proptest! {
    #[test]
    fn a_batch_without_its_bad_rows_is_good(valid in proptest::collection::vec(any::<bool>(), 1..70), inner in proptest::collection::vec(any::<bool>(), 1..70)) {
        let rows = valid.len().min(inner.len());
        let bitmap = |bits: &[bool]| {
            let mut bytes = vec![0u8; rows.div_ceil(8)];
            bits[..rows].iter().enumerate().for_each(|(row, bit)| bytes[row / 8] |= u8::from(*bit) << (row % 8));
            bytes
        };
        let child = Field::flat("x", DataType::Long, false);
        let parent = Field { children: vec![1], ..Field::flat("p", DataType::Struct, true) };
        let schema = Schema { fields: vec![parent, child], columns: vec![0] };
        let whole = Column { length: rows as u32, validity: bitmap(&valid), children: vec![1], ..Column::default() };
        let field = Column { validity: bitmap(&inner), ..long(&vec![7; rows]) };
        let found = bad(vec![whole, field], &schema, rows as u32).unwrap();
        let expected: Vec<_> = (0..rows).filter(|row| valid[*row] && !inner[*row]).map(|row| (row, RejectCode::NullNotAllowed)).collect();
        prop_assert_eq!(found, expected);
    }
}
