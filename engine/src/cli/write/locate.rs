//! Where in a CSV file a record stands, for people who open it in an editor.

use std::io::{self, Read};

/// The line, from 1, on which record `record` begins; records count from 0 and the header is the first.
///
/// Line breaks inside quotes belong to their record; empty lines are none.
///
/// # Errors
/// What reading the file gives.
pub fn line_of_record(file: impl Read, record: u64) -> io::Result<u64> {
    let mut scan = Scan { line: 1, record: 0, record_line: 1, in_record: false, quoted: false };
    each_byte(file, |byte| scan.take(byte) && scan.record > record)?;
    Ok(scan.record_line)
}

/// How many records a CSV file has, the header included.
///
/// # Errors
/// What reading the file gives.
pub fn count_records(file: impl Read) -> io::Result<u64> {
    let mut scan = Scan { line: 1, record: 0, record_line: 1, in_record: false, quoted: false };
    each_byte(file, |byte| {
        scan.take(byte);
        false
    })?;
    Ok(scan.record)
}

struct Scan {
    line: u64,
    /// Records that have begun.
    record: u64,
    record_line: u64,
    in_record: bool,
    quoted: bool,
}

impl Scan {
    /// Takes a byte in; true when it began a record.
    fn take(&mut self, byte: u8) -> bool {
        let mut began = false;
        match byte {
            b'\n' | b'\r' if !self.quoted => self.in_record = false,
            _ if !self.in_record => {
                (self.in_record, self.record_line) = (true, self.line);
                self.record += 1;
                self.quoted = byte == b'"';
                began = true;
            }
            // A doubled quote inside quotes leaves and enters again.
            b'"' => self.quoted = !self.quoted,
            _ => {}
        }
        if byte == b'\n' {
            self.line += 1;
        }
        began
    }
}

fn each_byte(mut file: impl Read, mut stop: impl FnMut(u8) -> bool) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let bytes = file.read(&mut buffer)?;
        if bytes == 0 || buffer[..bytes].iter().any(|byte| stop(*byte)) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_in_quotes_belong_to_their_record() {
        let text = "a,b\n1,\"x\ny \"\"z\"\"\n\"\n\n2,c\r\n3,d";
        let lines: Vec<u64> = (0..4).map(|record| line_of_record(text.as_bytes(), record).unwrap()).collect();
        assert_eq!(lines, [1, 2, 6, 7]);
        assert_eq!(count_records(text.as_bytes()).unwrap(), 4);
        assert_eq!(count_records(&b""[..]).unwrap(), 0);
        assert_eq!(count_records(&b"a\n"[..]).unwrap(), 1);
    }
}
