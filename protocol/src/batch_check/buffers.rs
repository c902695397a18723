//! What single buffers have to be. Each of these is one pass without branches over a good buffer.

use crate::batch::ArchivedColumn;
use crate::schema::Field;
use rkyv::rend::u32_le;

/// The first row whose offsets are wrong; `None` when they start at 0, never fall and end at `end`.
pub(super) fn first_bad_offset(offsets: &[u32_le], end: usize) -> Option<usize> {
    let starts_at_zero = offsets.first().is_some_and(|first| *first == 0);
    let ends_with_values = offsets.last().is_some_and(|last| last.to_native() as usize == end);
    // No early exit: the loop is vectorised, and a bad batch is rare.
    let backward = offsets.windows(2).fold(false, |bad, pair| bad | (pair[0].to_native() > pair[1].to_native()));
    if starts_at_zero && ends_with_values && !backward {
        return None;
    }
    Some(offsets.windows(2).position(|pair| pair[0].to_native() > pair[1].to_native()).unwrap_or(0))
}

/// One check of the whole buffer; then each string is UTF-8 exactly when none starts inside a character.
pub(super) fn is_utf8(column: &ArchivedColumn) -> bool {
    let values: &[u8] = &column.values;
    if values.is_ascii() {
        return true;
    }
    let inside =
        |offset: &u32_le| values.get(offset.to_native() as usize).is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000);
    simdutf8::basic::from_utf8(values).is_ok() && !column.offsets.iter().any(inside)
}

/// The rows of a plain column of texts that are not UTF-8, NULL ones included.
pub(super) fn rows_not_utf8(column: &ArchivedColumn) -> impl Iterator<Item = usize> {
    let text = |pair: &[u32_le]| column.values.get(pair[0].to_native() as usize..pair[1].to_native() as usize);
    let is_utf8 = move |pair: &[u32_le]| text(pair).is_some_and(|text| simdutf8::basic::from_utf8(text).is_ok());
    column.offsets.windows(2).enumerate().filter(move |(_, pair)| !is_utf8(pair)).map(|(row, _)| row)
}

/// Whether the row is not NULL, whatever its parents are.
pub(super) fn has_value(column: &ArchivedColumn, row: usize) -> bool {
    column.validity.is_empty() || bit(&column.validity, row)
}

/// The rows that are NULL in `validity` and not in `mask`; empty bitmaps mean that all rows have values.
pub(super) fn unmasked_nulls<'a>(validity: &'a [u8], mask: &'a [u8], rows: usize) -> impl Iterator<Item = usize> + 'a {
    let masked = |byte: usize| mask.get(byte).copied().unwrap_or(u8::MAX);
    let used = |byte: usize| if (byte + 1) * 8 > rows { (1u16 << (rows - byte * 8)) as u8 - 1 } else { u8::MAX };
    let bytes = if validity.is_empty() { 0 } else { rows.div_ceil(8) };
    let first = (0..bytes).find(|byte| masked(*byte) & !validity[*byte] & used(*byte) != 0);
    let is_null = move |row: &usize| !bit(validity, *row) && (mask.is_empty() || bit(mask, *row));
    first.into_iter().flat_map(move |byte| byte * 8..rows).filter(is_null)
}

/// The rows that have a decimal of more digits than its type.
pub(super) fn rows_over_digits<'a>(
    column: &'a ArchivedColumn,
    field: &Field,
    rows: usize,
) -> impl Iterator<Item = usize> + 'a {
    let bound = 10i128.pow(u32::from(field.precision));
    let over = move |value: i128| value >= bound || value <= -bound;
    let values: &[u8] = &column.values;
    let (narrow, wide) = (bound as i32, bound as i64);
    let value_bytes = field.value_bytes();
    let suspicious = match value_bytes {
        Some(4) => chunks::<4>(values).fold(false, |bad, value| {
            let value = i32::from_le_bytes(value);
            bad | (value >= narrow) | (value <= -narrow)
        }),
        Some(8) => chunks::<8>(values).fold(false, |bad, value| {
            let value = i64::from_le_bytes(value);
            bad | (value >= wide) | (value <= -wide)
        }),
        _ => chunks::<16>(values).fold(false, |bad, value| bad | over(i128::from_le_bytes(value))),
    };
    // A null row's value is arbitrary: only a row that has one counts.
    let value_at = move |row: usize| match value_bytes {
        Some(4) => chunks::<4>(values).nth(row).map(|value| i32::from_le_bytes(value).into()),
        Some(8) => chunks::<8>(values).nth(row).map(|value| i64::from_le_bytes(value).into()),
        _ => chunks::<16>(values).nth(row).map(i128::from_le_bytes),
    };
    let is_over = move |row: &usize| has_value(column, *row) && value_at(*row).is_some_and(over);
    (0..if suspicious { rows } else { 0 }).filter(is_over)
}

pub(super) fn chunks<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    let (chunks, _) = bytes.as_chunks::<N>();
    chunks.iter().copied()
}

/// Whether row `row` of a bitmap is set.
pub fn bit(bitmap: &[u8], row: usize) -> bool {
    bitmap[row / 8] >> (row % 8) & 1 == 1
}

/// How many of the first `rows` bits are set.
pub fn count_set(bitmap: &[u8], rows: usize) -> usize {
    let (words, _) = bitmap[..rows / 8].as_chunks::<8>();
    let whole: usize = words.iter().map(|word| u64::from_le_bytes(*word).count_ones() as usize).sum();
    whole + (words.len() * 64..rows).filter(|row| bit(bitmap, *row)).count()
}
