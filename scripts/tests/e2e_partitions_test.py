"""Partitioned tables, made by delta-rs and by us: columns of every type, NULL, special characters, a fan-out, a kill."""

import json
import random
import unittest
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from tests.e2e import EndToEnd

from harness.binaries import binary
from harness.deadline import wait_until
from harness.random_tables import in_words
from harness.readers import by_delta_rs, by_duckdb, by_pyarrow, delta_rs_table
from harness.verified_rows import SCHEMA as VERIFIED

from verifier.delta_log import replay

READERS = {"pyarrow": by_pyarrow, "DuckDB": by_duckdb, "delta-rs": delta_rs_table, "delta-rs's engine": by_delta_rs}

# Its pyarrow reader writes negative decimals of partitions down as "0.-5" and cannot read that again.
STUMBLES = {"decimal": ["delta-rs"], "wide": ["delta-rs"]}

# What file systems, URIs and other writers' folder names take for something else.
SPECIAL = [
    "plain", "a b", " lead and trail ", "100%", "100%25", "%2F", "a/b", "../up", "..", "a=b", "a:b", "a?b#c", "a&b+c;d,e", "{x}[y]^z",
    "a\\b", "\"quoted\" 'text'", "<tag>|`", "*~!@$()", "München", "日本語", "🎵🎶", "e\u0301", "tab\tnew\nline\r", "\x01\x7f", "null",
    "__HIVE_DEFAULT_PARTITION__x", "_hidden", ".hidden", "x" * 300, "ü" * 120,
]

MOMENTS = [datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999), datetime(1970, 1, 1), datetime(2024, 2, 29, 12, 30, 0, 1)]

VALUES = {
    "boolean": (pa.bool_(), [True, False]),
    "byte": (pa.int8(), [-128, 0, 127]),
    "short": (pa.int16(), [-(2 ** 15), 2 ** 15 - 1]),
    "integer": (pa.int32(), [-(2 ** 31), 0, 2 ** 31 - 1]),
    "long": (pa.int64(), [-(2 ** 63), 2 ** 63 - 1]),
    "float": (pa.float32(), [0.0, 1.5, -1e-10, 3.4028234663852886e38, float("inf"), float("-inf"), float("nan")]),
    "double": (pa.float64(), [0.0, 0.1, -2.5e300, 1.7976931348623157e308, float("inf"), float("nan")]),
    "date": (pa.date32(), [moment.date() for moment in MOMENTS]),
    "timestamp": (pa.timestamp("us", tz="UTC"), [moment.replace(tzinfo=timezone.utc) for moment in MOMENTS]),
    "timestamp_ntz": (pa.timestamp("us"), MOMENTS),
    "string": (pa.string(), SPECIAL),
    "binary": (pa.binary(), [text.encode() for text in SPECIAL]),
    "decimal": (pa.decimal128(9, 2), [Decimal("-0.05"), Decimal("9999999.99"), Decimal("0.00")]),
    "wide": (pa.decimal128(38, 10), [Decimal("-1234567890123456789012345678.0123456789"), Decimal("0E-10")]),
}


def rows_of(kind, values, seed):
    """Every value and NULL, in runs and mixed, with columns before and behind the partition column."""
    generator = random.Random(seed)
    named = [value for value in [*values, None] for _ in range(5)] + [generator.choice([*values, None]) for _ in range(200)]
    count = len(named)
    return pa.table({
        "row": pa.array(range(count), pa.int64()),
        "p": pa.array(named, kind),
        "text": [f"text {number % 7}" if number % 5 else None for number in range(count)],
        "list": pa.array([list(range(number % 3)) for number in range(count)], pa.list_(pa.int32())),
    })


