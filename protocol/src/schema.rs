//! Columns of a table as they are announced on the wire.
//!
//! A schema is a flat list of fields; nested types name their children by index, always greater than their own, so that no
//! archive type is recursive and depth can be judged in one pass. The table's columns are the fields that `columns` names,
//! in order.

use crate::limits::{COLUMN_NAME_BYTES_MAX, COLUMNS_MAX, DECIMAL_PRECISION_MAX, NESTING_MAX};
use rkyv::{Archive, Deserialize, Serialize};

/// A column's type. The number is on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum DataType {
    /// One bit a row, least significant first.
    Boolean = 1,
    /// Signed, 1 byte.
    Byte = 2,
    /// Signed, 2 bytes.
    Short = 3,
    /// Signed, 4 bytes.
    Integer = 4,
    /// Signed, 8 bytes.
    Long = 5,
    /// IEEE 754, 4 bytes.
    Float = 6,
    /// IEEE 754, 8 bytes.
    Double = 7,
    /// Unscaled signed integer: 4 bytes to 9 digits, 8 to 18, 16 to 38.
    Decimal = 8,
    /// Days since 1970-01-01, 4 bytes signed.
    Date = 9,
    /// Microseconds since 1970-01-01T00:00Z, 8 bytes signed.
    Timestamp = 10,
    /// Microseconds since 1970-01-01T00:00 of a clock without zone, 8 bytes signed.
    TimestampNtz = 11,
    /// UTF-8, by offsets.
    String = 12,
    /// Bytes, by offsets.
    Binary = 13,
    /// Children are the fields.
    Struct = 14,
    /// One child: the elements.
    Array = 15,
    /// Two children: keys (never null) and values.
    Map = 16,
}

/// Every type there is.
pub const DATA_TYPES: [DataType; 16] = [
    DataType::Boolean,
    DataType::Byte,
    DataType::Short,
    DataType::Integer,
    DataType::Long,
    DataType::Float,
    DataType::Double,
    DataType::Decimal,
    DataType::Date,
    DataType::Timestamp,
    DataType::TimestampNtz,
    DataType::String,
    DataType::Binary,
    DataType::Struct,
    DataType::Array,
    DataType::Map,
];

impl DataType {
    /// The type with this number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        DATA_TYPES.into_iter().find(|data_type| *data_type as u8 == number)
    }

    /// How many children a field of this type has; `None` when any number from one up.
    pub fn children(self) -> Option<usize> {
        match self {
            Self::Struct => None,
            Self::Array => Some(1),
            Self::Map => Some(2),
            _ => Some(0),
        }
    }
}

/// One field of a [`Schema`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Archive, Serialize, Deserialize)]
pub struct Field {
    pub name: String,
    /// A [`DataType`]'s number.
    pub data_type: u8,
    /// 1 when rows may have NULL here, otherwise 0.
    pub nullable: u8,
    /// Digits of a decimal, otherwise 0.
    pub precision: u8,
    /// Digits behind the point of a decimal, otherwise 0.
    pub scale: u8,
    /// Indices of the children in [`Schema::fields`], each greater than this field's own.
    pub children: Vec<u32>,
}

impl Field {
    /// A field without children.
    pub fn flat(name: impl Into<String>, data_type: DataType, nullable: bool) -> Self {
        Self {
            name: name.into(),
            data_type: data_type as u8,
            nullable: nullable.into(),
            precision: 0,
            scale: 0,
            children: Vec::new(),
        }
    }

    /// A decimal field.
    pub fn decimal(name: impl Into<String>, precision: u8, scale: u8, nullable: bool) -> Self {
        Self { precision, scale, ..Self::flat(name, DataType::Decimal, nullable) }
    }

    /// The type, if its number is one.
    pub fn data_type(&self) -> Option<DataType> {
        DataType::from_number(self.data_type)
    }

    /// Bytes of one value, for types of fixed width; `None` for booleans (bits), text, bytes and nested types.
    pub fn value_bytes(&self) -> Option<usize> {
        value_bytes(self.data_type()?, self.precision)
    }
}

/// Bytes of one value of a fixed-width type; `None` for booleans (bits), strings, binaries and nested types.
pub fn value_bytes(data_type: DataType, precision: u8) -> Option<usize> {
    match data_type {
        DataType::Byte => Some(1),
        DataType::Short => Some(2),
        DataType::Integer | DataType::Float | DataType::Date => Some(4),
        DataType::Long | DataType::Double | DataType::Timestamp | DataType::TimestampNtz => Some(8),
        DataType::Decimal if precision <= 9 => Some(4),
        DataType::Decimal if precision <= 18 => Some(8),
        DataType::Decimal => Some(16),
        DataType::Boolean
        | DataType::String
        | DataType::Binary
        | DataType::Struct
        | DataType::Array
        | DataType::Map => None,
    }
}

/// The columns that batches with this schema's id hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Archive, Serialize, Deserialize)]
pub struct Schema {
    /// Indices in `fields` of the table's columns, in order.
    pub columns: Vec<u32>,
    pub fields: Vec<Field>,
}

