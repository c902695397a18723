//! Which leaves of a table's files get least and greatest values.

use arrow::datatypes::{DataType, Fields};
use std::sync::Arc;

/// A column by its names in files, from the outermost struct in.
pub type ColumnPath = Vec<Arc<str>>;

/// The columns that a table wants least and greatest values of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WantedStatistics {
    pub bounded: Vec<ColumnPath>,
    /// Those that must never be without: the table is clustered by them.
    pub clustering: Vec<ColumnPath>,
}

/// What statistics tell of a leaf besides its nulls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    Nothing,
    Bounds,
    /// The table library wants a value even where none holds.
    Always,
}

/// Leaves with least and greatest values where nobody says which: what Delta writers do by default.
const BOUNDED_LEAVES_MAX: usize = 32;

/// What is told of each leaf when nobody says.
pub(super) fn first_leaves(leaves: usize) -> Arc<[Telling]> {
    (0..leaves).map(|leaf| if leaf < BOUNDED_LEAVES_MAX { Telling::Bounds } else { Telling::Nothing }).collect()
}

/// What is told of each leaf of these columns.
pub(super) fn wanted_leaves(columns: &Fields, wanted: &WantedStatistics) -> Arc<[Telling]> {
    let mut found = Vec::new();
    walk(columns, &mut Vec::new(), wanted, &mut found);
    found.into()
}

fn walk(fields: &Fields, path: &mut ColumnPath, wanted: &WantedStatistics, found: &mut Vec<Telling>) {
    for field in fields {
        path.push(field.name().as_str().into());
        match field.data_type() {
            DataType::Struct(below) => walk(below, path, wanted, found),
            nested @ (DataType::List(_) | DataType::Map(..)) => {
                found.extend(std::iter::repeat_n(Telling::Nothing, super::told::leaves(nested)));
            }
            _ if wanted.clustering.contains(path) => found.push(Telling::Always),
            _ if wanted.bounded.contains(path) => found.push(Telling::Bounds),
            _ => found.push(Telling::Nothing),
        }
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::Field;

    #[test]
    fn leaves_are_told_of_as_the_table_wants() {
        let long = |name: &str| Field::new(name, DataType::Int64, true);
        let columns = Fields::from(vec![
            long("a"),
            Field::new("s", DataType::Struct(vec![long("a"), long("b")].into()), true),
            Field::new("l", DataType::List(Arc::new(long("element"))), true),
            long("z"),
        ]);
        let path = |names: &[&str]| names.iter().map(|name| (*name).into()).collect::<ColumnPath>();
        let wanted =
            WantedStatistics { bounded: vec![path(&["a"]), path(&["z"])], clustering: vec![path(&["s", "b"])] };
        let expected = [Telling::Bounds, Telling::Nothing, Telling::Always, Telling::Nothing, Telling::Bounds];
        assert_eq!(*wanted_leaves(&columns, &wanted), expected);
    }
}
