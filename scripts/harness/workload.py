"""What producers of verified rows send: which rows have which columns, and which are bad. All follows from (stream, seq).

With `rows_per_column` a stream's rows get one more column after so many rows, each of them nullable, each with values. Streams
begin with none to a few of them, so that at any time some are ahead of the table and others behind.

With `bad_rows` such a share of the rows has a NULL in a column of which their table says that it must not be one. The ledger
knows them: they must be in the table of rejected rows, and no others.
"""

import zlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from verifier import content

from .verified_rows import SCHEMA, noise_of, verified_batch

COLUMNS_MAX = 12
COLUMNS_AT_FIRST_MAX = 3
BAD_COLUMN = "ts"
KINDS = (pa.int64(), pa.string(), pa.float64(), pa.bool_(), pa.date32(), pa.timestamp("us", tz="UTC"), pa.int16())
ADDED = [pa.field(f"added_{number:02d}", KINDS[number % len(KINDS)]) for number in range(COLUMNS_MAX)]
DAY_MICROS = 86_400_000_000


def table_schema(bad_rows):
    """The columns of a table for these producers, before any is added."""
    if not bad_rows:
        return SCHEMA
    return pa.schema([field.with_nullable(field.nullable and field.name != BAD_COLUMN) for field in SCHEMA])


@dataclass(frozen=True)
class Workload:
    rows_per_column: int = 0
    bad_rows: float = 0.0

    def added(self, stream, seq):
        """How many more columns this row has."""
        if not self.rows_per_column:
            return 0
        return min((seq + self.ahead(stream)) // self.rows_per_column, COLUMNS_MAX)

    def ahead(self, stream):
        return zlib.crc32(stream.encode()) % (COLUMNS_AT_FIRST_MAX * self.rows_per_column)

    def schema(self, stream, seq):
        return pa.schema([*SCHEMA, *ADDED[:self.added(stream, seq)]])

    def end(self, stream, seq):
        """Up to where rows have the columns of this one, if they ever change."""
        if not self.rows_per_column or (added := self.added(stream, seq)) == COLUMNS_MAX:
            return None
        return (added + 1) * self.rows_per_column - self.ahead(stream)

    def batch(self, stream, start, end):
        """Rows start to end - 1 with the columns that the first of them has: the others have the same."""
        rows = verified_batch(stream, start, end)
        arrays, noise = rows.columns, noise_of(stream, start, end)
        if (bad := self.bad(noise)).any():
            place = SCHEMA.get_field_index(BAD_COLUMN)
            kind = SCHEMA.field(place).type
            arrays[place] = pa.array(arrays[place].cast(pa.int64()).to_numpy(), mask=bad).cast(kind)
        arrays += [values_of(number, noise) for number in range(self.added(stream, start))]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema(stream, start))

    def bad(self, noise):
        return noise >> np.uint64(5) & np.uint64(0xFFFFFF) < np.uint64(int(self.bad_rows * 2**24))

    def account(self, stream, start, end):
        """What a ledger line says of these rows' contents."""
        hashes, bad = [], []
        while start < end:
            until = min(self.end(stream, start) or end, end)
            hashes.append(content.row_hashes(self.batch(stream, start, until)))
            bad.append(self.bad(noise_of(stream, start, until)))
            start = until
        if not hashes:
            return {"hash": ""}
        hashes, bad = np.concatenate(hashes), np.concatenate(bad)
        said = {"hash": content.range_hash(hashes)}
        if self.bad_rows:
            said |= {"rejected": int(bad.sum()), "rejected_hash": content.range_hash(hashes[bad])}
        return said


def values_of(number, noise):
    """The values of an added column, every 13th of them NULL."""
    kind, numbers = ADDED[number].type, (noise >> np.uint64(number)) % np.uint64(10_007)
    missing = (noise + np.uint64(number)) % np.uint64(13) == 0
    numbers = numbers.astype(np.int64)
    if pa.types.is_string(kind):
        return pa.array([None if gone else f"{number}: {value}" for value, gone in zip(numbers.tolist(), missing.tolist())], kind)
    if pa.types.is_floating(kind):
        return pa.array(numbers / 8, mask=missing)
    if pa.types.is_boolean(kind):
        return pa.array(numbers % 2 == 0, mask=missing)
    if pa.types.is_date(kind):
        return pa.array(numbers.astype(np.int32), pa.int32(), mask=missing).cast(kind)
    if pa.types.is_timestamp(kind):
        return pa.array(numbers * DAY_MICROS + number, pa.int64(), mask=missing).cast(kind)
    return pa.array(numbers.astype(kind.to_pandas_dtype()), kind, mask=missing)


PLAIN = Workload()
