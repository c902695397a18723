//! Columns that a stream sends and its table does not have.
//!
//! They are nullable, with everything in them but the keys of maps: rows that are there have no value for them, and neither do
//! those of streams that do not send them.

use super::layout::{Layout, LayoutError};
use lakehead_protocol::schema::{DataType, Field, Schema, SchemaError};

/// A column, or a field of a struct at any depth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// The table's names from the column down to the struct that gets the field; empty for a column. Elements of arrays are
    /// "element", keys and values of maps "key" and "value".
    pub parent: Vec<String>,
    /// The new column alone.
    pub column: Schema,
}

impl Addition {
    /// Its name, with those above it.
    pub fn path(&self) -> String {
        let own = self.column.top_level().map(|field| field.name.as_str());
        self.parent.iter().map(String::as_str).chain(own).collect::<Vec<_>>().join(".")
    }
}

/// Why a table cannot get what a stream sends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdditionError {
    #[error(transparent)]
    Layout(#[from] LayoutError),
    #[error("with the stream's new columns the table would have no schema: {0}")]
    Schema(#[from] SchemaError),
}

/// What `table` lacks of an announced schema, which fits the table once it has that.
///
/// # Errors
/// When it would not.
pub fn additions(announced: &Schema, table: &Schema) -> Result<Vec<Addition>, AdditionError> {
    Search::of(announced, table.clone()).map(|search| search.found)
}

/// A schema that rows of either fit, all of it nullable but keys of maps.
///
/// # Errors
/// When there is none whose types one of them has.
pub fn union(one: &Schema, other: &Schema) -> Result<Schema, AdditionError> {
    let joined = |announced: &Schema, table: &Schema| {
        let mut base = Schema::default();
        base.columns = table.columns.iter().map(|column| copy(table, *column, &mut base)).collect();
        Search::of(announced, base).map(|search| search.evolved)
    };
    joined(other, one).or_else(|_| joined(one, other))
}

struct Search<'a> {
    announced: &'a Schema,
    /// The table with what was found.
    evolved: Schema,
    path: Vec<String>,
    found: Vec<Addition>,
}

impl<'a> Search<'a> {
    fn of(announced: &'a Schema, table: Schema) -> Result<Self, AdditionError> {
        let mut search = Self { announced, evolved: table, path: Vec::new(), found: Vec::new() };
        search.siblings(&announced.columns, None);
        search.evolved.check()?;
        Layout::match_columns(announced, &search.evolved)?;
        Ok(search)
    }

    /// Looks for siblings among the children of the table's field `parent`, or among its columns.
    fn siblings(&mut self, announced: &[u32], parent: Option<usize>) {
        for &index in announced {
            let name = self.announced.fields[index as usize].name.to_lowercase();
            let known = self.children(parent).iter().copied();
            let known =
                known.map(|known| known as usize).find(|known| self.evolved.fields[*known].name.to_lowercase() == name);
            match known {
                Some(known) => self.below(index as usize, known),
                None => self.add(index, parent),
            }
        }
    }

    /// Looks below a column that both have, if both have it of one kind.
    fn below(&mut self, announced: usize, known: usize) {
        let (field, column) = (&self.announced.fields[announced], &self.evolved.fields[known]);
        if field.data_type != column.data_type || field.children.is_empty() {
            return;
        }
        self.path.push(column.name.clone());
        if field.data_type() == Some(DataType::Struct) {
            self.siblings(&field.children, Some(known));
        } else {
            for (child, below) in field.children.iter().zip(column.children.clone()) {
                self.below(*child as usize, below as usize);
            }
        }
        self.path.pop();
    }

    fn add(&mut self, announced: u32, parent: Option<usize>) {
        let mut column = Schema::default();
        let place = copy(self.announced, announced, &mut column);
        column.columns.push(place);
        let index = copy(&column, place, &mut self.evolved);
        match parent {
            Some(parent) => self.evolved.fields[parent].children.push(index),
            None => self.evolved.columns.push(index),
        }
        self.found.push(Addition { parent: self.path.clone(), column });
    }

    fn children(&self, parent: Option<usize>) -> &[u32] {
        parent.map_or(&self.evolved.columns, |parent| &self.evolved.fields[parent].children)
    }
}

/// Copies a field and what is below it behind `to`'s fields, nullable but for keys; gives its index there.
fn copy(from: &Schema, index: u32, to: &mut Schema) -> u32 {
    let field = &from.fields[index as usize];
    let place = to.fields.len();
    to.fields.push(Field { nullable: 1, children: Vec::new(), ..field.clone() });
    let children: Vec<u32> = field.children.iter().map(|child| copy(from, *child, to)).collect();
    if let (Some(DataType::Map), Some(key)) = (field.data_type(), children.first()) {
        to.fields[*key as usize].nullable = 0;
    }
    to.fields[place].children = children;
    place as u32
}
