//! What serde makes of Rust's types.

use super::model::{Datum, read};
use super::{columns, list, map, one, refused, sealed, sealed_one, structure};
use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Field, Int64Type};
use serde::ser::{SerializeMap, SerializeSeq, SerializeStruct};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

fn text(text: &str) -> Datum {
    Datum::Text(text.to_owned())
}

#[test]
fn attributes_of_serde_do_what_they_say() {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Event<'a> {
        event_kind: Kind,
        #[serde(rename = "id")]
        number: Number,
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<&'a str>,
        #[serde(flatten)]
        place: Place,
        #[serde(flatten)]
        more: BTreeMap<&'a str, f64>,
        #[serde(skip)]
        _private: u8,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        DoorOpened,
    }
    #[derive(Serialize)]
    struct Number(i64);
    #[derive(Serialize)]
    struct Place {
        room: char,
    }
    let mut columns = columns(vec![
        Field::new("heat", DataType::Float64, true),
        Field::new("room", DataType::Utf8, false),
        Field::new("note", DataType::Utf8, true),
        Field::new("id", DataType::Int64, false),
        Field::new("eventKind", DataType::Utf8, false),
    ]);
    for note in [None, Some("late"), None] {
        let (event_kind, number, place) = (Kind::DoorOpened, Number(4), Place { room: 'é' });
        let more = note.map(|_| ("heat", 1.5)).into_iter().collect();
        columns.push(&Event { event_kind, number, note, place, more, _private: 0 }).unwrap();
    }
    let batch = sealed(&mut columns);
    let rows: Vec<Vec<Datum>> =
        (0..3).map(|row| batch.columns().iter().map(|column| read(column, row)).collect()).collect();
    let without = vec![Datum::Null, text("é"), Datum::Null, Datum::Integer(4), text("door_opened")];
    let with = vec![Datum::Double(1.5f64.to_bits()), text("é"), text("late"), Datum::Integer(4), text("door_opened")];
    assert_eq!(rows, [without.clone(), with, without]);
}

