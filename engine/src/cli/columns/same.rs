//! Whether columns are the same.

use super::print::{column, type_name};
use arrow::datatypes::{Field, Schema};

/// What distinguishes the columns that are wanted from those that are there, if anything.
///
/// Order, names (but for their case), types and NULLs have to agree. Names of array elements and map entries mean nothing.
pub fn difference(wanted: &Schema, there: &Schema) -> Option<String> {
    // The names of elements and entries are not printed.
    let same = |a: &Field, b: &Field| {
        a.name().to_lowercase() == b.name().to_lowercase()
            && a.is_nullable() == b.is_nullable()
            && type_name(a.data_type()).to_lowercase() == type_name(b.data_type()).to_lowercase()
    };
    for (wanted, there) in wanted.fields().iter().zip(there.fields()) {
        if !same(wanted, there) {
            return Some(format!(
                "the table has the column \"{}\" where \"{}\" is wanted",
                column(there),
                column(wanted)
            ));
        }
    }
    let extra =
        |longer: &Schema, shorter: &Schema| longer.fields().get(shorter.fields().len()).map(|field| column(field));
    if let Some(missing) = extra(wanted, there) {
        return Some(format!("the table lacks the column \"{missing}\""));
    }
    extra(there, wanted).map(|more| format!("the table has the column \"{more}\" besides"))
}
