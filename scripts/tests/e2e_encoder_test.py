"""A producer written from docs/protocol.md alone (harness/encoder.py) and an engine: what pyarrow held is what readers find."""

import decimal
import random
import unittest

import pyarrow as pa

from harness.deadline import wait_until
from harness.encoder import Refusal, batch_content, schema_content
from harness.encoder_client import EncoderClient
from harness.readers import by_duckdb, by_pyarrow, delta_rs_table
from tests.e2e import EndToEnd
from tests.encoder_test import BatchReader, any_value, flat_rows, in_utc

READERS = {"pyarrow": by_pyarrow, "DuckDB": by_duckdb, "delta-rs": delta_rs_table}
ROW = pa.field("row", pa.int64(), nullable=False)


def numbered(batch, first=0):
    """With the column `row` in front."""
    rows = pa.array(range(first, first + batch.num_rows), pa.int64())
    return pa.record_batch([rows, *batch.columns], schema=pa.schema([ROW, *batch.schema]))


def in_words(rows):
    """Rows in their order, as text: NaN equals itself there, and 0.0 is not -0.0."""
    return [repr(in_utc(row)) for row in sorted(rows, key=lambda row: row["row"])]


class EncoderTest(EndToEnd):
    def setUp(self):
        super().setUp()
        self.server = self.engine()

    def client(self, table, stream="encoder"):
        client = EncoderClient(self.server.address, table, stream)
        self.addCleanup(client.drop)
        return client

    def send(self, table, batches, compression=0):
        """All batches on one connection, to the end."""
        client = self.client(table)
        client.compression = compression
        client.open(batches[0].schema)
        for batch in batches:
            client.send(batch)
        rows = sum(batch.num_rows for batch in batches)
        self.assertEqual(client.close()["committed"], rows)
        return rows

    def check(self, table, batches):
        """The table has the batches' rows, for every reader."""
        expected = in_words([row for batch in batches for row in batch.to_pylist()])
        for name, read in READERS.items():
            with self.subTest(reader=name):
                found = read(self.server.table(table))
                self.assertEqual(in_words(found.to_pylist()), expected)

    def test_flat_types(self):
        batches = [numbered(flat_rows()), numbered(flat_rows().slice(1, 1), 3), numbered(flat_rows().slice(2), 4)]
        for compression, table in enumerate(["plain", "lz4", "zstd"]):
            self.send(table, batches, compression)
            self.check(table, batches)
        self.proved("least, greatest, infinite, missing and no numbers of every flat type, also compressed")

    def test_batches_without_rows(self):
        batch = numbered(flat_rows())
        self.send("empty", [batch.slice(0, 0), batch.slice(0, 2), batch.slice(2, 0), batch.slice(2), batch.slice(0, 0)])
        self.check("empty", [batch])
        client = self.client("nothing")
        client.open(batch.schema)
        client.send(batch.slice(1, 0))
        self.assertEqual(client.close()["committed"], 0)
        self.assertEqual(delta_rs_table(self.server.table("nothing")).num_rows, 0)

    def test_columns_in_another_order_and_case(self):
        client = self.client("order")
        client.open(pa.schema([ROW, ("name", pa.string()), ("size", pa.int32())]))
        client.send(pa.record_batch({"SIZE": pa.array([1], pa.int32()), "Row": [0], "name": ["a"]}))
        client.send(pa.record_batch({"row": [1], "name": ["b"], "size": pa.array([2], pa.int32())}))
        client.close()
        self.check("order", [pa.table({"row": [0, 1], "name": ["a", "b"], "size": [1, 2]})])

    def test_a_batch_larger_than_a_frame_is_cut(self):
        text = random.Random(5).randbytes(2_000).hex()
        batch = pa.record_batch({"row": range(6_000), "text": [text[row % 1_000:] for row in range(6_000)]})
        self.send("large", [batch])
        self.check("large", [batch])

    def test_what_the_table_does_not_allow_is_refused(self):
        good = pa.record_batch({"row": [0, 1], "number": pa.array([decimal.Decimal("9.99"), None], pa.decimal128(3, 2))})
        missing = pa.record_batch({"row": [2, None], "number": good["number"]})
        for code, offset, batch in [(24, 3, missing), (20, 0, good.select(["number"]))]:
            client = self.client(f"refused_{code}")
            client.open(pa.schema([ROW, good.schema.field("number")]))
            client.send(good)
            with self.assertRaises(Refusal) as refusal:
                client.send(batch)
                client.close()
            self.assertEqual((refusal.exception.code, refusal.exception.reject["offset"]), (code, offset))
            self.assertEqual(refusal.exception.reject["remedy"], 3)
            self.assertEqual(self.client(f"refused_{code}").open()["resume_offset"], 2, "rows before the refused batch are taken")

    def nested_batch(self, rows=60):
        point = pa.struct([("x", pa.float64()), ("label", pa.string())])
        schema = pa.schema([
            ("point", point), ("names", pa.list_(pa.string())), ("path", pa.list_(point)),
            ("counts", pa.map_(pa.string(), pa.int64())), ("days", pa.list_(pa.list_(pa.date32()))),
            ("groups", pa.map_(pa.int32(), pa.list_(pa.struct([("at", pa.timestamp("us", "UTC")), ("flag", pa.bool_())])))),
            ("deep", pa.struct([("inner", pa.struct([("price", pa.decimal128(12, 3)), ("raw", pa.list_(pa.binary()))]))])),
        ])
        chance = random.Random(11)
        arrays = [pa.array([any_value(chance, kind) for _ in range(rows)], kind) for kind in schema.types]
        arrays[3] = pa.array([value and [*dict(value).items()] for value in arrays[3].to_pylist()], schema.types[3])
        arrays[5] = pa.array([value and [*dict(value).items()] for value in arrays[5].to_pylist()], schema.types[5])
        return numbered(pa.record_batch(arrays, schema=schema))

    def test_nested_types(self):
        batch = self.nested_batch()
        self.assertEqual(repr(in_utc(batch.to_pylist())),
                         repr(BatchReader(schema_content(batch.schema), batch_content(batch)).rows()))
        self.send("nested", [batch.slice(0, 17), batch.slice(17, 0), batch.slice(17, 1), batch.slice(18)])
        self.check("nested", [batch])
        self.proved("structs, arrays and maps in each other, with NULL at every level, cut anywhere")

    def test_only_nulls_and_only_empty_ones(self):
        schema = self.nested_batch(1).schema
        empty = {"point": {"x": None, "label": None}, "names": [], "path": [None], "counts": [], "days": [[]],
                 "groups": [(1, None)], "deep": {"inner": None}}
        batch = pa.RecordBatch.from_pylist([{"row": 0}, {"row": 1} | empty, {"row": 2}], schema)
        self.send("bare", [batch.slice(0, 1), batch.slice(1)])
        self.check("bare", [batch])

    def test_null_in_a_nested_column_that_has_none(self):
        point = pa.struct([pa.field("x", pa.float64(), nullable=False)])
        fields = [("point", point, [{"x": 1.0}, None], [{"x": 1.0}, {"x": None}]),
                  ("names", pa.list_(pa.field("element", pa.string(), nullable=False)), [["a"], None], [["a"], [None]])]
        for name, kind, good, bad in fields:
            schema = pa.schema([ROW, (name, kind)])
            client = self.client(f"strict_{name}")
            client.open(schema)
            client.send(pa.record_batch([pa.array([0, 1]), pa.array(good, kind)], schema=schema))
            with self.assertRaises(Refusal) as refusal:
                client.send(pa.record_batch([pa.array([2, 3]), pa.array(bad, kind)], schema=schema))
                client.close()
            self.assertEqual((refusal.exception.code, refusal.exception.reject["offset"]), (24, 3))
            # Rows before the refused batch were taken in: they are committed at the table's next tick.
            table = self.server.table(f"strict_{name}")
            wait_until("the rows are there", lambda: delta_rs_table(table).num_rows == len(good), 30)
            self.assertEqual([row[name] for row in delta_rs_table(table).to_pylist()], good)

    def dictionary_batches(self):
        """Two columns, `name` and `place.city`, that are plain, and dictionaries that grow, change and stand still."""
        def batch(first, name, city):
            place = pa.StructArray.from_arrays([city, pa.array([first] * len(city))], ["city", "code"])
            return numbered(pa.record_batch([name, place], ["name", "place"]), first)

        def dictionary(keys, entries):
            return pa.DictionaryArray.from_arrays(pa.array(keys, pa.int32()), pa.array(entries, pa.string()))

        return [
            batch(0, pa.array(["red", None, "green"]), dictionary([0, 1, 0], ["Rom", "Köln"])),
            batch(3, dictionary([0, None, 1], ["green", "blue"]), dictionary([2, 1, 0], ["Rom", "Köln", "Oslo"])),
            batch(6, dictionary([2, 0, 1], ["green", "blue", "a longer name"]), pa.array(["Rom", None, "Riga"])),
            batch(9, dictionary([1, 1, 3], ["unused", "red", "", "red"]), dictionary([None, None, None], [])),
            batch(12, dictionary([None, None], []), dictionary([0, 0], ["Riga"])),
            batch(14, dictionary(range(300), [f"name {n}" for n in range(300)]),
                  dictionary([n % 2 for n in range(300)], ["Rom", "Oslo"])).slice(20, 200),
            batch(214, pa.array(["red"]), pa.array(["Rom"])),
        ]

    def renumbered(self, batches):
        """Their rows as they are in the table: `row` from 0, dictionaries written out."""
        plain = pa.schema([ROW, ("name", pa.string()), ("place", pa.struct([("city", pa.string()), ("code", pa.int64())]))])
        rows = [row for batch in batches for row in batch.to_pylist()]
        return pa.Table.from_pylist([row | {"row": number} for number, row in enumerate(rows)], plain)

    def test_dictionaries(self):
        batches = self.dictionary_batches()
        expected = self.renumbered(batches)
        batches = [batch.set_column(0, ROW, expected["row"].slice(first, batch.num_rows).combine_chunks())
                   for batch, first in zip(batches, [0, 3, 6, 9, 12, 14, 214])]
        self.send("dictionaries", batches)
        self.check("dictionaries", [expected])
        self.proved("dictionaries that grow, change, repeat and are empty, between plain columns")

    def test_dictionaries_in_arrays_and_maps(self):
        names, raw = pa.dictionary(pa.int32(), pa.string()), pa.dictionary(pa.int8(), pa.binary())
        kinds = {"tags": pa.list_(names), "scores": pa.map_(pa.string(), raw), "raw": raw}
        rows = [{"tags": ["a", None, "b", "a"], "scores": [("x", b"1"), ("y", b"1")], "raw": b"\0"}, {"tags": None},
                {"tags": [], "scores": [], "raw": b""}, {"tags": ["b"], "scores": [("z", None)], "raw": b"\0"}]
        arrays = [pa.array([row.get(name) for row in rows], kind) for name, kind in kinds.items()]
        batch = numbered(pa.record_batch(arrays, list(kinds)))
        self.send("tagged", [batch.slice(0, 3), batch.slice(3)])
        self.check("tagged", [batch])

    def test_rows_sent_again_in_other_cuts(self):
        cases = {"flat": self.cycled(flat_rows().select(["decimal_9", "string", "boolean", "double"]), 200),
                 "nested": self.nested_batch(200),
                 "coded": self.cycled(pa.record_batch({"color": pa.array(["red", None, "blue"]).dictionary_encode()}), 200)}
        for name, batch in cases.items():
            with self.subTest(name):
                self.send_again(f"again_{name}", batch)

    def cycled(self, batch, rows):
        return numbered(batch.take(pa.array([row % batch.num_rows for row in range(rows)])))

    def send_again(self, table, batch):
        client = self.client(table)
        self.assertEqual(client.open(batch.schema)["resume_offset"], 0)
        for first in range(0, 120, 8):
            client.send(batch.slice(first, 8))
        client.wait_for_commit(40)
        epoch, committed = client.welcome["epoch_major"], client.hello["committed_seen"]

        welcome = client.resume()
        self.assertGreaterEqual(welcome["resume_offset"], committed)
        self.assertEqual(welcome["epoch_major"], epoch)
        client.next_offset = 3
        for first in range(3, 180, 13):
            client.send(batch.slice(first, min(13, 180 - first)))
        client.wait_for_commit()

        client.resume()
        client.next_offset = 171
        client.send(batch.slice(171, 4))  # known whole
        client.send(batch.slice(175, 25))
        self.assertEqual(client.close()["committed"], 200)
        self.check(table, [batch])

    def test_a_new_producer_goes_on_and_the_old_one_is_fenced(self):
        batch = self.cycled(flat_rows().select(["string"]), 30)
        old, new = self.client("taken"), self.client("taken")
        old.open(batch.schema)
        old.send(batch.slice(0, 20))
        old.wait_for_commit()
        self.assertEqual(new.open()["resume_offset"], 20)
        with self.assertRaises(Refusal) as refusal:
            old.resume()
        self.assertEqual(refusal.exception.code, 31)
        new.send(batch.slice(20))
        self.assertEqual(new.close()["committed"], 30)
        self.check("taken", [batch])


if __name__ == "__main__":
    unittest.main()
