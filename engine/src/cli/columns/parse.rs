//! Column definitions into a schema.
//!
//! ```text
//! columns = column ("," column)*                     column = name type ["not" "null"]
//! type    = flat | "decimal" ["(" p ["," s] ")"] | "array" "<" inner ">" | "map" "<" inner "," inner ">"
//!         | "struct" "<" field ("," field)* ">"      field  = name [":"] type ["not" "null"]
//! inner   = type ["not" "null"]
//! ```
//!
//! Type names are Spark SQL's and this project's, in any case. Names with other characters than letters, digits and
//! underscores stand in backticks or double quotes.

use super::words::{Word, split};
use arrow::datatypes::{DataType, Field, Fields, Schema, TimeUnit};
use lakehead_protocol::limits::NESTING_MAX;
use std::sync::Arc;

/// Where a definition is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("character {at}: {reason}")]
pub struct ColumnsError {
    /// The character, from 1.
    pub at: usize,
    pub reason: String,
}

const TYPES: &str = "boolean, tinyint, smallint, int, bigint, float, double, decimal(p,s), date, timestamp, timestamp_ntz, \
                     string, binary, array<...>, map<...,...> or struct<name: type, ...>";

/// The schema of a table with these columns.
///
/// # Errors
/// The first thing that is wrong.
pub fn parse(text: &str) -> Result<Schema, ColumnsError> {
    let words = split(text).map_err(|(at, reason)| ColumnsError { at, reason })?;
    let mut parser = Parser { words, next: 0, depth: 0 };
    let mut columns: Vec<Field> = Vec::new();
    loop {
        let at = parser.at();
        let column = parser.named(Colon::None)?;
        if columns.iter().any(|other| other.name().to_lowercase() == column.name().to_lowercase()) {
            return Err(ColumnsError { at, reason: format!("there are two columns {:?}", column.name()) });
        }
        columns.push(column);
        match parser.take() {
            Word::Mark(',') => {}
            Word::End => return Ok(Schema::new(columns)),
            _ => return Err(parser.wrong("\",\" or \"not null\"")),
        }
    }
}

/// Whether a colon may stand between a name and its type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Colon {
    None,
    Allowed,
}

struct Parser {
    words: Vec<(usize, Word)>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn at(&self) -> usize {
        self.words.get(self.next).map_or(0, |(at, _)| *at)
    }

    fn peek(&self) -> &Word {
        self.words.get(self.next).map_or(&Word::End, |(_, word)| word)
    }

    fn take(&mut self) -> Word {
        let word = self.peek().clone();
        self.next += 1;
        word
    }

    /// The word that was taken last is not what was expected.
    fn wrong(&self, expected: &str) -> ColumnsError {
        let (at, word) = &self.words[self.next.saturating_sub(1).min(self.words.len() - 1)];
        ColumnsError { at: *at, reason: format!("expected {expected}, found {}", word.shown()) }
    }

    fn mark(&mut self, mark: char, expected: &str) -> Result<(), ColumnsError> {
        if self.take() == Word::Mark(mark) { Ok(()) } else { Err(self.wrong(expected)) }
    }

    fn named(&mut self, colon: Colon) -> Result<Field, ColumnsError> {
        let name = match self.take() {
            Word::Bare(name) | Word::Quoted(name) | Word::Number(name) if !name.is_empty() => name,
            _ => return Err(self.wrong("a column's name")),
        };
        if colon == Colon::Allowed && *self.peek() == Word::Mark(':') {
            self.next += 1;
        }
        self.inner(&name)
    }

    fn inner(&mut self, name: &str) -> Result<Field, ColumnsError> {
        let data_type = self.data_type()?;
        let mut nullable = true;
        if self.peek().is("not") {
            self.next += 1;
            if !self.take().is("null") {
                return Err(self.wrong("\"null\" after \"not\""));
            }
            nullable = false;
        } else if self.peek().is("null") {
            self.next += 1;
        }
        Ok(Field::new(name, data_type, nullable))
    }