/// Why a schema is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    #[error("a schema needs at least one column")]
    Empty,
    #[error("{found} fields are more than the {COLUMNS_MAX} that a table may have here")]
    TooManyFields { found: usize },
    #[error("field {index} has a name of {bytes} bytes; names have 1 to {COLUMN_NAME_BYTES_MAX}")]
    NameLength { index: usize, bytes: usize },
    #[error("the name {name:?} stands twice among its siblings (names differ by more than upper and lower case)")]
    DuplicateName { name: String },
    #[error("field {name:?} has type number {found}, which is none")]
    UnknownType { name: String, found: u8 },
    #[error("field {name:?} has decimal({precision},{scale}); precision is 1 to 38 and scale no more than precision")]
    Decimal { name: String, precision: u8, scale: u8 },
    #[error("field {name:?} has a flag, precision or scale that its type does not have")]
    Flags { name: String },
    #[error("field {name:?} has {found} children, which its type does not allow")]
    Children { name: String, found: usize },
    #[error("field {index} is named as a child or column by none or by several, or before its parent")]
    Tree { index: usize },
    #[error("map {name:?} has keys that may be NULL; keys of maps never are")]
    NullableKey { name: String },
    #[error("field {name:?} is nested deeper than {NESTING_MAX}")]
    TooDeep { name: String },
}

impl Schema {
    /// A schema of flat columns.
    pub fn flat(fields: Vec<Field>) -> Self {
        Self { columns: (0..fields.len() as u32).collect(), fields }
    }

    /// The table's columns, in order. Indices that lead nowhere are passed over; [`Schema::check`] refuses them.
    pub fn top_level(&self) -> impl Iterator<Item = &Field> {
        self.columns.iter().filter_map(|index| self.fields.get(*index as usize))
    }

    /// Where a field stands, for people: the names from its column down to it, with dots between.
    pub fn path(&self, index: usize) -> String {
        let mut names = Vec::new();
        let mut at = Some(index);
        // Parents stand before their children, so this ends.
        while let Some(field) = at.and_then(|at| self.fields.get(at)) {
            names.push(field.name.as_str());
            let below = at.unwrap_or(0);
            at = self.fields[..below].iter().rposition(|field| field.children.contains(&(below as u32)));
        }
        names.reverse();
        names.join(".")
    }

    /// Judges a schema that came from a peer.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn check(&self) -> Result<(), SchemaError> {
        if self.columns.is_empty() {
            return Err(SchemaError::Empty);
        }
        if self.fields.len() > COLUMNS_MAX {
            return Err(SchemaError::TooManyFields { found: self.fields.len() });
        }
        // Depth 0: not reached yet. Parents stand before children, so one pass settles every depth.
        let mut depths = vec![0usize; self.fields.len()];
        self.adopt(&self.columns, None, 1, &mut depths)?;
        for (index, field) in self.fields.iter().enumerate() {
            let depth = depths[index];
            if depth == 0 {
                return Err(SchemaError::Tree { index });
            }
            self.check_field(index, field, depth)?;
            self.adopt(&field.children, Some(index), depth + 1, &mut depths)?;
        }
        Ok(())
    }

    fn check_field(&self, index: usize, field: &Field, depth: usize) -> Result<(), SchemaError> {
        let name = || field.name.clone();
        if field.name.is_empty() || field.name.len() > COLUMN_NAME_BYTES_MAX {
            return Err(SchemaError::NameLength { index, bytes: field.name.len() });
        }
        let data_type =
            field.data_type().ok_or_else(|| SchemaError::UnknownType { name: name(), found: field.data_type })?;
        if data_type == DataType::Decimal {
            if !(1..=DECIMAL_PRECISION_MAX).contains(&field.precision) || field.scale > field.precision {
                return Err(SchemaError::Decimal { name: name(), precision: field.precision, scale: field.scale });
            }
        } else if field.precision != 0 || field.scale != 0 {
            return Err(SchemaError::Flags { name: name() });
        }
        if field.nullable > 1 {
            return Err(SchemaError::Flags { name: name() });
        }
        let found = field.children.len();
        if data_type.children().map_or(found == 0, |expected| expected != found) {
            return Err(SchemaError::Children { name: name(), found });
        }
        if depth > NESTING_MAX {
            return Err(SchemaError::TooDeep { name: name() });
        }
        let key = field.children.first().and_then(|key| self.fields.get(*key as usize));
        if data_type == DataType::Map && key.is_some_and(|key| key.nullable == 1) {
            return Err(SchemaError::NullableKey { name: name() });
        }
        Ok(())
    }

    /// Gives each of `children` its depth; refuses one that is out of range, precedes its parent or has one already.
    fn adopt(
        &self,
        children: &[u32],
        parent: Option<usize>,
        depth: usize,
        depths: &mut [usize],
    ) -> Result<(), SchemaError> {
        let mut names = std::collections::HashSet::with_capacity(children.len());
        for &child in children {
            let index = child as usize;
            let field = self.fields.get(index).ok_or(SchemaError::Tree { index })?;
            if parent.is_some_and(|parent| index <= parent) || depths[index] != 0 {
                return Err(SchemaError::Tree { index });
            }
            depths[index] = depth;
            if !names.insert(field.name.to_lowercase()) {
                return Err(SchemaError::DuplicateName { name: field.name.clone() });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
