"""Structs, arrays, maps and dictionaries from a hand-made producer into a table, read back by three readers."""

import json
import unittest

import pyarrow as pa

from tests.e2e import EndToEnd

from harness import archives, frames, nested, readers
from harness.connection import Connection
from verifier import content

BATCHES, BATCH_ROWS = 12, 250
PLACE = pa.struct([pa.field("lat", pa.float64(), False), pa.field("city", pa.string())])
SCHEMA = pa.schema([
    pa.field("stream", pa.string(), False),
    pa.field("seq", pa.int64(), False),
    # Engines on DataFusion read a required field of a NULL struct as any value, so a query asks for one that is not.
    pa.field("place", pa.struct([pa.field("lat", pa.float64()), pa.field("city", pa.string())])),
    pa.field("route", pa.list_(pa.field("element", PLACE, False))),
    pa.field("tags", pa.list_(pa.string())),
    pa.field("marks", pa.map_(pa.string(), pa.list_(pa.int64()))),
    pa.field("deep", pa.struct([pa.field("inner", pa.struct([pa.field("price", pa.float32())]))])),
])


def row(seq):
    """A row whose content follows from its number."""
    city = None if seq % 5 == 0 else f"city {seq % 17}"
    place = {"lat": seq / 8, "city": city}
    return {
        "stream": "s",
        "seq": seq,
        "place": None if seq % 7 == 0 else place,
        "route": None if seq % 11 == 0 else [{"lat": stop / 4, "city": city} for stop in range(seq % 4)],
        "tags": None if seq % 13 == 0 else [f"tag {seq % 3}", None][: seq % 3],
        "marks": None if seq % 6 == 0 else [(f"k{key}", None if key == 2 else list(range(key))) for key in range(seq % 4)],
        "deep": None if seq % 3 == 0 else {"inner": None if seq % 4 == 0 else {"price": seq / 2}},
    }


def batch_of(start, encoded):
    """Rows start to start + BATCH_ROWS - 1; `encoded` makes some of the texts keys into dictionaries."""
    batch = pa.RecordBatch.from_pylist([row(seq) for seq in range(start, start + BATCH_ROWS)], schema=SCHEMA)
    if not encoded:
        return batch
    arrays = dict(zip(SCHEMA.names, batch.columns))
    arrays["stream"] = arrays["stream"].dictionary_encode()
    place, tags = arrays["place"], arrays["tags"]
    arrays["place"] = pa.StructArray.from_arrays(
        [place.field(0), place.field(1).dictionary_encode()], names=["lat", "city"], mask=place.is_null())
    offsets, valid = tags.offsets, tags.buffers()[0]
    words = tags.values.dictionary_encode()
    arrays["tags"] = pa.Array.from_buffers(
        pa.list_(words.type), len(tags), [valid, offsets.buffers()[1]], children=[words])
    return pa.RecordBatch.from_arrays(list(arrays.values()), names=SCHEMA.names)


class NestedTest(EndToEnd):
    def test_nested_and_encoded_rows_are_in_the_table(self):
        engine = self.engine()
        rows = BATCHES * BATCH_ROWS
        with Connection(engine.address) as connection:
            connection.send(frames.frame(frames.HELLO, archives.Hello("nested", "s", attempt=1).archive()))
            connection.send(frames.frame(frames.SCHEMA, nested.schema_archive(SCHEMA), schema_id=1))
            connection.expect(frames.WELCOME)
            for number in range(BATCHES):
                # The first ones are a row group of dictionaries, later both forms meet.
                payload = nested.batch_archive(batch_of(number * BATCH_ROWS, number < 4 or number % 2))
                first = number * BATCH_ROWS
                connection.send(frames.frame(frames.BATCH, payload, schema_id=1, first_offset=first, rows=BATCH_ROWS))
                if number == 3:
                    while connection.expect(frames.ACK).committed < (number + 1) * BATCH_ROWS:
                        pass
            connection.send(frames.frame(frames.CLOSE, archives.close_archive(rows)))
            closed = connection.expect(frames.CLOSED)
        self.assertEqual(closed.committed, rows)

        sent = pa.RecordBatch.from_pylist([row(seq) for seq in range(rows)], schema=SCHEMA)
        ledger = self.folder / "ledger.jsonl"
        line = {"stream": "s", "from": 0, "to": rows, "hash": content.range_hash(content.row_hashes(sent))}
        ledger.write_text(json.dumps({**line, "version": closed.version}) + "\n", encoding="utf-8")
        table = engine.table("nested")
        self.assert_good(table, [ledger], expect_rows=rows, named=True)

        wanted = sent.to_pylist()
        for name, found in (
            ("pyarrow", readers.by_pyarrow(table)),
            ("DuckDB", readers.by_duckdb(table)),
            ("delta-rs", readers.delta_rs_table(table)),
        ):
            self.assertEqual(found.sort_by("seq").to_pylist(), wanted, name)
        query = "select count(*) as n from rows where place['lat'] > 300"
        expected = sum(1 for one in wanted if one["place"] and one["place"]["lat"] > 300)
        for name, reader in readers.READERS.items():
            self.assertEqual(reader(table, query).to_pydict()["n"], [expected], name)
        self.proved(f"{rows:,} rows of structs, arrays, maps and dictionaries come back equal (pyarrow, DuckDB, delta-rs)")


if __name__ == "__main__":
    unittest.main()
