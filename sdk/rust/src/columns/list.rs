//! Arrays and maps without what they hide: elements of NULL rows, and elements outside a slice.

use arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::take;
use arrow::datatypes::DataType as ArrowType;
use arrow::error::ArrowError;

/// Where rows begin and end in children that hold nothing else.
pub(super) struct Dense {
    /// From zero to the children's length.
    pub offsets: OffsetBuffer<i32>,
    pub children: Vec<ArrayRef>,
}

impl Dense {
    /// Rows by `offsets` into `children`; those that `nulls` makes NULL lose their elements.
    ///
    /// # Errors
    /// Never for offsets within the children.
    pub(super) fn new(
        offsets: &OffsetBuffer<i32>,
        nulls: Option<&NullBuffer>,
        children: &[ArrayRef],
    ) -> Result<Self, ArrowError> {
        let rows = offsets.len() - 1;
        let hides = |nulls: &NullBuffer| (0..rows).any(|row| nulls.is_null(row) && offsets[row] != offsets[row + 1]);
        match nulls.filter(|nulls| nulls.null_count() > 0 && hides(nulls)) {
            None => {
                let (first, last) = (offsets[0], offsets[rows]);
                let (from, elements) = (first.unsigned_abs() as usize, (last - first).unsigned_abs() as usize);
                let offsets = if first == 0 { offsets.clone() } else { offsets.clone().subtract(first) };
                Ok(Self { offsets, children: children.iter().map(|child| child.slice(from, elements)).collect() })
            }
            Some(nulls) => {
                let visible = || (0..rows).filter(|row| nulls.is_valid(*row));
                let elements: UInt32Array =
                    visible().flat_map(|row| offsets[row].unsigned_abs()..offsets[row + 1].unsigned_abs()).collect();
                let lengths = (0..rows).map(|row| {
                    if nulls.is_valid(row) { (offsets[row + 1] - offsets[row]).unsigned_abs() as usize } else { 0 }
                });
                let children: Result<_, _> = children.iter().map(|child| take(child, &elements, None)).collect();
                Ok(Self { offsets: OffsetBuffer::from_lengths(lengths), children: children? })
            }
        }
    }

    /// The row in which an element lies.
    pub(super) fn row_of(&self, element: usize) -> usize {
        self.offsets.partition_point(|offset| offset.unsigned_abs() as usize <= element).saturating_sub(1)
    }
}

/// A list of any layout as one with 32-bit offsets; `None` for what is no list.
///
/// # Errors
/// More elements than 32 bits count.
pub(super) fn as_list(array: &ArrayRef) -> Option<Result<ListArray, ArrowError>> {
    let element = match array.data_type() {
        ArrowType::List(element)
        | ArrowType::LargeList(element)
        | ArrowType::ListView(element)
        | ArrowType::LargeListView(element)
        | ArrowType::FixedSizeList(element, _) => element.clone(),
        _ => return None,
    };
    let cast = super::cast::cast(array, &ArrowType::List(element));
    Some(cast.map(|list| list.as_list::<i32>().clone()))
}