    fn data_type(&mut self) -> Result<DataType, ColumnsError> {
        let Word::Bare(name) = self.take() else { return Err(self.wrong(&format!("a type: {TYPES}"))) };
        Ok(match name.to_lowercase().as_str() {
            "boolean" | "bool" => DataType::Boolean,
            "byte" | "tinyint" => DataType::Int8,
            "short" | "smallint" => DataType::Int16,
            "int" | "integer" => DataType::Int32,
            "long" | "bigint" => DataType::Int64,
            "float" | "real" => DataType::Float32,
            "double" => DataType::Float64,
            "date" => DataType::Date32,
            "timestamp" | "timestamp_ltz" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            "timestamp_ntz" => DataType::Timestamp(TimeUnit::Microsecond, None),
            "string" | "text" => DataType::Utf8,
            "binary" => DataType::Binary,
            "decimal" | "dec" | "numeric" => self.decimal()?,
            "array" => self.nested(|parser| Ok(DataType::List(Arc::new(parser.inner("element")?))))?,
            "map" => self.nested(Self::map)?,
            "struct" => self.nested(Self::fields)?,
            _ => return Err(self.wrong(&format!("a type: {TYPES}"))),
        })
    }

    fn decimal(&mut self) -> Result<DataType, ColumnsError> {
        let (mut precision, mut scale) = (10, 0);
        if *self.peek() == Word::Mark('(') {
            self.next += 1;
            precision = self.number(1, 38, "the decimal's digits, 1 to 38")?;
            match self.take() {
                Word::Mark(')') => {}
                Word::Mark(',') => {
                    let expected = format!("the digits behind the point, 0 to {precision}");
                    scale = self.number(0, precision, &expected)?;
                    self.mark(')', "\")\"")?;
                }
                _ => return Err(self.wrong("\",\" or \")\"")),
            }
        }
        let (p, s) = (precision, scale as i8);
        Ok(match precision {
            ..=9 => DataType::Decimal32(p, s),
            10..=18 => DataType::Decimal64(p, s),
            19.. => DataType::Decimal128(p, s),
        })
    }

    fn number(&mut self, least: u8, most: u8, expected: &str) -> Result<u8, ColumnsError> {
        let Word::Number(digits) = self.take() else { return Err(self.wrong(expected)) };
        let number = digits.parse().ok().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| self.wrong(expected))
    }

    fn nested(
        &mut self,
        content: impl FnOnce(&mut Self) -> Result<DataType, ColumnsError>,
    ) -> Result<DataType, ColumnsError> {
        // The column itself is the first level.
        self.depth += 1;
        if self.depth >= NESTING_MAX {
            return Err(self.wrong(&format!("a type that is not nested: there are {NESTING_MAX} levels at most")));
        }
        self.mark('<', "\"<\"")?;
        let data_type = content(self)?;
        self.mark('>', "\",\", \"not null\" or \">\"")?;
        self.depth -= 1;
        Ok(data_type)
    }

    fn map(&mut self) -> Result<DataType, ColumnsError> {
        // Keys are never NULL, whether that is said or not.
        let key = self.inner("key")?.with_nullable(false);
        self.mark(',', "\",\" and the type of the values")?;
        let entries = Fields::from(vec![key, self.inner("value")?]);
        Ok(DataType::Map(Arc::new(Field::new("key_value", DataType::Struct(entries), false)), false))
    }

    fn fields(&mut self) -> Result<DataType, ColumnsError> {
        let mut fields: Vec<Field> = Vec::new();
        loop {
            let at = self.at();
            let field = self.named(Colon::Allowed)?;
            if fields.iter().any(|other| other.name().to_lowercase() == field.name().to_lowercase()) {
                return Err(ColumnsError { at, reason: format!("the struct has two fields {:?}", field.name()) });
            }
            fields.push(field);
            if *self.peek() != Word::Mark(',') {
                return Ok(DataType::Struct(fields.into()));
            }
            self.next += 1;
        }
    }
}
