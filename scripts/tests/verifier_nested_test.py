"""The verifier looks into structs, arrays and maps: types, NULLs, statistics, and the hash of rows."""

import hashlib
import struct
import sys
import unittest
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SCRIPTS))

from verifier import columns, content  # noqa: E402
from verifier.statistics import FileStatistics  # noqa: E402

GOLDEN = 0x9E3779B97F4A7C15


def field(name, kind, nullable=True):
    return {"name": name, "type": kind, "nullable": nullable, "metadata": {}}


POINT = {"type": "struct", "fields": [field("x", "long", False), field("tag", "string")]}
FIELDS = [
    field("id", "long", False),
    field("p", POINT),
    field("points", {"type": "array", "elementType": POINT, "containsNull": False}),
    field("m", {"type": "map", "keyType": "string", "valueType": "double", "valueContainsNull": False}),
]

ARROW_POINT = pa.struct([pa.field("x", pa.int64()), pa.field("tag", pa.string())])
ARROW = pa.schema([
    pa.field("id", pa.int64()),
    pa.field("p", ARROW_POINT),
    pa.field("points", pa.list_(ARROW_POINT)),
    pa.field("m", pa.map_(pa.string(), pa.float64())),
])

GOOD = [
    {"id": 1, "p": {"x": 5, "tag": "b"}, "points": [{"x": 1, "tag": None}, {"x": 2, "tag": "c"}], "m": [("k", 0.5)]},
    {"id": 2, "p": None, "points": None, "m": None},
    {"id": 3, "p": {"x": -4, "tag": None}, "points": [], "m": [("k", 1.0), ("l", -2.0)]},
]


def batch(rows):
    return pa.RecordBatch.from_pylist(rows, schema=ARROW)


def mix(h):
    h = (h + GOLDEN) % 2**64
    h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    h = (h ^ h >> 27) * 0x94D049BB133111EB % 2**64
    return h ^ h >> 31


def plain_hash(value):
    """The hash of content.py's head, one value at a time."""
    if value is None:
        return GOLDEN
    if isinstance(value, float):
        return int.from_bytes(struct.pack("<d", value), "little")
    if isinstance(value, str):
        return int.from_bytes(hashlib.blake2b(value.encode(), digest_size=8).digest(), "little")
    if isinstance(value, dict):
        h = 0
        for name, below in sorted(value.items()):
            h = h if below is None else mix(mix(h ^ plain_hash(name)) ^ plain_hash(below))
        return h
    if isinstance(value, list):
        h = len(value)
        for element in value:
            h = mix(h ^ plain_hash(dict(zip(("key", "value"), element)) if isinstance(element, tuple) else element))
        return h
    return value % 2**64


def nulls(rows):
    found = batch(rows)
    return [
        name for said in FIELDS
        for name in columns.forbidden_nulls(said["name"], said["type"], said["nullable"], columns.at(found, (said["name"],)))
    ]


class NestedTest(unittest.TestCase):
    def test_rows_hash_alike_one_by_one_and_together(self):
        self.assertEqual([int(h) for h in content.row_hashes(batch(GOOD))], [plain_hash(row) for row in GOOD])
        halves = [content.row_hashes(batch(GOOD).slice(start, 1)) for start in range(3)]
        self.assertEqual([int(h) for (h,) in halves], [plain_hash(row) for row in GOOD])

    def test_types_are_compared_at_every_depth(self):
        wrong = lambda schema: [
            name for said in FIELDS
            for name, _, _ in columns.wrong_types(said["name"], said["type"], schema.field(said["name"]).type)
        ]
        self.assertEqual(wrong(ARROW), [])
        other = pa.struct([pa.field("x", pa.int32()), pa.field("tag", pa.string()), pa.field("y", pa.int64())])
        spoilt = ARROW.set(2, pa.field("points", pa.list_(other))).set(3, pa.field("m", pa.map_(pa.int64(), pa.float64())))
        self.assertEqual(wrong(spoilt), ["points.element.x", "points.element.y", "m.key"])
        self.assertEqual(wrong(ARROW.set(1, pa.field("p", pa.list_(pa.int64())))), ["p"])

    def test_nulls_below_nulls_are_no_fault(self):
        self.assertEqual(nulls(GOOD), [])
        row = {"id": None, "p": {"x": None, "tag": None}, "points": [None, {"x": None, "tag": "t"}], "m": [("k", None)]}
        self.assertEqual(nulls([*GOOD, row]), ["id", "p.x", "points.element", "points.element.x", "m.value"])

    def test_pairs_of_maps_whose_values_hold_nulls_where_a_struct_around_them_is_null(self):
        inner = pa.struct([pa.field("x", pa.list_(pa.int64()), nullable=False)])
        value = pa.struct([pa.field("inner", inner, nullable=False)])
        rows = [[(1, None)], None, [], [(2, {"inner": {"x": [7]}}), (3, None)]]
        file = pa.BufferOutputStream()
        pq.write_table(pa.table({"m": pa.array(rows, pa.map_(pa.int64(), value))}), file)
        # As a reader of Parquet has it: what must not be NULL is NULL below a NULL.
        column = pq.read_table(pa.BufferReader(file.getvalue())).column("m").combine_chunks()
        self.assertEqual(columns.pairs(column).field("key").to_pylist(), [1, 2, 3])
        self.assertEqual(columns.pairs(column).field("value").to_pylist(), [None, {"inner": {"x": [7]}}, None])
        self.assertEqual(columns.pairs(column.slice(1, 3)).field("key").to_pylist(), [2, 3])
        self.assertEqual(len(columns.pairs(column.slice(1, 2))), 0)
        said = {"type": "map", "keyType": "long", "valueContainsNull": True, "valueType": {"type": "struct", "fields": [
            field("inner", {"type": "struct", "fields": [
                field("x", {"type": "array", "elementType": "long", "containsNull": True}, False)]}, False)]}}
        self.assertEqual(list(columns.forbidden_nulls("m", said, True, column)), [])

    def test_statistics_of_fields_are_judged(self):
        statistics = FileStatistics(dict(columns.leaves(FIELDS)))
        for start in range(len(GOOD)):
            statistics.take(batch(GOOD[start:start + 1]))
        good = {
            "numRecords": 3,
            "minValues": {"id": 1, "p": {"x": -4, "tag": "b"}},
            "maxValues": {"id": 3, "p": {"x": 5, "tag": "b"}},
            "nullCount": {"id": 0, "p": {"x": 1, "tag": 2}, "points": 1},
        }
        self.assertEqual(statistics.judge(good, "f"), [])
        bad = {**good, "maxValues": {"p": {"x": 4}}, "nullCount": {"p": {"tag": 1}, "points": 0}}
        self.assertEqual(statistics.judge(bad, "f"), [
            "f: the log says 1 nulls in p.tag, the file has 2.",
            "f: the log says 0 nulls in points, the file has 1.",
            "f: maxValues.p.x is 4 in the log, 5 in the file.",
        ])


if __name__ == "__main__":
    unittest.main()