#[test]
fn variants_with_values_are_the_field_of_their_name() {
    #[derive(Serialize)]
    enum Shape {
        Circle { radius: i64 },
        Line(i64, i64),
        Dot(i64),
        Named(&'static str),
    }
    #[derive(Serialize)]
    struct Row {
        c: Shape,
    }
    let shape = structure(vec![
        Field::new("Circle", structure(vec![Field::new("radius", DataType::Int64, false)]), true),
        Field::new("Line", list(DataType::Int64, false), true),
        Field::new("Dot", DataType::Int64, true),
    ]);
    let mut columns = one(shape.clone(), false);
    let shapes = [Shape::Circle { radius: 3 }, Shape::Line(1, 2), Shape::Dot(5)];
    for c in shapes {
        columns.push(&Row { c }).unwrap();
    }
    assert!(refused(&mut columns, &Row { c: Shape::Named("a") }).contains("\"Named\" is none of the columns"));
    let array = sealed_one(&mut columns);
    let value = |circle: Option<i64>, line: Option<[i64; 2]>, dot: Option<i64>| {
        let circle = circle.map_or(Datum::Null, |r| Datum::Struct(vec![("radius".into(), Datum::Integer(r))]));
        let line = line.map_or(Datum::Null, |ends| Datum::Array(ends.map(Datum::Integer).to_vec()));
        let dot = dot.map_or(Datum::Null, Datum::Integer);
        Datum::Struct(vec![("Circle".into(), circle), ("Line".into(), line), ("Dot".into(), dot)])
    };
    assert_eq!(read(&array, 0), value(Some(3), None, None));
    assert_eq!(read(&array, 1), value(None, Some([1, 2]), None));
    assert_eq!(read(&array, 2), value(None, None, Some(5)));

    let texts = structure(vec![Field::new("Line", list(DataType::Utf8, false), true)]);
    let message = refused(&mut one(texts, false), &Row { c: Shape::Line(1, 2) });
    assert!(message.starts_with("column \"c.Line[0]\": an integer cannot be stored as string"), "{message}");
    // A row may be an enum as well.
    let DataType::Struct(fields) = shape else { panic!() };
    let mut rows = super::RowColumns::new(arrow::datatypes::Schema::new(fields).into()).unwrap();
    rows.push(&Shape::Dot(1)).unwrap();
    assert_eq!(read(sealed(&mut rows).column(2), 0), Datum::Integer(1));
}

#[test]
fn maps_take_keys_of_their_type() {
    #[derive(Serialize)]
    struct Row<T> {
        c: T,
    }
    let mut numbers = one(map(DataType::Int64, DataType::Utf8), true);
    numbers.push(&Row { c: BTreeMap::from([(1, "one"), (2, "two")]) }).unwrap();
    numbers.push(&Row { c: BTreeMap::<i64, &str>::new() }).unwrap();
    assert!(refused(&mut numbers, &Row { c: BTreeMap::from([("a", "b")]) }).starts_with("column \"c.key\": a string"));
    let nullable_keys = Row { c: BTreeMap::from([(None::<i64>, "x")]) };
    assert!(refused(&mut numbers, &nullable_keys).starts_with("column \"c.key\": is NULL"));
    let array = sealed_one(&mut numbers);
    let expected = vec![(Datum::Integer(1), text("one")), (Datum::Integer(2), text("two"))];
    assert_eq!(read(&array, 0), Datum::Map(expected));
    assert_eq!(read(&array, 1), Datum::Map(vec![]));

    #[derive(Serialize)]
    struct Point {
        x: i64,
        y: i64,
    }
    let mut names = one(map(DataType::Utf8, DataType::Int64), true);
    names.push(&Row { c: Point { x: 1, y: 2 } }).unwrap();
    let expected = vec![(text("x"), Datum::Integer(1)), (text("y"), Datum::Integer(2))];
    assert_eq!(read(&sealed_one(&mut names), 0), Datum::Map(expected));
}

#[test]
fn options_at_any_level_and_placeholders_below_null() {
    #[derive(Serialize)]
    struct Row {
        c: Option<Option<Inner>>,
    }
    #[derive(Serialize)]
    struct Inner {
        name: Option<String>,
        id: i64,
        deep: Box<(i64, i64)>,
    }
    let inner = structure(vec![
        Field::new("name", DataType::Utf8, false),
        Field::new("id", DataType::Int64, false),
        Field::new("deep", list(DataType::Int64, false), false),
    ]);
    let mut columns = one(inner, true);
    let some = || Some(Some(Inner { name: Some("n".into()), id: 9, deep: Box::new((1, 2)) }));
    for c in [None, some(), Some(None), some()] {
        columns.push(&Row { c }).unwrap();
    }
    let unnamed = Row { c: Some(Some(Inner { name: None, id: 1, deep: Box::new((1, 2)) })) };
    assert!(refused(&mut columns, &unnamed).starts_with("column \"c.name\": is NULL"));
    let array = sealed_one(&mut columns);
    let ids = array.as_struct().column(1).as_primitive::<Int64Type>();
    assert_eq!((ids.values().as_ref(), ids.null_count()), (&[0, 9, 0, 9][..], 0));
    assert_eq!((0..4).map(|row| array.is_null(row)).collect::<Vec<_>>(), [true, false, true, false]);
    assert_eq!(read(array.as_struct().column(2), 2), Datum::Array(vec![]));
    assert_eq!(read(array.as_struct().column(0), 0), text(""));
}

#[test]
fn fields_in_any_order_and_types_in_turn() {
    #[derive(Serialize)]
    struct Forth {
        a: i64,
        b: i64,
        c: i64,
    }
    #[derive(Serialize)]
    struct Back {
        c: i64,
        a: i64,
    }
    let fields = ["a", "b", "c"].map(|name| Field::new(name, DataType::Int64, true));
    let mut columns = columns(fields.to_vec());
    for _ in 0..3 {
        columns.push(&Forth { a: 1, b: 2, c: 3 }).unwrap();
        columns.push(&Back { c: 6, a: 4 }).unwrap();
        columns.push(&BTreeMap::from([("b", 8)])).unwrap();
    }
    let batch = sealed(&mut columns);
    let column = |index: usize| -> Vec<_> { batch.column(index).as_primitive::<Int64Type>().iter().take(6).collect() };
    assert_eq!(column(0), [Some(1), Some(4), None, Some(1), Some(4), None]);
    assert_eq!(column(1), [Some(2), None, Some(8), Some(2), None, Some(8)]);
    assert_eq!(column(2), [Some(3), Some(6), None, Some(3), Some(6), None]);
}

/// Implementations that do what derived ones do not.
struct Careless(u8);

impl Serialize for Careless {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 == 4 {
            let mut row = serializer.serialize_map(None)?;
            row.serialize_key("a")?;
            return row.end();
        }
        let mut row = serializer.serialize_struct("Careless", 2)?;
        row.serialize_field("a", &1)?;
        match self.0 {
            0 => row.serialize_field("a", &2)?,
            1 => assert!(row.serialize_field("b", &"text").is_err()),
            2 => assert!(row.serialize_field("nowhere", &1).is_err()),
            3 => return Err(serde::ser::Error::custom("not today")),
            5 => row.serialize_field("b", &CarelessList)?,
            _ => panic!("in the middle of a row"),
        }
        row.end()
    }
}

struct CarelessList;

impl Serialize for CarelessList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        list.serialize_element(&1)?;
        assert!(list.serialize_element("text").is_err());
        list.end()
    }
}

#[test]
fn careless_implementations_break_nothing() {
    let fields = || vec![Field::new("a", DataType::Int64, true), Field::new("b", list(DataType::Int64, true), true)];
    let mut columns = columns(fields());
    assert_eq!(refused(&mut columns, &Careless(0)), "column \"a\": stands twice in one row");
    assert!(refused(&mut columns, &Careless(1)).contains("the error was passed over"));
    assert!(refused(&mut columns, &Careless(2)).contains("the error was passed over"));
    assert_eq!(refused(&mut columns, &Careless(3)), "not today");
    assert!(refused(&mut columns, &Careless(4)).contains("without a value"));
    assert!(refused(&mut columns, &Careless(5)).starts_with("column \"b\": one of its elements was refused"));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| columns.push(&Careless(6))));
    assert!(panicked.is_err());
    columns.push(&BTreeMap::from([("a", 7)])).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| columns.push(&Careless(6))));
    assert!(panicked.is_err());
    let batch = sealed(&mut columns);
    assert_eq!(batch.num_rows(), 1);
    assert_eq!(read(batch.column(0), 0), Datum::Integer(7));
    assert_eq!(read(batch.column(1), 0), Datum::Null);
}
