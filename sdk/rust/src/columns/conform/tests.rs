use super::*;
use crate::error::ErrorKind;
use arrow::array::{
    BinaryViewArray, Decimal32Array, Decimal128Array, DictionaryArray, Float64Array, Int32Array, Int64Array,
    LargeStringArray, StringArray, StringViewArray, StructArray, TimestampMicrosecondArray, TimestampNanosecondArray,
    TimestampSecondArray, UInt32Array, UInt64Array,
};
use arrow::datatypes::{Int8Type, Schema, TimeUnit};
use std::sync::Arc;

fn one(name: &str, array: impl Array + 'static, nullable: bool) -> RecordBatch {
    let field = ArrowField::new(name, array.data_type().clone(), nullable);
    RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![Arc::new(array)]).unwrap()
}

fn stream(data_type: ArrowType, nullable: bool) -> SchemaRef {
    Arc::new(Schema::new(vec![ArrowField::new("c", data_type, nullable)]))
}

fn conformed(array: impl Array + 'static, target: ArrowType) -> Result<ArrayRef, Error> {
    let columns = conform(&one("c", array, true), &stream(target, true))?;
    Ok(plain(&columns.nodes[0]))
}

fn plain(node: &Node) -> ArrayRef {
    match &node.values {
        Values::Plain(array) => array.clone(),
        Values::Dictionary(dictionary) => {
            let keys = dictionary.keys.iter().enumerate();
            let valid = |row: usize| node.nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
            let keys: UInt32Array = keys.map(|(row, key)| valid(row).then_some(*key)).collect();
            arrow::compute::take(&dictionary.entries, &keys, None).unwrap()
        }
        nested => panic!("{nested:?} is not flat"),
    }
}

#[test]
fn other_layouts_of_a_string_become_the_streams() {
    let expected = StringArray::from(vec![Some("zürich"), None, Some("")]);
    let texts = || vec![Some("zürich"), None, Some("")];
    let dictionary: DictionaryArray<Int8Type> = texts().into_iter().collect();
    let casts = [
        conformed(StringViewArray::from(texts()), ArrowType::Utf8),
        conformed(LargeStringArray::from(texts()), ArrowType::Utf8),
        conformed(dictionary, ArrowType::Utf8),
    ];
    for cast in casts {
        assert_eq!(cast.unwrap().as_string::<i32>(), &expected);
    }
    let bytes = conformed(BinaryViewArray::from(vec![&b"\xff"[..], b""]), ArrowType::Binary).unwrap();
    assert_eq!(bytes.as_binary::<i32>().value(0), b"\xff");
}

#[test]
fn timestamps_keep_their_instant_whatever_their_unit_and_zone() {
    let utc = || ArrowType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let nanoseconds = TimestampNanosecondArray::from(vec![1_500]).with_timezone("Europe/Zurich");
    let seconds = TimestampSecondArray::from(vec![2]).with_timezone("+02:00");
    let expected = |value| TimestampMicrosecondArray::from(vec![value]).with_timezone("UTC");
    assert_eq!(conformed(nanoseconds, utc()).unwrap().as_primitive(), &expected(1));
    assert_eq!(conformed(seconds, utc()).unwrap().as_primitive(), &expected(2_000_000));
    let too_far = TimestampSecondArray::from(vec![i64::MAX]).with_timezone("UTC");
    assert_eq!(conformed(too_far, utc()).unwrap_err().code(), "BATCH_VALUE");
    // A clock without zone is not an instant: only the producer knows which one it means.
    let without = TimestampMicrosecondArray::from(vec![1]);
    assert_eq!(conformed(without, utc()).unwrap_err().code(), "BATCH_SCHEMA");
}

#[test]
fn decimals_of_few_digits_get_narrow() {
    let wide = Decimal128Array::from(vec![Some(12_345), None]).with_precision_and_scale(5, 2).unwrap();
    let narrow = conformed(wide, ArrowType::Decimal32(5, 2)).unwrap();
    assert_eq!(narrow.as_primitive::<Decimal32Type>().value(0), 12_345);
    let rescaled = Decimal128Array::from(vec![12_345]).with_precision_and_scale(5, 2).unwrap();
    let rescaled = conformed(rescaled, ArrowType::Decimal64(12, 4)).unwrap();
    assert_eq!(rescaled.as_primitive::<Decimal64Type>().value(0), 1_234_500);
    let cut = Decimal128Array::from(vec![12_345]).with_precision_and_scale(5, 2).unwrap();
    assert_eq!(conformed(cut, ArrowType::Decimal32(5, 1)).unwrap_err().code(), "BATCH_SCHEMA");
    let digits = Decimal32Array::from(vec![1, 100_000]).with_precision_and_scale(5, 2).unwrap();
    let error = conformed(digits, ArrowType::Decimal32(5, 2)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::BatchValue { row: Some(1), .. }), "{error}");
}

