"""Files of every type into tables and back: CSV, nested Parquet, Arrow, NDJSON; extremes, NULL everywhere, random schemas."""

import json
import random
import shutil
import unittest
from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from tests.e2e import LONG, EndToEnd

from harness import flights
from harness.random_tables import RandomTable, columns, in_words, ndjson
from harness.readers import by_duckdb, by_pyarrow, delta_rs_table

from matrix.other_engines import OtherEngines
from verifier.delta_log import live_files

SEEDS = 400 if LONG else 40
READERS = {"pyarrow": by_pyarrow, "DuckDB": by_duckdb, "delta-rs": delta_rs_table}


def many_pages(rows, generator):
    """Rows of every flat type."""
    def values(make, kind, null):
        gone = False
        found = []
        for row in range(rows):
            gone = generator.random() < (0.9 if gone and null else null)
            found.append(None if gone else make(row))
        return pa.array(found, kind)

    def number(bits):
        return lambda _: generator.randrange(-1 << bits - 1, 1 << bits - 1)

    def decimal(digits, scale):
        return lambda _: Decimal(generator.randrange(10 ** digits)).scaleb(-scale)

    start = 1_700_000_000_000_000
    made = {
        "row": values(lambda row: row, pa.int64(), 0),
        "flag": values(lambda row: row % 3 == 0, pa.bool_(), 0.01),
        "byte": values(number(8), pa.int8(), 0.01),
        "short": values(lambda row: row // 1000, pa.int16(), 0),
        "integer": values(lambda _: generator.choice((200, 404, 500, 70_000)), pa.int32(), 0.2),
        "long": values(number(64), pa.int64(), 0.01),
        "float": values(lambda _: generator.randrange(1000) / 8, pa.float32(), 0),
        "double": values(lambda _: generator.random(), pa.float64(), 0.01),
        "small": values(decimal(7, 2), pa.decimal128(7, 2), 0.01),
        "middle": values(decimal(18, 4), pa.decimal128(18, 4), 0),
        "large": values(decimal(3, 10), pa.decimal128(38, 10), 0.3),
        "day": values(lambda row: date(2020, 1, 1) + timedelta(days=row // 100), pa.date32(), 0.01),
        "moment": values(lambda row: start + row * 250 + generator.randrange(100), pa.timestamp("us", "UTC"), 0.01),
        "name": values(lambda _: f"device-{generator.randrange(1000):05}", pa.string(), 0.01),
        "text": values(lambda _: generator.randbytes(generator.randrange(20)).hex(), pa.string(), 0.1),
        "bytes": values(lambda _: generator.randbytes(generator.randrange(40)), pa.binary(), 0),
        "keys": values(lambda _: f"{generator.randrange(300):040}", pa.string(), 0.05).dictionary_encode(),
    }
    return pa.table(made)


class TypesTest(EndToEnd):
    def setUp(self):
        super().setUp()
        self.server = self.engine(config={"tables": {"commit_interval_ms": 100}})

    def write(self, name, path, *options):
        return json.loads(self.lakehead("write", name, path, "--server", self.server.address, *options))

    def check(self, name, expected):
        self.assert_good(self.server.table(name), expect_rows=expected.num_rows)
        words = in_words(expected)
        for reader, read in READERS.items():
            found = read(self.server.table(name))
            self.assertEqual(found.schema.names, expected.schema.names, f"{name} by {reader}")
            self.assertEqual(in_words(found), words, f"{name} by {reader}: {expected.schema}")

    def test_random_schemas_nested_to_depth_five(self):
        rows = columns = 0
        for seed in range(SEEDS):
            with self.subTest(seed=seed):
                table = RandomTable(seed).table()
                name, path = f"random_{seed}", self.folder / f"random_{seed}.{'arrow' if seed % 4 == 3 else 'parquet'}"
                if path.suffix == ".parquet":
                    pq.write_table(table, path)
                else:
                    with pa.ipc.new_file(path, table.schema) as file:
                        file.write_table(table)
                batch_rows = (1, 13, 65_536)[seed % 3]
                summary = self.write(name, path, "--stream", name, "--batch-rows", batch_rows)
                self.assertEqual(summary["rows"], table.num_rows)
                if table.num_rows:
                    self.check(name, table)
                rows, columns = rows + table.num_rows, columns + table.num_columns
        self.proved(f"{SEEDS} random schemas nested to depth 5, {columns} columns and {rows:,} rows: equal by pyarrow, DuckDB and "
                    f"delta-rs")

    @unittest.skipUnless(shutil.which("java"), "Java is missing, which Spark runs on: sudo apt-get install openjdk-17-jre-headless")
    def test_random_schemas_read_by_spark_and_by_duckdbs_delta_reader(self):
        rows = 0
        with OtherEngines(self.folder) as others:
            for seed in range(SEEDS, SEEDS + (60 if LONG else 12)):
                with self.subTest(seed=seed):
                    table, name, path = RandomTable(seed).table(), f"random_{seed}", self.folder / f"random_{seed}.parquet"
                    pq.write_table(table, path)
                    self.write(name, path)
                    for engine in ("spark", "duckdb") if table.num_rows else ():
                        found = others.read(engine, self.server.table(name))
                        self.assertEqual(found.schema.names, table.schema.names)
                        self.assertEqual(in_words(found), in_words(table), f"{name} by {engine}: {table.schema}")
                    rows += table.num_rows
        self.proved(f"{rows:,} rows of random schemas nested to depth 5: equal by Spark and by DuckDB's Delta reader")

    def test_pages_of_many_rows(self):
        """Row groups of several Parquet pages: few and many values, dictionaries, deltas, NULLs alone and in heaps."""
        rows, generator = 140_000, random.Random(7)
        table = many_pages(rows, generator)
        path = self.folder / "pages.arrow"
        with pa.ipc.new_file(path, table.schema) as file:
            file.write_table(table)
        server = self.engine("pages", config={"tables": {"commit_interval_ms": 5000}})
        written = json.loads(self.lakehead("write", "pages", path, "--batch-rows", 65_536, "--server", server.address))
        self.assertEqual(written["rows"], rows)
        files = [pq.ParquetFile(path).metadata for path in live_files(server.table("pages"))]
        self.assertGreater(max(file.row_group(group).num_rows for file in files for group in range(file.num_row_groups)), 1 << 16)
        words = in_words(table)
        for reader, read in READERS.items():
            self.assertEqual(in_words(read(server.table("pages"))), words, reader)
        self.proved(f"{rows:,} rows of {table.num_columns} types in row groups of several pages: equal by all three readers")

    def test_random_ndjson(self):
        rows = 0
        for seed in range(SEEDS // 2):
            with self.subTest(seed=seed):
                table = RandomTable(seed, depth=4, for_json=True).table()
                name, path = f"json_{seed}", self.folder / f"json_{seed}.ndjson"
                path.write_text(ndjson(table), encoding="utf-8")
                self.lakehead("table", "create", name, "--columns", columns(table.schema), "--server", self.server.address)
                self.assertEqual(self.write(name, path)["rows"], table.num_rows)
                if table.num_rows:
                    self.check(name, table)
                rows += table.num_rows
        self.proved(f"{SEEDS // 2} tables made from lists of columns, {rows:,} rows of NDJSON: equal by all three readers")

    def test_every_policy_of_encoding(self):
        rows = 30_000
        telemetry = pa.table({
            "at": pa.array([1_700_000_000_000_000 + row * 1_000 + row * row % 997 for row in range(rows)], pa.timestamp("us", "UTC")),
            "noise": [(row * 2_654_435_761 % 4_294_967_296) / 7 for row in range(rows)],
            "status": pa.array([(200, 404, 500, None, 301)[row * 7 % 5] for row in range(rows)], pa.int32()),
            "device": [f"device-{row * 7_919 % 1_000:013}" for row in range(rows)],
            "note": [f"order number {row:09} of the year" for row in range(rows)],
            "tags": [[f"tag {row % 9}"] * (row % 3) for row in range(rows)],
        })
        path = self.folder / "telemetry.parquet"
        pq.write_table(telemetry, path)
        sizes = {}
        for policy in ("speed", "balanced", "size"):
            self.lakehead("table", "create", policy, "--like", path, "--encoding", policy, "--data-dir", self.server.data_dir)
            self.assertEqual(self.write(policy, path, "--batch-rows", 10_000)["rows"], rows)
            self.check(policy, telemetry)
            sizes[policy] = sum(file.stat().st_size for file in self.server.table(policy).glob("*.parquet"))
        self.assertLess(sizes["size"], 1.02 * min(sizes.values()))
        self.proved(f"{rows:,} rows by each policy of encoding: equal by all three readers; bytes: {sizes}")

    def test_weather_and_planes(self):
        for name in ("weather", "planes"):
            path = self.folder / f"{name}.csv"
            path.write_bytes(flights.csv_bytes(name))
            expected = flights.inferred(path.read_bytes())
            self.assertEqual(self.write(name, path, "--stream", name)["rows"], expected.num_rows)
            self.check(name, expected)
        self.proved("26,115 hours of weather and 3,322 planes from CSV files: equal by pyarrow, DuckDB and delta-rs")


if __name__ == "__main__":
    unittest.main()
