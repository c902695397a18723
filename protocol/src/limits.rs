//! Every maximum of the protocol, and how they hang together.
//!
//! A limit is part of the protocol: raising one needs a new protocol version or a value announced in Welcome.

/// Frames start at multiples of this, and so do archives inside them.
pub const FRAME_ALIGNMENT: usize = 16;
/// Bytes of the fixed header.
pub const HEADER_BYTES: usize = 48;
/// Largest Hello archive: judged before the peer is authenticated.
pub const HELLO_BYTES_MAX: usize = 4 * 1024;
/// Largest Schema or Welcome archive.
pub const SCHEMA_BYTES_MAX: usize = 1024 * 1024;
/// Largest Batch archive.
pub const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Largest archive of any other kind.
pub const CONTROL_BYTES_MAX: usize = 4 * 1024;
/// Bytes that the rows of a batch's dictionary-encoded columns stand for: what they would take written out. A few keys may
/// name a large entry many times, and somebody has to write it out in the end.
pub const BATCH_DECODED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Rows of all columns of a batch behind its top level together: fields, elements, keys and values, entries of dictionaries.
/// Nested booleans take a bit each on the wire, and a multiple of that wherever they are written.
pub const BATCH_ELEMENTS_MAX: usize = 16 * 1024 * 1024;
/// Rows of one batch.
pub const BATCH_ROWS_MAX: usize = 4 * 1024 * 1024;
/// Columns of a schema, nested ones included.
pub const COLUMNS_MAX: usize = 2_000;
/// How deep struct, array and map may nest.
pub const NESTING_MAX: usize = 32;
/// Bytes of a table's name.
pub const TABLE_NAME_BYTES_MAX: usize = 512;
/// Bytes of a stream's name.
pub const STREAM_NAME_BYTES_MAX: usize = 256;
/// Bytes of a table's identity (Delta uses 36 characters).
pub const TABLE_ID_BYTES_MAX: usize = 64;
/// Schemas that one connection may announce.
pub const SCHEMAS_PER_CONNECTION_MAX: usize = 256;
/// Bytes of a column's name.
pub const COLUMN_NAME_BYTES_MAX: usize = 255;
/// Bytes of a credential.
pub const CREDENTIAL_BYTES_MAX: usize = 2 * 1024;
/// Bytes of the sentence in a Reject or Close.
pub const MESSAGE_BYTES_MAX: usize = 2 * 1024;
/// Digits of a decimal.
pub const DECIMAL_PRECISION_MAX: u8 = 38;
/// Offsets count rows of a stream; Delta stores them as signed 64-bit numbers.
pub const OFFSET_MAX: u64 = i64::MAX as u64;

const _: () = {
    assert!(HEADER_BYTES.is_multiple_of(FRAME_ALIGNMENT));
    assert!(BATCH_BYTES_MAX.is_multiple_of(FRAME_ALIGNMENT));
    assert!(
        TABLE_NAME_BYTES_MAX + STREAM_NAME_BYTES_MAX + TABLE_ID_BYTES_MAX + CREDENTIAL_BYTES_MAX + 512
            <= HELLO_BYTES_MAX
    );
    assert!(MESSAGE_BYTES_MAX + 512 <= CONTROL_BYTES_MAX);
    assert!(COLUMNS_MAX * (COLUMN_NAME_BYTES_MAX + 64) <= SCHEMA_BYTES_MAX);
    assert!(BATCH_ROWS_MAX / 8 <= BATCH_BYTES_MAX);
    assert!(BATCH_BYTES_MAX <= i32::MAX as usize);
    assert!(BATCH_BYTES_MAX <= BATCH_DECODED_BYTES_MAX && BATCH_DECODED_BYTES_MAX <= i32::MAX as usize / 4);
    assert!(BATCH_ROWS_MAX <= BATCH_ELEMENTS_MAX && BATCH_ELEMENTS_MAX <= i32::MAX as usize / 4);
    assert!(COLUMNS_MAX * 64 < BATCH_BYTES_MAX);
};

/// `bytes` rounded up to the frame alignment.
pub const fn padded(bytes: usize) -> usize {
    bytes.next_multiple_of(FRAME_ALIGNMENT)
}
