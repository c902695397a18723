//! What a table lacks of an announced schema.

use super::super::additions::{AdditionError, additions, union};
use super::super::layout::{Layout, LayoutError};
use super::generate::Generator;
use lakehead_protocol::schema::{DataType, Field, Schema};
use proptest::prelude::*;
use rand::Rng;

/// `id: long, points: array<struct<x: double>>`
fn table() -> Schema {
    Schema {
        columns: vec![0, 1],
        fields: vec![
            Field::flat("id", DataType::Long, false),
            Field { children: vec![2], ..Field::flat("points", DataType::Array, true) },
            Field { children: vec![3], ..Field::flat("element", DataType::Struct, true) },
            Field::flat("x", DataType::Double, false),
        ],
    }
}

#[test]
fn new_columns_are_found_at_every_level_and_may_be_null() {
    let announced = Schema {
        columns: vec![0, 1, 5],
        fields: vec![
            Field::flat("ID", DataType::Long, false),
            Field { children: vec![2], ..Field::flat("Points", DataType::Array, false) },
            Field { children: vec![3, 4], ..Field::flat("item", DataType::Struct, false) },
            Field::flat("x", DataType::Double, false),
            Field::flat("label", DataType::String, false),
            Field { children: vec![6, 7], ..Field::flat("counts", DataType::Map, false) },
            Field::flat("key", DataType::String, false),
            Field::flat("value", DataType::Integer, false),
        ],
    };
    let found = additions(&announced, &table()).unwrap();
    assert_eq!(found.iter().map(|addition| addition.path()).collect::<Vec<_>>(), ["points.element.label", "counts"]);
    assert_eq!(found[0].column, Schema::flat(vec![Field::flat("label", DataType::String, true)]));
    assert_eq!(found[1].column.fields.iter().map(|field| field.nullable).collect::<Vec<_>>(), [1, 0, 1]);
    assert_eq!(additions(&table(), &table()), Ok(vec![]));
}

#[test]
fn what_would_not_fit_with_new_columns_either_is_told() {
    let announced = Schema::flat(vec![Field::flat("new", DataType::Long, true)]);
    let missing = additions(&announced, &table()).unwrap_err();
    assert_eq!(missing, AdditionError::Layout(LayoutError::MissingColumn { column: "id".into() }));
    let announced =
        Schema::flat(vec![Field::flat("id", DataType::String, true), Field::flat("new", DataType::Long, true)]);
    assert!(matches!(additions(&announced, &table()), Err(AdditionError::Layout(LayoutError::Type { .. }))));
}

#[test]
fn rows_of_two_schemas_have_one_that_both_fit() {
    let narrow =
        Schema::flat(vec![Field::flat("ID", DataType::Short, false), Field::flat("note", DataType::String, false)]);
    for (one, other) in [(&narrow, &table()), (&table(), &narrow)] {
        let both = union(one, other).unwrap();
        let kinds: Vec<_> = both.top_level().map(|field| (field.name.to_lowercase(), field.data_type())).collect();
        assert!(kinds.contains(&("id".into(), Some(DataType::Long))), "{kinds:?}");
        assert!([one, other].iter().all(|schema| Layout::match_columns(schema, &both).is_ok()), "{both:?}");
    }
    let text = Schema::flat(vec![Field::flat("id", DataType::String, false)]);
    assert!(union(&text, &table()).is_err());
}

proptest! {
    #[test]
    fn a_table_that_lacks_columns_gets_those_that_are_announced(seed in any::<u64>()) {
        let mut generator = Generator::new(seed, 0.0);
        let announced = generator.table(5, 5);
        // The table has the first columns, maybe none of them.
        let mut table = Schema::flat(vec![Field::flat("own", DataType::Long, true)]);
        for column in &announced.columns[..generator.random().random_range(0..announced.columns.len())] {
            let mut fields = announced.fields[*column as usize..].to_vec();
            let moved = (table.fields.len() as u32).wrapping_sub(*column);
            fields.iter_mut().flat_map(|field| &mut field.children).for_each(|child| *child = child.wrapping_add(moved));
            let next = announced.columns.iter().find(|next| *next > column).map_or(announced.fields.len(), |next| *next as usize);
            fields.truncate(next - *column as usize);
            table.columns.push(table.fields.len() as u32);
            table.fields.extend(fields);
        }
        prop_assert_eq!(table.check(), Ok(()));
        let had = table.columns.len() - 1;
        let found = additions(&announced, &table).unwrap();
        prop_assert_eq!(found.len(), announced.columns.len() - had);
        prop_assert_eq!(Layout::match_columns(&announced, &table).is_ok(), found.is_empty());
    }
}
