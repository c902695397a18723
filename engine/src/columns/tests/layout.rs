//! Announced schemas against the table's.

use super::super::layout::{Layout, LayoutError, Place};
use super::super::type_name::type_name;
use lakehead_protocol::schema::{DataType, Field, Schema};

fn table() -> Schema {
    Schema::flat(vec![
        Field::flat("n", DataType::Long, true),
        Field::flat("s", DataType::String, true),
        Field::flat("b", DataType::Boolean, true),
        Field::decimal("d", 7, 2, true),
    ])
}

#[test]
fn a_schema_that_does_not_fit_is_told_where() {
    let table = table();
    let announce = |fields: Vec<Field>| Layout::match_columns(&Schema::flat(fields), &table).unwrap_err();
    let unknown = announce(vec![Field::flat("x", DataType::Long, true)]);
    assert!(unknown.to_string().contains("n, s, b, d"));
    let other = announce(vec![Field::flat("n", DataType::Date, true)]);
    assert_eq!(other, LayoutError::Type { column: "n".into(), announced: "date".into(), table: "long".into() });
    let digits = announce(vec![Field::decimal("d", 9, 2, true)]);
    assert!(digits.to_string().contains("decimal(9,2)"));
}

/// `points: array<struct<x: double, label: string>>, counts: map<string, long>`
fn nested() -> Schema {
    Schema {
        columns: vec![0, 1],
        fields: vec![
            Field { children: vec![2], ..Field::flat("points", DataType::Array, false) },
            Field { children: vec![3, 4], ..Field::flat("counts", DataType::Map, true) },
            Field { children: vec![5, 6], ..Field::flat("element", DataType::Struct, false) },
            Field::flat("key", DataType::String, false),
            Field::flat("value", DataType::Long, true),
            Field::flat("x", DataType::Double, false),
            Field::flat("label", DataType::String, true),
        ],
    }
}

/// The same in another order, case and place, with other names where names say nothing, all of it nullable.
fn announced() -> Schema {
    Schema {
        columns: vec![1, 0],
        fields: vec![
            Field { children: vec![4], ..Field::flat("POINTS", DataType::Array, true) },
            Field { children: vec![2, 3], ..Field::flat("Counts", DataType::Map, true) },
            Field::flat("k", DataType::String, false),
            Field::flat("v", DataType::Long, true),
            Field { children: vec![5, 6], ..Field::flat("item", DataType::Struct, true) },
            Field::flat("Label", DataType::String, true),
            Field::flat("X", DataType::Double, true),
        ],
    }
}

#[test]
fn nested_columns_are_matched_at_every_level() {
    let layout = Layout::match_columns(&announced(), &nested()).unwrap();
    let place = |index, children| Place { index, children, absent: vec![], widening: None };
    let flat = |index| place(index, vec![]);
    let point = place(0, vec![flat(1), flat(0)]);
    let expected = vec![place(1, vec![flat(0), flat(1)]), place(0, vec![point])];
    assert_eq!(layout.places, expected);
    let nullable: Vec<u8> = layout.schema.fields.iter().map(|field| field.nullable).collect();
    assert_eq!(nullable, [0, 1, 0, 1, 0, 1, 0]);
    assert_eq!((layout.schema.columns, &*layout.schema.fields[6].name), (vec![1, 0], "X"));
}

#[test]
fn a_nested_column_that_does_not_fit_is_told_by_its_path() {
    let refusal = |change: fn(&mut Schema)| {
        let mut announced = announced();
        change(&mut announced);
        Layout::match_columns(&announced, &nested()).unwrap_err()
    };
    let unknown = refusal(|schema| schema.fields[6].name = "y".into());
    let columns = "points.element.x, points.element.label".into();
    assert_eq!(unknown, LayoutError::UnknownColumn { column: "POINTS.item.y".into(), columns });
    let missing = refusal(|schema| {
        schema.fields[4].children.pop();
    });
    assert_eq!(missing, LayoutError::MissingColumn { column: "points.element.x".into() });
    let other = refusal(|schema| schema.fields[3].data_type = DataType::Date as u8);
    let (announced, table) = ("date".into(), "long".into());
    assert_eq!(other, LayoutError::Type { column: "Counts.v".into(), announced, table });
    let flat = refusal(|schema| schema.fields[0] = Field::flat("points", DataType::String, true));
    assert!(flat.to_string().contains("array<struct<x: double, label: string>>"), "{flat}");
}

#[test]
fn types_are_told_in_words() {
    let names = |schema: &Schema| schema.top_level().map(|field| type_name(schema, field)).collect::<Vec<_>>();
    assert_eq!(names(&nested()), ["array<struct<x: double, label: string>>", "map<string, long>"]);
    assert_eq!(names(&table()), ["long", "string", "boolean", "decimal(7,2)"]);
}
