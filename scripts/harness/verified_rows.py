"""Verified rows: every value follows from (stream, seq), so that any row can be made again at any time."""

import json
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from verifier import content

SCHEMA = pa.schema([
    pa.field("stream", pa.string(), False),
    pa.field("seq", pa.int64(), False),
    pa.field("ts", pa.timestamp("us", tz="UTC"), True),
    pa.field("temp", pa.float64(), True),
    pa.field("status", pa.int32(), True),
    pa.field("device", pa.string(), True),
])

START_MICROS = 1_700_000_000_000_000


def noise_of(stream, start, end):
    """A number for each row, of 53 bits, in which nothing is seen of the next one's."""
    salt = np.uint64(zlib.crc32(stream.encode()) * 0xC2B2AE3D27D4EB4F % 2**64)
    return (np.arange(start, end, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) ^ salt) >> np.uint64(11)


def verified_batch(stream, start, end):
    """Rows start to end - 1 of a stream as a RecordBatch."""
    seq, noise = np.arange(start, end, dtype=np.int64), noise_of(stream, start, end)
    device = [None if n % 97 == 0 else f"device-{n % 1000:04d}" for n in noise.tolist()]
    arrays = [
        pa.array([stream] * len(seq), pa.string()),
        pa.array(seq),
        pa.array(START_MICROS + seq * 1_003, pa.int64()).cast(pa.timestamp("us", tz="UTC")),
        pa.array((noise % np.uint64(100_000)).astype(np.float64) / 100, mask=noise % np.uint64(31) == 0),
        pa.array((noise % np.uint64(5)).astype(np.int32), pa.int32()),
        pa.array(device, pa.string()),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


FILE_BATCH_ROWS = 50_000


def write_file(path, stream, rows):
    """A Parquet file of a stream's first rows."""
    with pq.ParquetWriter(path, SCHEMA) as writer:
        for start in range(0, rows, FILE_BATCH_ROWS):
            writer.write_batch(verified_batch(stream, start, min(start + FILE_BATCH_ROWS, rows)))


def write_ledger(path, stream, rows):
    """The ledger of a producer that was told that all of these rows are committed."""
    with open(path, "w", encoding="utf-8") as file:
        for start in range(0, rows, FILE_BATCH_ROWS):
            end = min(start + FILE_BATCH_ROWS, rows)
            hashed = content.range_hash(content.row_hashes(verified_batch(stream, start, end)))
            file.write(json.dumps({"stream": stream, "from": start, "to": end, "hash": hashed}) + "\n")
