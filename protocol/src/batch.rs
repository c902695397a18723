//! Rows as columns: one archive type for all tables.
//!
//! A batch is a flat list of columns; the first ones are the schema's columns in their order, nested ones and dictionaries
//! follow and are named by index, each by exactly one other column. Types are not repeated here: the schema that the
//! frame's schema id names gives each buffer its meaning.
//!
//! | type | `values` | `offsets` | `children` |
//! |---|---|---|---|
//! | boolean | bitmap, least significant bit first | – | – |
//! | fixed width | `length` little-endian values | – | – |
//! | string, binary | bytes of all rows, end to end | `length + 1`, from 0 | – |
//! | struct | – | – | the fields |
//! | array | – | `length + 1` into the child | elements |
//! | map | – | `length + 1` into the children | keys, values |
//! | string or binary, dictionary-encoded | `length` keys, 4 bytes each | – | the dictionary |
//!
//! A dictionary is a plain column of its own length without NULLs; a key is the index of one of its entries. [`crate::batch_check`]
//! has all rules.

use rkyv::rancor::Fallible;
use rkyv::ser::{Allocator, Writer, WriterExt};
use rkyv::vec::{ArchivedVec, VecResolver};
use rkyv::{Archive, Deserialize, Place, Serialize};

/// `encoding` of a column whose buffers hold the values themselves.
pub const ENCODING_PLAIN: u8 = 0;
/// `encoding` of a string or binary column whose values are keys into its one child, the dictionary.
pub const ENCODING_DICTIONARY: u8 = 1;

/// Consecutive rows of one stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
#[rkyv(derive(Debug))]
pub struct Batch {
    pub columns: Vec<Column>,
}

/// The buffers of one column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
#[rkyv(derive(Debug))]
pub struct Column {
    /// [`ENCODING_PLAIN`] or [`ENCODING_DICTIONARY`].
    pub encoding: u8,
    /// Rows of this column; for top-level columns the rows of the batch.
    pub length: u32,
    /// A bit per row, least significant first, 1 where the row has a value; empty when every row has one.
    pub validity: Vec<u8>,
    /// Where each row's values begin and the last one ends, for types of variable length.
    pub offsets: Vec<u32>,
    /// The values, little-endian. A null row's value is present and arbitrary.
    pub values: Vec<u8>,
    /// Indices in [`Batch::columns`], each greater than this column's own.
    pub children: Vec<u32>,
}

/// Columns that are borrowed from somewhere: archives to the same bytes as the [`Batch`] of the same content, with one
/// copy of each buffer.
#[derive(Debug, Clone, Default)]
pub struct BatchView<'a> {
    pub columns: Vec<ColumnView<'a>>,
}

/// A borrowed [`Column`]; the fields mean the same.
#[derive(Debug, Clone, Copy, Default)]
pub struct ColumnView<'a> {
    pub encoding: u8,
    pub length: u32,
    pub validity: &'a [u8],
    pub offsets: &'a [u32],
    pub values: &'a [u8],
    pub children: &'a [u32],
}

impl Column {
    /// The column as a view of its own buffers.
    pub fn view(&self) -> ColumnView<'_> {
        ColumnView {
            encoding: self.encoding,
            length: self.length,
            validity: &self.validity,
            offsets: &self.offsets,
            values: &self.values,
            children: &self.children,
        }
    }
}

/// Positions of a [`BatchView`]'s columns in the archive.
pub struct BatchViewResolver(VecResolver);

impl Archive for BatchView<'_> {
    type Archived = ArchivedBatch;
    type Resolver = BatchViewResolver;

    fn resolve(&self, resolver: Self::Resolver, out: Place<Self::Archived>) {
        rkyv::munge::munge!(let ArchivedBatch { columns } = out);
        ArchivedVec::resolve_from_len(self.columns.len(), resolver.0, columns);
    }
}

impl<S: Fallible + Allocator + Writer + ?Sized> Serialize<S> for BatchView<'_> {
    fn serialize(&self, serializer: &mut S) -> Result<Self::Resolver, S::Error> {
        ArchivedVec::serialize_from_slice(&self.columns, serializer).map(BatchViewResolver)
    }
}

/// Positions of a [`ColumnView`]'s buffers in the archive.
pub struct ColumnViewResolver {
    validity: VecResolver,
    offsets: VecResolver,
    values: VecResolver,
    children: VecResolver,
}

impl Archive for ColumnView<'_> {
    type Archived = ArchivedColumn;
    type Resolver = ColumnViewResolver;

    fn resolve(&self, resolver: Self::Resolver, out: Place<Self::Archived>) {
        rkyv::munge::munge!(let ArchivedColumn { encoding, length, validity, offsets, values, children } = out);
        self.encoding.resolve((), encoding);
        self.length.resolve((), length);
        ArchivedVec::resolve_from_len(self.validity.len(), resolver.validity, validity);
        ArchivedVec::resolve_from_len(self.offsets.len(), resolver.offsets, offsets);
        ArchivedVec::resolve_from_len(self.values.len(), resolver.values, values);
        ArchivedVec::resolve_from_len(self.children.len(), resolver.children, children);
    }
}

impl<S: Fallible + Allocator + Writer + ?Sized> Serialize<S> for ColumnView<'_> {
    fn serialize(&self, serializer: &mut S) -> Result<Self::Resolver, S::Error> {
        let validity = ArchivedVec::serialize_from_slice(self.validity, serializer)?;
        let offsets = ArchivedVec::serialize_from_slice(self.offsets, serializer)?;
        // Aligned values let a reader view them as numbers; nobody may rely on it, an archive of bytes is valid anywhere.
        serializer.align(8)?;
        let values = ArchivedVec::serialize_from_slice(self.values, serializer)?;
        let children = ArchivedVec::serialize_from_slice(self.children, serializer)?;
        Ok(ColumnViewResolver { validity, offsets, values, children })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FrameBuffer;
    use crate::archive;
    use proptest::prelude::*;

    fn columns() -> impl Strategy<Value = Column> {
        let bytes = || prop::collection::vec(any::<u8>(), 0..40);
        let words = || prop::collection::vec(any::<u32>(), 0..10);
        (any::<u8>(), any::<u32>(), bytes(), words(), bytes(), words()).prop_map(
            |(encoding, length, validity, offsets, values, children)| Column {
                encoding,
                length,
                validity,
                offsets,
                values,
                children,
            },
        )
    }

    proptest! {
        #[test]
        fn a_view_archives_to_what_its_batch_reads(columns in prop::collection::vec(columns(), 0..6)) {
            let batch = Batch { columns };
            let view = BatchView { columns: batch.columns.iter().map(Column::view).collect() };
            for bytes in [archive::append(FrameBuffer::new(), &view), archive::append(FrameBuffer::new(), &batch)] {
                let bytes = bytes.unwrap();
                let read = archive::access::<ArchivedBatch>(&bytes).unwrap();
                let back: Batch = rkyv::api::high::deserialize::<_, rkyv::rancor::Failure>(read).unwrap();
                prop_assert_eq!(&back, &batch);
            }
        }
    }
}
