//! The header in front of a page, in Thrift's compact protocol. (The Parquet crate keeps its own to itself; the tests hold
//! these to be the very same bytes.)

use super::varint;
use parquet::basic::Encoding;

/// Kinds of fields.
const INTEGER: u8 = 5;
const STRUCT: u8 = 12;
const FALSE: u8 = 2;
const END: u8 = 0;

const DATA_PAGE: i64 = 0;
const DICTIONARY_PAGE: i64 = 2;

/// Sizes of a page's body and how many values are in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageSize {
    pub(super) raw: i32,
    pub(super) stored: i32,
    pub(super) values: i32,
}

/// Appends the header of a data page (version 1) with levels as runs.
pub(super) fn put_data_page(size: PageSize, encoding: Encoding, out: &mut Vec<u8>) {
    put_sizes(DATA_PAGE, size, out);
    put_field(2, STRUCT, out);
    put_integer(size.values.into(), out);
    for encoding in [encoding, Encoding::RLE, Encoding::RLE] {
        put_integer(encoding as i64, out);
    }
    out.extend([END, END]);
}

/// Appends the header of a page of plain values in no order.
pub(super) fn put_dictionary_page(size: PageSize, out: &mut Vec<u8>) {
    put_sizes(DICTIONARY_PAGE, size, out);
    put_field(4, STRUCT, out);
    put_integer(size.values.into(), out);
    put_integer(Encoding::PLAIN as i64, out);
    put_field(1, FALSE, out);
    out.extend([END, END]);
}

fn put_sizes(kind: i64, size: PageSize, out: &mut Vec<u8>) {
    put_integer(kind, out);
    put_integer(size.raw.into(), out);
    put_integer(size.stored.into(), out);
}

/// A field whose number is `step` more than that of the one before.
fn put_field(step: u8, kind: u8, out: &mut Vec<u8>) {
    out.push(step << 4 | kind);
}

fn put_integer(value: i64, out: &mut Vec<u8>) {
    put_field(1, INTEGER, out);
    varint::put_zigzag(value, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use parquet::column::page::{CompressedPage, Page, PageWriter};
    use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
    use proptest::prelude::*;

    fn crates_own(page: Page, raw: usize) -> Vec<u8> {
        let mut out = TrackedWrite::new(Vec::new());
        SerializedPageWriter::new(&mut out).write_page(CompressedPage::new(page, raw)).unwrap();
        out.into_inner().unwrap()
    }

    proptest! {
        #[test]
        fn headers_are_the_bytes_that_the_parquet_crate_writes(raw in 0usize..1 << 31, stored in 0usize..40_000, values in 0i32..) {
            let size = PageSize { raw: raw as i32, stored: stored as i32, values };
            let buf = Bytes::from(vec![0; stored]);
            for encoding in [Encoding::PLAIN, Encoding::RLE_DICTIONARY, Encoding::DELTA_BINARY_PACKED] {
                let mut out = Vec::new();
                put_data_page(size, encoding, &mut out);
                out.resize(out.len() + stored, 0);
                let page = Page::DataPage {
                    buf: buf.clone(),
                    num_values: values as u32,
                    encoding,
                    def_level_encoding: Encoding::RLE,
                    rep_level_encoding: Encoding::RLE,
                    statistics: None,
                };
                prop_assert_eq!(&out, &crates_own(page, raw));
            }
            let mut out = Vec::new();
            put_dictionary_page(size, &mut out);
            out.resize(out.len() + stored, 0);
            let page =
                Page::DictionaryPage { buf, num_values: values as u32, encoding: Encoding::PLAIN, is_sorted: false };
            prop_assert_eq!(&out, &crates_own(page, raw));
        }
    }
}
