//! Where records of a text end, byte by byte.
//!
//! A record of NDJSON is a line; one of CSV ends with the first line break outside quotes. Empty lines are no records.

/// What a byte meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Nothing special.
    Inside,
    /// A record began with it.
    Began,
    /// A record ended with it.
    Ended,
}

/// The state between two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cutter {
    format: CutFormat,
    in_record: bool,
    /// Of CSV: where in a field.
    field: Field,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CutFormat {
    Lines,
    Csv { delimiter: u8 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Start,
    Bare,
    Quoted,
    /// Behind a quote inside quotes: the end of the field, or the first half of a doubled quote.
    Quote,
}

impl Cutter {
    /// Records that are lines.
    pub fn lines() -> Self {
        Self { format: CutFormat::Lines, in_record: false, field: Field::Start }
    }

    /// Records of CSV.
    pub fn csv(delimiter: u8) -> Self {
        Self { format: CutFormat::Csv { delimiter }, in_record: false, field: Field::Start }
    }

    /// Takes the next byte in.
    pub fn take(&mut self, byte: u8) -> Cut {
        let breaks = matches!(byte, b'\n' | b'\r');
        if breaks && self.field != Field::Quoted {
            self.field = Field::Start;
            return if std::mem::take(&mut self.in_record) { Cut::Ended } else { Cut::Inside };
        }
        if let CutFormat::Csv { delimiter } = self.format {
            self.field = match self.field {
                Field::Quoted if byte == b'"' => Field::Quote,
                Field::Quoted => Field::Quoted,
                Field::Quote | Field::Start if byte == b'"' => Field::Quoted,
                _ if byte == delimiter => Field::Start,
                _ => Field::Bare,
            };
        } else if byte.is_ascii_whitespace() {
            return Cut::Inside;
        }
        if std::mem::replace(&mut self.in_record, true) { Cut::Inside } else { Cut::Began }
    }

    /// Whether a record has begun and not ended.
    pub fn is_in_record(&self) -> bool {
        self.in_record
    }

    /// Whether an open quote would swallow all that follows.
    pub fn is_quoted(&self) -> bool {
        self.field == Field::Quoted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(mut cutter: Cutter, text: &str) -> Vec<(usize, usize)> {
        let (mut begin, mut found) = (0, Vec::new());
        for (at, byte) in text.bytes().enumerate() {
            match cutter.take(byte) {
                Cut::Began => begin = at,
                Cut::Ended => found.push((begin, at)),
                Cut::Inside => {}
            }
        }
        found
    }

    #[test]
    fn line_breaks_in_quotes_belong_to_their_record() {
        let text = "a,b\n1,\"x\ny \"\"z\"\"\n\"\n\n2,c\r\n3,d\"e\n";
        let found: Vec<&str> = records(Cutter::csv(b','), text).iter().map(|(from, to)| &text[*from..*to]).collect();
        assert_eq!(found, ["a,b", "1,\"x\ny \"\"z\"\"\n\"", "2,c", "3,d\"e"]);
        let mut open = Cutter::csv(b';');
        "a;\"b\n".bytes().for_each(|byte| _ = open.take(byte));
        assert!(open.is_quoted() && open.is_in_record());
    }

    #[test]
    fn lines_are_records_unless_they_are_blank() {
        let text = " {\"a\": \"x\"}\n\n  \t\r\n{\"b\": 1}\n";
        assert_eq!(records(Cutter::lines(), text).len(), 2);
    }
}
