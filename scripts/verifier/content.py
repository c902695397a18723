"""A 64-bit hash of rows that producers and the verifier compute alike, however the rows are batched.

Of a value:
  NULL in an array or a map  0x9E3779B97F4A7C15
  boolean                    0 or 1
  integers, date (days), timestamps (microseconds since 1970)    the value as 64 bits, two's complement
  float, double              the bits of the value as a double
  string, binary             the first 8 bytes, little-endian, of BLAKE2b with digest size 8 over the bytes
  struct                     as of a row, over its fields
  array                      h = the number of elements; for each element in order: h = mix(h ^ element)
  map                        as an array of structs with the fields key and value
Of a row: h = 0; for each column that is not NULL, in the order of the columns' names (by code point):
  h = mix(mix(h ^ name) ^ value), where the name is hashed as a string. So a column that a row does not have, because it was not
  sent or was added to the table later, is the same as NULL.
  mix is the finalizer of SplitMix64, after adding 0x9E3779B97F4A7C15.
Of a range of rows: the sum of the rows' hashes modulo 2**64. Rows carry their `seq`, so their places count.
"""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .columns import pairs

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mix(h):
    h = h + GOLDEN
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(31))


def row_hashes(batch):
    """One hash per row of a pyarrow RecordBatch, as numpy uint64."""
    return hashes_of(zip(batch.schema.names, batch.columns), batch.num_rows)


def hashes_of(named, rows):
    """The same of pairs of names and columns."""
    h = np.zeros(rows, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for name, column in sorted(named, key=lambda pair: pair[0]):
            if column.null_count < rows:
                taken = mix(mix(h ^ text_hash(name.encode())) ^ value_hashes(column))
                h = np.where(pc.is_valid(column).to_numpy(zero_copy_only=False), taken, h)
    return h


def value_hashes(column):
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_nested(kind):
        valid = pc.is_valid(column).to_numpy(zero_copy_only=False)
        return np.where(valid, nested_hashes(column), GOLDEN)
    if is_text(kind):
        encoded = column.dictionary_encode()
        words = [text_hash(value) if value is not None else GOLDEN
                 for value in encoded.dictionary.cast(binary_of(kind)).to_pylist()]
        words = np.array(words + [GOLDEN], dtype=np.uint64)
        indices = pc.fill_null(encoded.indices, len(words) - 1).to_numpy(zero_copy_only=False)
        return words[indices]
    valid = pc.is_valid(column).to_numpy(zero_copy_only=False)
    if pa.types.is_floating(kind):
        values = pc.fill_null(column.cast(pa.float64()), 0.0).to_numpy(zero_copy_only=False).view(np.uint64)
    else:
        if pa.types.is_timestamp(kind):
            column = column.cast(pa.timestamp("us", kind.tz)).cast(pa.int64())
        elif pa.types.is_date32(kind):
            column = column.cast(pa.int32())
        values = pc.fill_null(column.cast(pa.int64()), 0).to_numpy(zero_copy_only=False).astype(np.int64).view(np.uint64)
    return np.where(valid, values, GOLDEN)


def nested_hashes(column):
    """Hashes of structs, arrays or maps; where a row is NULL, any number."""
    if pa.types.is_struct(column.type):
        fields = [column.type.field(index).name for index in range(column.type.num_fields)]
        return hashes_of(zip(fields, column.flatten()), len(column))
    elements = value_hashes(pairs(column) if pa.types.is_map(column.type) else column.flatten())
    lengths = np.diff(column.offsets.to_numpy())
    # Without the NULL rows, whose elements are not there.
    lengths = np.where(pc.is_valid(column).to_numpy(zero_copy_only=False), lengths, 0)
    starts = np.cumsum(lengths) - lengths
    h = lengths.astype(np.uint64)
    for position in range(int(lengths.max(initial=0))):
        rows = np.flatnonzero(lengths > position)
        h[rows] = mix(h[rows] ^ elements[starts[rows] + position])
    return h


def is_text(kind):
    return any(test(kind) for test in (
        pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary))


def binary_of(kind):
    return pa.large_binary() if pa.types.is_large_string(kind) or pa.types.is_large_binary(kind) else pa.binary()


def text_hash(value):
    return np.frombuffer(hashlib.blake2b(value, digest_size=8).digest(), "<u8")[0]


def range_hash(hashes):
    """The hash of a range, as the ledger writes it: 16 hexadecimal digits."""
    with np.errstate(over="ignore"):
        return f"{int(np.sum(hashes, dtype=np.uint64)):016x}"
