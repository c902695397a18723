//! The columns of a struct, and which of them a field's name means.
//!
//! Rows of a stream name their fields in the same order, mostly. So each column remembers which one came after it last, and
//! how that one was named: for the fields of a derived struct, whose names are `&'static str`, address and length of the name
//! say that it is the same (what is static never changes), and no byte of it is read.

use super::column::Column;
use super::refusal::Refusal;
use super::serializer::ColumnSerializer;
use super::written::Written;
use crate::error::Error;
use arrow::datatypes::Fields as ArrowFields;
use serde::Serialize;
use std::collections::HashMap;

pub(super) struct Fields {
    pub columns: Vec<Column>,
    places: HashMap<Box<str>, usize>,
    /// By the place of the column before, plus one; the first is that of the field a row begins with.
    successors: Vec<Successor>,
}

/// Which column came after another.
#[derive(Debug, Clone, Copy)]
struct Successor {
    place: usize,
    /// Of a static name that means this column; no name is at address 0.
    address: usize,
    length: usize,
}

impl Successor {
    fn unnamed(place: usize) -> Self {
        Self { place, address: 0, length: 0 }
    }
}

impl Fields {
    pub(super) fn new(fields: &ArrowFields) -> Result<Self, Error> {
        let columns: Result<Vec<_>, _> = fields.iter().map(Column::new).collect();
        let last = fields.len().saturating_sub(1);
        Ok(Self {
            columns: columns?,
            places: fields.iter().enumerate().map(|(place, field)| (field.name().as_str().into(), place)).collect(),
            successors: (0..=fields.len()).map(|place| Successor::unnamed(place.min(last))).collect(),
        })
    }

    #[inline(always)]
    fn place_of_static(&mut self, after: usize, name: &'static str) -> Result<usize, Refusal> {
        let guess = self.successors[after];
        if guess.address == name.as_ptr().addr() && guess.length == name.len() {
            return Ok(guess.place);
        }
        self.learn(after, name)
    }

    #[cold]
    fn learn(&mut self, after: usize, name: &'static str) -> Result<usize, Refusal> {
        let place = self.place_of(after, name)?;
        self.successors[after] = Successor { place, address: name.as_ptr().addr(), length: name.len() };
        Ok(place)
    }

    #[inline]
    pub(super) fn place_of(&mut self, after: usize, name: &str) -> Result<usize, Refusal> {
        let guess = self.successors[after].place;
        if self.columns.get(guess).is_some_and(|column| column.name() == name) {
            return Ok(guess);
        }
        self.search(after, name)
    }

    #[cold]
    fn search(&mut self, after: usize, name: &str) -> Result<usize, Refusal> {
        let place = *self.places.get(name).ok_or_else(|| self.unknown(name))?;
        self.successors[after] = Successor::unnamed(place);
        Ok(place)
    }

    #[cold]
    fn unknown(&self, name: &str) -> Refusal {
        let known: Vec<_> = self.columns.iter().map(Column::name).collect();
        Refusal::new(format!(
            "the field {name:?} is none of the columns {known:?}; rename it, leave it out (#[serde(skip)]), or add it to the table"
        ))
    }
}

/// One value of a struct column, or the row itself, while its fields come.
pub(crate) struct FieldsWriter<'a> {
    fields: &'a mut Fields,
    /// Finished values of the struct; a column below that has more got its field already.
    length: &'a mut usize,
    /// The place of the field before, plus one.
    after: usize,
    written: usize,
    /// A field was refused: the value stays unfinished, even if somebody passes over the error.
    broken: bool,
}

impl<'a> FieldsWriter<'a> {
    #[inline]
    pub(super) fn new(fields: &'a mut Fields, length: &'a mut usize) -> Self {
        Self { fields, length, after: 0, written: 0, broken: false }
    }

    #[inline]
    pub(super) fn write_static<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Refusal> {
        match self.fields.place_of_static(self.after, name) {
            Ok(place) => self.write_at(place, value),
            Err(refusal) => self.break_off(refusal),
        }
    }

    /// Where the field of that name goes.
    #[inline]
    pub(super) fn find(&mut self, name: &str) -> Result<usize, Refusal> {
        self.fields.place_of(self.after, name)
    }

    #[inline]
    pub(super) fn write_at<T: Serialize + ?Sized>(&mut self, place: usize, value: &T) -> Result<(), Refusal> {
        let column = &mut self.fields.columns[place];
        if column.length != *self.length {
            let refusal = Refusal::new("stands twice in one row").under(column.name());
            return self.break_off(refusal);
        }
        match value.serialize(ColumnSerializer::new(column)) {
            Ok(Written { .. }) => {
                self.after = place + 1;
                self.written += 1;
                Ok(())
            }
            Err(refusal) => {
                let refusal = refusal.under(column.name());
                self.break_off(refusal)
            }
        }
    }

    #[cold]
    pub(super) fn break_off(&mut self, refusal: Refusal) -> Result<(), Refusal> {
        self.broken = true;
        Err(refusal)
    }

    #[inline]
    pub(super) fn finish(mut self) -> Result<Written, Refusal> {
        if self.broken || self.written != self.fields.columns.len() {
            self.fill()?;
        }
        *self.length += 1;
        Ok(Written::one_value())
    }

    /// Finishes the value but for the field `name`, whose column is given back to be written.
    pub(super) fn finish_but(mut self, name: &str) -> Result<&'a mut Column, Refusal> {
        let place = self.find(name)?;
        let length = *self.length;
        for (_, other) in self.fields.columns.iter_mut().enumerate().filter(|(other, _)| *other != place) {
            let Written { .. } = other.push_missing()?;
        }
        *self.length = length + 1;
        Ok(&mut self.fields.columns[place])
    }

    /// NULLs for the fields that did not come.
    #[cold]
    fn fill(&mut self) -> Result<(), Refusal> {
        if self.broken {
            return Err(Refusal::new("one of its values was refused, and the error was passed over"));
        }
        for column in &mut self.fields.columns {
            if column.length == *self.length {
                let Written { .. } = column.push_missing()?;
            }
        }
        Ok(())
    }
}