class PartitionsTest(EndToEnd):
    def setUp(self):
        super().setUp()
        self.server = self.engine(cores=[0, 1], config={"tables": {"commit_interval_ms": 100}})

    def write(self, name, table, *options):
        path = self.folder / f"{name}.parquet"
        pq.write_table(table, path)
        return json.loads(self.lakehead("write", name, path, "--server", self.server.address, *options))

    def create(self, name, schema, *by):
        like = self.folder / f"{name}-columns.parquet"
        pq.write_table(schema.empty_table(), like)
        self.lakehead("table", "create", name, "--like", like, "--partition-by", ",".join(by), "--data-dir", self.server.data_dir)

    def create_by_delta_rs(self, name, schema, *by):
        DeltaTable.create(str(self.server.table(name)), schema, partition_by=list(by))

    def check(self, name, expected, readers=READERS):
        self.assert_good(self.server.table(name), expect_rows=expected.num_rows)
        words = in_words(expected)
        for reader, read in readers.items():
            found = read(self.server.table(name)).select(expected.schema.names)
            self.assertEqual(in_words(found), words, f"{name} by {reader}")

    def test_every_type_of_partition_column(self):
        partitions = rows = 0
        for maker in (self.create, self.create_by_delta_rs):
            for number, (kind, (arrow, values)) in enumerate(VALUES.items()):
                with self.subTest(maker=maker.__name__, kind=kind):
                    name, table = f"{maker.__name__}_{kind}", rows_of(arrow, values, number)
                    maker(name, table.schema, "p")
                    self.assertEqual(self.write(name, table, "--stream", "s", "--batch-rows", 50)["rows"], table.num_rows)
                    self.check(name, table, {reader: read for reader, read in READERS.items() if reader not in STUMBLES.get(kind, ())})
                    files = replay(self.server.table(name)).state.files.values()
                    found = {file.partition_values["p"] for file in files}
                    self.assertEqual(len(found), len(values) + 1, found)
                    partitions, rows = partitions + len(found), rows + table.num_rows
        self.proved(f"{len(VALUES)} types of partition columns, {partitions} partitions, {rows:,} rows in tables of two makers: equal "
                    f"by {', '.join(READERS)}")

    def test_several_columns_and_their_folders(self):
        table = pa.table({
            "row": pa.array(range(6), pa.int64()),
            "day": pa.array([date(2024, 1, 1)] * 3 + [None] * 3, pa.date32()),
            "odd/näme:x": ["a/b", "a b", None, "", "ü", "a/b"],
        })
        self.create("several", table.schema, "odd/näme:x", "day")
        described = json.loads(self.lakehead("table", "describe", "several", "--data-dir", self.server.data_dir, "--json"))
        self.assertEqual(described["partition_columns"], ["odd/näme:x", "day"])
        self.write("several", table)
        # An empty string is NULL, as for other writers of Delta.
        expected = table.set_column(2, "odd/näme:x", pa.array(["a/b", "a b", None, None, "ü", "a/b"]))
        self.check("several", expected)
        files = replay(self.server.table("several")).state.files
        folders = {str(Path(path).parent) for path in files}
        name, null = "odd%2Fnäme%3Ax", "__HIVE_DEFAULT_PARTITION__"
        self.assertEqual(folders, {
            f"{name}=a%2Fb/day=2024-01-01", f"{name}=a b/day=2024-01-01", f"{name}={null}/day=2024-01-01", f"{name}={null}/day={null}",
            f"{name}=ü/day={null}", f"{name}=a%2Fb/day={null}"})
        lines = [json.loads(line) for log in sorted((self.server.table("several") / "_delta_log").glob("*.json"))
                 for line in log.read_text().splitlines()]
        encoded = {line["add"]["path"] for line in lines if "add" in line}
        self.assertEqual({unquote(path) for path in encoded}, set(files))
        self.assertTrue(all(path.isascii() and " " not in path for path in encoded), encoded)

    def test_what_names_no_partition_is_refused(self):
        schema = pa.schema([pa.field("row", pa.int64()), pa.field("p", pa.binary())])
        self.create("bytes", schema, "p")
        self.create("strict", pa.schema([schema.field(0), pa.field("p", pa.string(), nullable=False)]), "p")
        for name, values, word in (("bytes", [b"a", b"\xff"], "UTF-8"), ("strict", ["a", ""], "empty")):
            path = self.folder / f"{name}.parquet"
            pq.write_table(pa.table({"row": [0, 1], "p": values}), path)
            process = self.start(binary("lakehead"), "write", name, path, "--server", self.server.address)
            _, errors = process.communicate(timeout=60)
            self.assertNotEqual(process.returncode, 0)
            self.assertIn(word, errors)
            self.assertIn("row 1", errors)
        for by, word in (("row,p", "all columns"), ("q", "not among its columns")):
            process = self.start(binary("lakehead"), "table", "create", "no", "--columns", "row bigint, p string", "--partition-by", by,
                                 "--data-dir", self.server.data_dir)
            _, errors = process.communicate(timeout=60)
            self.assertNotEqual(process.returncode, 0)
            self.assertIn(word, errors)

    def test_a_thousand_partitions_in_one_commit(self):
        count = 20_000
        table = pa.table({
            "row": pa.array(range(count), pa.int64()),
            "p": pa.array([number * 7_919 % 1_000 for number in range(count)], pa.int32()),
            "text": [f"text {number}" for number in range(count)],
        })
        server = self.server = self.engine("fan", config={"tables": {"commit_interval_ms": 5_000}})
        self.create("fan", table.schema, "p")
        self.write("fan", table, "--stream", "s")
        self.check("fan", table, {"pyarrow": by_pyarrow, "delta-rs": delta_rs_table})
        log = replay(server.table("fan"))
        widest = max(len(commit.adds) for commit in log.commits)
        self.assertEqual(widest, 1_000)
        self.assertLess(server.open_files(), 200)
        self.proved(f"{count:,} rows of 1,000 partitions in one commit of {widest:,} files")

    def test_killed_under_load(self):
        """Two shards, several producers, one engine killed with -9 in the middle: each row once, in its partition."""
        tables = {"by_status": ["status"], "by_both": ["status", "stream"], "by_device": ["device"]}
        for name, by in tables.items():
            self.create(name, VERIFIED, *by)
        ledgers = self.folder / "ledgers"
        producers = self.produce(self.server, tables, streams=6, anonymous=3, rows=3_000, batch_rows=100, rows_per_second=1_500,
                                 ledgers=ledgers)
        for name in tables:
            self.until_committed(name)
        self.server.kill()
        self.server.start()
        named = json.loads(self.finish(producers).splitlines()[-1])
        self.server.terminate()
        self.assertEqual(self.server.wait(), 0)
        for name, by in tables.items():
            report = self.assert_good(self.server.table(name), self.ledgers(ledgers, name), named=True)
            for stream, rows in named[name].items():
                self.assertEqual(report.data.streams.rows(stream), rows)
            self.assertEqual(DeltaTable(str(self.server.table(name))).metadata().partition_columns, by)
        self.proved("three partitioned tables of two shards, killed once under load: each row once, in order, as it was sent")

    def until_committed(self, name):
        wait_until("rows committed", lambda: len(replay(self.server.table(name)).state.files) > 3, 60)


if __name__ == "__main__":
    unittest.main()
