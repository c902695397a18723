"""The verifier on partitioned tables: values come from the log, and wrong ones are found."""

import json
import sys
import tempfile
import unittest
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from deltalake import write_deltalake

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SCRIPTS))

from harness.random_tables import in_words  # noqa: E402
from harness.readers import by_pyarrow  # noqa: E402
from verifier.report import verify  # noqa: E402

MOMENT = datetime(2024, 2, 28, 12, 30, 0, 1)
COLUMNS = {
    "boolean": pa.array([True, False, None]),
    "byte": pa.array([-128, 127, None], pa.int8()),
    "long": pa.array([-(2 ** 63), 0, None], pa.int64()),
    "float": pa.array([1.5, float("inf"), None], pa.float32()),
    "double": pa.array([0.1, -2.5e30, None], pa.float64()),
    "day": pa.array([date(2024, 1, 31), date(1, 1, 1), None]),
    "moment": pa.array([MOMENT.replace(tzinfo=timezone.utc), MOMENT.replace(year=1970, tzinfo=timezone.utc), None],
                       pa.timestamp("us", "UTC")),
    "reading": pa.array([MOMENT, MOMENT.replace(year=1969), None], pa.timestamp("us")),
    "text": pa.array(["a/b c=%", "ü", None]),
    "decimal": pa.array([Decimal("1.20"), Decimal("12345.67"), None], pa.decimal128(9, 2)),
}


class PartitionsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def table(self, name, column):
        rows = pa.table({"row": pa.array([0, 1, 2], pa.int64()), "p": column})
        write_deltalake(str(self.folder / name), rows, partition_by=["p"])
        return self.folder / name, rows

    def spoil(self, table, change):
        """Changes the partition values of every file in the log."""
        path = table / "_delta_log" / f"{0:020d}.json"
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            if "add" in line:
                change(line["add"]["partitionValues"])
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return verify(table, []).findings.problems

    def test_values_of_every_type_come_from_the_log(self):
        for name, column in COLUMNS.items():
            with self.subTest(name):
                table, rows = self.table(name, column)
                self.assertEqual(verify(table, [], expect_rows=3).findings.problems, [])
                self.assertEqual(in_words(by_pyarrow(table)), in_words(rows))

    def test_wrong_values_are_found(self):
        table, _ = self.table("long", COLUMNS["long"])
        self.assertIn("is 'x', which is no long", self.spoil(table, lambda values: values.update(p="x"))[0])
        self.assertIn("partition values are", self.spoil(table, lambda values: values.update(q="1"))[0])
        self.assertIn("partition values are", self.spoil(table, lambda values: values.clear())[0])

    def test_null_where_none_may_be_is_found(self):
        schema = pa.schema([pa.field("row", pa.int64()), pa.field("p", pa.string(), nullable=False)])
        table = self.folder / "strict"
        write_deltalake(str(table), pa.table({"row": [0], "p": ["a"]}, schema=schema), partition_by=["p"])
        self.assertEqual(verify(table, []).findings.problems, [])
        self.assertIn("does not allow", self.spoil(table, lambda values: values.update(p=None))[0])


if __name__ == "__main__":
    unittest.main()
