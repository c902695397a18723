use super::*;
use crate::FrameBuffer;
use crate::archive;
use proptest::prelude::*;

fn flat_fields() -> impl Strategy<Value = Field> {
    ("[a-zA-Z_][a-zA-Z0-9_ ]{0,20}", 0..13usize, any::<bool>(), 1..=38u8, 0..=38u8).prop_map(
        |(name, data_type, nullable, precision, scale)| match DATA_TYPES[data_type] {
            DataType::Decimal => Field::decimal(name, precision, scale.min(precision), nullable),
            data_type => Field::flat(name, data_type, nullable),
        },
    )
}

/// A schema of flat columns with names of their own.
pub(crate) fn flat_schemas() -> impl Strategy<Value = Schema> {
    prop::collection::vec(flat_fields(), 1..12).prop_map(|mut fields| {
        for (index, field) in fields.iter_mut().enumerate() {
            field.name = format!("{index}{}", field.name);
        }
        Schema::flat(fields)
    })
}

proptest! {
    #[test]
    fn what_is_archived_reads_equal(schema in flat_schemas()) {
        prop_assert_eq!(schema.check(), Ok(()));
        let bytes = archive::append(FrameBuffer::new(), &schema).unwrap();
        let view = archive::access::<ArchivedSchema>(&bytes).unwrap();
        let back: Schema = rkyv::api::high::deserialize::<_, rkyv::rancor::Failure>(view).unwrap();
        prop_assert_eq!(back, schema);
    }

    #[test]
    fn a_damaged_archive_is_an_error_or_a_schema_that_can_be_judged(
        schema in flat_schemas(), damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)
    ) {
        let mut bytes = archive::append(FrameBuffer::new(), &schema).unwrap();
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(view) = archive::access::<ArchivedSchema>(&bytes) {
            let back: Schema = rkyv::api::high::deserialize::<_, rkyv::rancor::Failure>(view).unwrap();
            let _ = back.check();
        }
    }
}

fn nested() -> Schema {
    Schema {
        columns: vec![0, 1],
        fields: vec![
            Field::flat("id", DataType::Long, false),
            Field { children: vec![2], ..Field::flat("tags", DataType::Array, true) },
            Field { children: vec![3, 4], ..Field::flat("element", DataType::Struct, true) },
            Field::flat("key", DataType::String, false),
            Field::flat("value", DataType::Double, true),
        ],
    }
}

#[test]
fn nested_fields_are_a_tree_by_indices() {
    assert_eq!(nested().check(), Ok(()));
    let mut twice = nested();
    twice.columns.push(3);
    assert_eq!(twice.check(), Err(SchemaError::Tree { index: 3 }));
    let mut unreached = nested();
    unreached.fields.push(Field::flat("lost", DataType::Long, true));
    assert_eq!(unreached.check(), Err(SchemaError::Tree { index: 5 }));
    let mut cycle = nested();
    cycle.fields[2].children = vec![1, 4];
    assert_eq!(cycle.check(), Err(SchemaError::Tree { index: 1 }));
    let mut away = nested();
    away.columns[0] = 77;
    assert_eq!(away.check(), Err(SchemaError::Tree { index: 77 }));
}

#[test]
fn what_a_schema_may_not_be() {
    let one = |field: Field| Schema::flat(vec![field]).check();
    assert_eq!(Schema::default().check(), Err(SchemaError::Empty));
    assert!(matches!(one(Field::flat("", DataType::Long, true)), Err(SchemaError::NameLength { .. })));
    assert!(matches!(one(Field::flat("x".repeat(256), DataType::Long, true)), Err(SchemaError::NameLength { .. })));
    assert!(matches!(one(Field::decimal("d", 39, 0, true)), Err(SchemaError::Decimal { .. })));
    assert!(matches!(one(Field::decimal("d", 3, 4, true)), Err(SchemaError::Decimal { .. })));
    assert!(matches!(
        one(Field { data_type: 99, ..Field::flat("x", DataType::Long, true) }),
        Err(SchemaError::UnknownType { .. })
    ));
    assert!(matches!(
        one(Field { nullable: 2, ..Field::flat("x", DataType::Long, true) }),
        Err(SchemaError::Flags { .. })
    ));
    assert!(matches!(
        one(Field { precision: 2, ..Field::flat("x", DataType::Long, true) }),
        Err(SchemaError::Flags { .. })
    ));
    assert!(matches!(one(Field::flat("x", DataType::Array, true)), Err(SchemaError::Children { .. })));
    let same = Schema::flat(vec![Field::flat("Id", DataType::Long, true), Field::flat("iD", DataType::Long, true)]);
    assert!(matches!(same.check(), Err(SchemaError::DuplicateName { .. })));
}

#[test]
fn depth_is_bounded() {
    let deep = |levels: usize| {
        let mut fields: Vec<Field> = (0..levels)
            .map(|level| Field { children: vec![level as u32 + 1], ..Field::flat("a", DataType::Array, true) })
            .collect();
        fields.push(Field::flat("leaf", DataType::Long, true));
        Schema { columns: vec![0], fields }
    };
    assert_eq!(deep(NESTING_MAX - 1).check(), Ok(()));
    assert!(matches!(deep(NESTING_MAX).check(), Err(SchemaError::TooDeep { .. })));
}

#[test]
fn keys_are_never_null_and_paths_lead_from_the_column() {
    let mut schema = nested();
    assert_eq!((schema.path(0), schema.path(3)), ("id".to_owned(), "tags.element.key".to_owned()));
    schema.fields[2].data_type = DataType::Map as u8;
    assert_eq!(schema.check(), Ok(()));
    schema.fields[3].nullable = 1;
    assert_eq!(schema.check(), Err(SchemaError::NullableKey { name: "element".into() }));
}
