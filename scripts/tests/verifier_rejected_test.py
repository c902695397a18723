"""Rows that are in the table of rejected rows count with the table's own: each acknowledged one is in one of the two, once."""

import datetime
import json
import tempfile
import unittest
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from deltalake import CommitProperties, Transaction, write_deltalake

from tests.handmade_table import ARROW, HandmadeTable, batch, rows

from verifier import content
from verifier.rejected import typed
from verifier.report import verify

REJECTS = pa.schema([
    ("stream", pa.string()), ("offset", pa.int64()), ("code", pa.string()), ("reason", pa.string()), ("row", pa.string()),
    ("log", pa.string()), ("position", pa.int64()), ("rejected_at", pa.timestamp("us", tz="UTC")),
])
BAD = (12, 30, 31, 59)
NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def reject(row, **other):
    at = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=row["at"])
    said = json.dumps(row | {"at": at.isoformat() + "Z"})
    return {"stream": row["stream"], "offset": row["seq"], "code": "null_value", "reason": "row 1: price is NULL", "row": said,
            "log": "16cfce0e91f449a3994c33c067bfcf1f", "position": row["seq"] // 10, "rejected_at": NOW, **other}


class RejectedTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lakehead-verifier-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def table(self, bad=BAD):
        """Rows 0 to 59 of stream a in two commits, but for the bad ones."""
        table = HandmadeTable(self.folder / "orders")
        table.commit([row for row in rows("a", 0, 30) if row["seq"] not in bad], a=30)
        table.commit([row for row in rows("a", 30, 60) if row["seq"] not in bad], a=60)
        return table

    def rejects(self, some, told=60):
        properties = CommitProperties(app_transactions=[Transaction("lakehead/stream/a", told)])
        write_deltalake(str(self.folder / "orders_rejected"), pa.Table.from_pylist(some, REJECTS), mode="append",
                        commit_properties=properties)

    def bad(self, seqs=BAD, **other):
        return [reject(row, **other) for row in rows("a", 0, 60) if row["seq"] in seqs]

    def ledger(self, bad=BAD, end=60):
        sent = rows("a", 0, end)
        def hashed(some):
            return content.range_hash(content.row_hashes(batch(some)))
        known = [row for row in sent if row["seq"] in bad]
        line = {"stream": "a", "from": 0, "to": end, "hash": hashed(sent), "rejected": len(known), "rejected_hash": hashed(known)}
        path = self.folder / "ledger.jsonl"
        path.write_text(json.dumps(line) + "\n", encoding="utf-8")
        return path

    def problems(self, **options):
        return verify(self.folder / "orders", [self.ledger(**options)], named=True).findings.problems

    def assert_problem(self, problems, *words):
        self.assertTrue([p for p in problems if all(word in p for word in words)], f"no problem names {words}: {problems}")

    def test_each_row_is_in_one_of_the_two(self):
        self.table()
        self.rejects(self.bad()[:2], 31)
        self.rejects(self.bad()[2:])
        report = verify(self.folder / "orders", [self.ledger()], named=True)
        self.assertEqual(report.findings.problems, [])
        self.assertEqual((report.data.rows, report.rejected_rows, report.data.streams.rows("a")), (56, 4, 60))
        self.assertEqual(report.as_json()["rejected_codes"], {"null_value": 4})
        # By itself it is a good table, too, whose streams' entries count rows that are elsewhere.
        self.assertEqual(verify(self.folder / "orders_rejected").findings.problems, [])

    def test_a_row_that_is_in_both(self):
        self.table(bad=BAD[1:])
        self.rejects(self.bad())
        problems = self.problems()
        self.assert_problem(problems, "rows 12 to 12 are there twice", "orders_rejected")
        self.assert_problem(problems, "rows 0 to 59 are 60, the table has 61, 4 of them rejected")

    def test_a_row_that_is_in_neither(self):
        self.table()
        self.rejects(self.bad(BAD[:3]))
        problems = self.problems()
        self.assert_problem(problems, "the table has 59, 3 of them rejected")
        self.assert_problem(problems, "txn entry says 60 rows, the table has 59")

    def test_a_row_that_is_in_neither_because_there_is_no_such_table(self):
        self.table()
        self.assert_problem(self.problems(), "rows 12 to 12 are missing")

    def test_a_row_that_was_rejected_twice(self):
        self.table()
        self.rejects(self.bad())
        self.rejects(self.bad(BAD[2:3]))
        self.assert_problem(self.problems(), "rows 31 to 31 are there twice (orders_rejected/")

    def test_another_content(self):
        self.table()
        some = self.bad()
        row = json.loads(some[1]["row"])
        some[1]["row"] = json.dumps(row | {"note": "another"})
        self.rejects(some)
        self.assert_problem(self.problems(), "another content")

    def test_a_good_row_that_was_rejected_and_a_bad_one_that_was_not(self):
        self.table(bad=(11, *BAD[1:]))
        self.rejects(self.bad((11, *BAD[1:])))
        self.assert_problem(self.problems(), "others were rejected than those that must be")
        self.assert_problem(self.problems(bad=BAD[1:]), "3 that must be rejected, 4 were")
        # Without word of it in the ledger a row may be in either.
        path = self.ledger()
        line = json.loads(path.read_text())
        path.write_text(json.dumps({name: line[name] for name in ("stream", "from", "to", "hash")}) + "\n")
        self.assertEqual(verify(self.folder / "orders", [path], named=True).findings.problems, [])

    def test_rows_that_are_not_what_they_stand_for(self):
        self.table()
        some = self.bad()
        some[0]["offset"] = 13
        some[1]["stream"] = "b"
        some[2]["row"] = "{\"stream\": \"a\""
        some[3]["stream"] = None
        self.rejects(some)
        problems = self.problems()
        self.assert_problem(problems, "row 13 of stream a is row 12 of stream a by its JSON")
        self.assert_problem(problems, "row 30 of stream b is row 30 of stream a by its JSON")
        self.assert_problem(problems, "row 31 of stream a is no JSON object")
        self.assert_problem(problems, "row 59 of stream None names no stream, and stream a has a name")

    def test_rows_in_front_of_their_streams_entry(self):
        self.table()
        self.rejects(self.bad(), 59)
        self.assert_problem(self.problems(), "orders_rejected: stream a: the txn entry says 59 rows, row 59 is there")

    def test_a_table_of_rejected_rows_that_is_damaged(self):
        self.table()
        self.rejects(self.bad())
        for file in (self.folder / "orders_rejected").glob("*.parquet"):
            file.unlink()
        self.assert_problem(self.problems(), "orders_rejected: ", "does not exist")

    def test_rows_that_were_rejected_before_their_commit_came(self):
        self.table()
        self.rejects(self.bad())
        self.rejects([reject(row) for row in rows("a", 63, 65)], 65)
        self.assertEqual(self.problems(), [])
        self.rejects([reject(row) for row in rows("a", 64, 65)], 65)
        self.assert_problem(self.problems(), "rows 64 to 64 are there twice")

    def test_versions_are_judged_with_rejected_rows_between(self):
        table = HandmadeTable(self.folder / "orders")
        table.commit([row for row in rows("a", 0, 28)], a=31)
        table.commit([row for row in rows("a", 32, 60)], a=60)
        self.rejects(self.bad(range(28, 32)))
        self.assertEqual(self.problems(bad=range(28, 32)), [])
        table.versions[1][1]["txn"]["version"] = 40
        table.write_log(1)
        self.assert_problem(self.problems(bad=range(28, 32)), "version 1 says 40 rows", "holds rows up to 28")

    def test_json_is_heard_in_the_types_of_the_table(self):
        kinds = {field.name: field.type for field in ARROW} | {
            "amount": pa.decimal128(9, 2), "day": pa.date32(), "map": pa.map_(pa.string(), pa.int16()), "ratio": pa.float64(),
            "bytes": pa.binary(), "points": pa.list_(pa.struct([("x", pa.int32()), ("label", pa.string())]))}
        said = json.loads('{"stream": "a", "seq": 3, "price": 1e3, "at": "2024-02-29T12:30:00.000001Z", "amount": "12.5", '
                          '"day": "2024-02-29", "map": [{"key": "k", "value": 7}], "ratio": "-inf", '
                          '"bytes": {"hex": "00ff"}, "points": [{"x": 1}, null], "new": 4}',
                          parse_float=Decimal)
        moment = datetime.datetime(2024, 2, 29, 12, 30, 0, 1, datetime.timezone.utc)
        row = typed([said], kinds).to_pylist()[0]
        self.assertEqual(row, {
            "stream": "a", "seq": 3, "price": 1000.0, "at": moment, "amount": Decimal("12.50"), "day": moment.date(),
            "map": [("k", 7)], "ratio": float("-inf"), "bytes": b"\x00\xff", "points": [{"x": 1, "label": None}, None], "new": 4})


if __name__ == "__main__":
    unittest.main()