#[test]
fn numbers_are_cast_as_long_as_they_keep_their_values() {
    let narrowed = conformed(Int64Array::from(vec![1, -2]), ArrowType::Int32).unwrap();
    assert_eq!(narrowed.as_primitive(), &Int32Array::from(vec![1, -2]));
    assert_eq!(conformed(Int64Array::from(vec![1 << 40]), ArrowType::Int32).unwrap_err().code(), "BATCH_VALUE");
    assert_eq!(conformed(UInt64Array::from(vec![u64::MAX]), ArrowType::Int64).unwrap_err().code(), "BATCH_VALUE");
    assert!(conformed(UInt64Array::from(vec![7]), ArrowType::Int64).is_ok());
    assert_eq!(conformed(Float64Array::from(vec![0.1]), ArrowType::Float32).unwrap_err().code(), "BATCH_SCHEMA");
    assert_eq!(conformed(Int64Array::from(vec![1]), ArrowType::Utf8).unwrap_err().code(), "BATCH_SCHEMA");
}

#[test]
fn a_null_where_none_is_allowed_names_its_row() {
    let batch = one("c", Int32Array::from(vec![Some(1), None]), true);
    let error = conform(&batch, &stream(ArrowType::Int32, false)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::BatchValue { row: Some(1), .. }), "{error}");
    assert!(error.is_data_error() && !error.is_retryable());
}

#[test]
fn columns_are_found_by_name_and_strangers_are_refused() {
    let target = Arc::new(Schema::new(vec![
        ArrowField::new("a", ArrowType::Int32, false),
        ArrowField::new("b", ArrowType::Int64, false),
    ]));
    let (a, b): (ArrayRef, ArrayRef) = (Arc::new(Int32Array::from(vec![1])), Arc::new(Int64Array::from(vec![2])));
    let swapped = RecordBatch::try_from_iter([("b", b.clone()), ("a", a.clone())]).unwrap();
    let conformed: Vec<_> = conform(&swapped, &target).unwrap().nodes.iter().map(plain).collect();
    assert_eq!(conformed, vec![a.clone(), b.clone()]);
    let missing = RecordBatch::try_from_iter([("a", a.clone())]).unwrap();
    assert!(conform(&missing, &target).unwrap_err().to_string().contains("no column \"b\""));
    let extra = RecordBatch::try_from_iter([("a", a.clone()), ("b", b), ("x", a)]).unwrap();
    assert!(conform(&extra, &target).unwrap_err().to_string().contains("[\"x\"]"));
}

#[test]
fn a_column_that_is_left_out_is_null_where_that_is_allowed() {
    let inner = Fields::from(vec![
        ArrowField::new("x", ArrowType::Int32, false),
        ArrowField::new("note", ArrowType::Utf8, true),
    ]);
    let target = Arc::new(Schema::new(vec![
        ArrowField::new("a", ArrowType::Int32, false),
        ArrowField::new("b", ArrowType::Int64, true),
        ArrowField::new("s", ArrowType::Struct(inner.clone()), true),
    ]));
    let a: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
    let columns = conform(&RecordBatch::try_from_iter([("a", a.clone())]).unwrap(), &target).unwrap();
    assert_eq!(columns.nodes.iter().map(Node::null_count).collect::<Vec<_>>(), [0, 2, 2]);
    let part = StructArray::new(Fields::from(vec![inner[0].clone()]), vec![a.clone()], None);
    let s: ArrayRef = Arc::new(part);
    let columns = conform(&RecordBatch::try_from_iter([("s", s), ("a", a.clone())]).unwrap(), &target).unwrap();
    let Values::Struct(fields) = &columns.nodes[2].values else { panic!("no struct") };
    assert_eq!(fields.iter().map(Node::null_count).collect::<Vec<_>>(), [0, 2]);
    // A name that is none of the stream's is no column that was left out.
    let misspelt = RecordBatch::try_from_iter([("a", a.clone()), ("B", a)]).unwrap();
    assert!(conform(&misspelt, &target).unwrap_err().to_string().contains("[\"B\"]"));
}
