"""The verifier passes good tables and names what is wrong with bad ones."""

import hashlib
import json
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SCRIPTS))

from verifier import content  # noqa: E402
from verifier.findings import CannotVerify  # noqa: E402
from verifier.report import verify  # noqa: E402

from tests.handmade_table import HandmadeTable, batch, rows  # noqa: E402


def plain_hash(row):
    """The row hash of content.py's head, one value at a time."""
    h = 0
    for name, value in sorted(row.items()):
        if value is None:
            continue
        if isinstance(value, float):
            value = struct.unpack("<Q", struct.pack("<d", value))[0]
        elif isinstance(value, str):
            value = text_hash(value)
        h = mix(mix(h ^ text_hash(name)) ^ value)
    return h


def text_hash(text):
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def mix(h):
    h = (h + 0x9E3779B97F4A7C15) % 2**64
    h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    h = (h ^ h >> 27) * 0x94D049BB133111EB % 2**64
    return h ^ h >> 31


class VerifierTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lakehead-verifier-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def table(self):
        """Two streams in three commits, 100 rows of a and 60 of b."""
        table = HandmadeTable(self.folder / "table")
        table.commit(rows("a", 0, 40) + rows("b", 0, 30), a=40, b=30)
        table.commit(rows("a", 40, 90), a=90)
        table.commit(rows("b", 30, 60) + rows("a", 90, 100), a=100, b=60)
        return table

    def problems(self, table, **options):
        return verify(table.directory, **options).findings.problems

    def assert_problem(self, problems, *words):
        found = [p for p in problems if all(word in p for word in words)]
        self.assertTrue(found, f"no problem names {words}: {problems}")

    def ledger(self, lines, name="ledger.jsonl", torn=""):
        path = self.folder / name
        path.write_text("".join(json.dumps(line) + "\n" for line in lines) + torn, encoding="utf-8")
        return path

    def line(self, stream, start, end, version, sent=None):
        sent = sent or rows(stream, start, end)
        hashed = content.range_hash(content.row_hashes(batch(sent)))
        return {"stream": stream, "from": start, "to": end, "hash": hashed, "version": version}

    # Good tables.

    def test_a_good_table(self):
        report = verify(self.table().directory, expect_rows=160, named=True)
        self.assertEqual(report.findings.problems, [])
        self.assertEqual((report.data.rows, report.log.state.version), (160, 3))
        self.assertEqual([c["rows"] for c in report.commits()], [0, 70, 50, 40])
        self.assertEqual([c["row_groups"] for c in report.commits()], [0, 2, 1, 1])
        self.assertEqual(report.commits()[3]["streams"], ["a", "b"])

    def test_a_good_ledger_however_it_is_cut(self):
        lines = [self.line("a", 0, 35, 1), self.line("a", 35, 95, 3), self.line("b", 0, 60, 3)]
        ledger = self.ledger(lines + lines[:1], torn='{"stream": "a", "from": 95, "to"')
        report = verify(self.table().directory, [ledger])
        self.assertEqual((report.findings.problems, report.ledger_rows), ([], 155))

    def test_a_hash_does_not_depend_on_batches(self):
        whole = content.row_hashes(batch(rows("a", 0, 100)))
        halves = [content.row_hashes(batch(rows("a", *ends))) for ends in ((0, 50), (50, 100))]
        self.assertEqual(list(whole), [*halves[0], *halves[1]])
        self.assertEqual(content.range_hash(whole), f"{sum(map(plain_hash, rows('a', 0, 100))) % 2**64:016x}")

    # Rows.

    def test_a_duplicate_row(self):
        table = self.table()
        table.commit(rows("a", 95, 96) + rows("b", 60, 61), b=61)
        problems = self.problems(table)
        self.assert_problem(problems, "stream a", "rows 95 to 95 are there twice")
        self.assert_problem(problems, "txn entry says 100 rows, the table has 101")

    def test_a_missing_row(self):
        table = HandmadeTable(self.folder / "table")
        table.commit(rows("a", 0, 10) + rows("a", 11, 20), a=20)
        problems = self.problems(table)
        self.assert_problem(problems, "stream a", "rows 10 to 10 are missing")

    def test_a_missing_tail(self):
        table = self.table()
        table.append([{"txn": {"appId": "lakehead/stream/a", "version": 110}}])
        self.assert_problem(self.problems(table), "txn entry says 110 rows, the table has 100")

    def test_a_stream_whose_rows_all_are_missing(self):
        table = self.table()
        table.append([{"txn": {"appId": "lakehead/stream/c", "version": 5}}])
        self.assert_problem(self.problems(table), "stream c", "txn entry says 5 rows, the table has 0")

    def test_rows_out_of_order_in_a_file(self):
        table = HandmadeTable(self.folder / "table")
        table.commit(rows("a", 5, 10) + rows("a", 0, 5), a=10)
        self.assert_problem(self.problems(table), "row 0 stands behind row 9")

    def test_versions_out_of_order(self):
        table = HandmadeTable(self.folder / "table")
        table.commit(rows("a", 5, 10))
        table.commit(rows("a", 0, 5), a=10)
        self.assert_problem(self.problems(table), "version 2 adds row 0 behind row 9")

    def test_a_commit_whose_txn_is_ahead_of_its_rows(self):
        table = HandmadeTable(self.folder / "table")
        table.commit(rows("a", 0, 5), a=10)
        table.commit(rows("a", 5, 10), a=10)
        self.assert_problem(self.problems(table), "version 1 says 10 rows in its txn entry and holds rows up to 5")

    def test_a_txn_that_goes_back(self):
        table = self.table()
        table.append([{"txn": {"appId": "lakehead/stream/a", "version": 90}}])
        self.assert_problem(self.problems(table), "sets lakehead/stream/a back from 100 to 90")

    def test_a_stream_that_was_forgotten(self):
        table = self.table()
        table.commit([], a=-1)
        self.assertEqual(self.problems(table, expect_rows=160), [])
        table.commit([], a=0)
        table.commit(rows("a", 0, 70), a=70)
        self.assertEqual(self.problems(table, expect_rows=230), [])
        table.commit([], b=-1)
        table.commit(rows("b", 5, 9), b=9)
        self.assert_problem(self.problems(table), "stream b", "rows 0 to 4 are missing")

    def test_rows_behind_a_forgetting(self):
        table = self.table()
        table.commit(rows("a", 0, 10), b=60)
        self.assert_problem(self.problems(table), "stream a", "there twice")
        table.commit([], a=-1)
        table.commit(rows("a", 0, 10), b=60)
        self.assert_problem(self.problems(table), "stream a", "says -1 rows, the table has 10")

    def test_an_unnamed_stream_where_all_must_be_named(self):
        table = self.table()
        table.commit(rows("c", 0, 5))
        self.assertEqual(self.problems(table), [])
        self.assert_problem(self.problems(table, named=True), "stream c", "no txn entry")

    def test_another_number_of_rows_than_expected(self):
        self.assert_problem(self.problems(self.table(), expect_rows=161), "has 160 rows, expected were 161")

    # Files.

    def test_a_missing_file(self):
        table = self.table()
        (table.directory / "part-00002.parquet").unlink()
        problems = self.problems(table)
        self.assert_problem(problems, "part-00002.parquet", "does not exist")
        self.assert_problem(problems, "stream a", "rows 40 to 89 are missing")

    def test_a_file_cut_short(self):
        table = self.table()
        path = table.directory / "part-00002.parquet"
        path.write_bytes(path.read_bytes()[:-10])
        self.assert_problem(self.problems(table), "part-00002.parquet", "the log says")

    def test_a_damaged_file(self):
        table = self.table()
        path = table.directory / "part-00002.parquet"
        data = path.read_bytes()
        path.write_bytes(data[:-200] + bytes(200))
        self.assert_problem(self.problems(table), "part-00002.parquet", "cannot be read")

    def test_a_column_of_another_type(self):
        table = self.table()
        path = table.directory / "part-00002.parquet"
        columns = pq.read_table(path)
        at = columns.schema.get_field_index("price")
        pq.write_table(columns.set_column(at, "price", columns["price"].cast(pa.float32())), path)
        table.add_of(2)["size"] = path.stat().st_size
        table.write_log(2)
        self.assert_problem(self.problems(table), "column price is float, the table says double")

    def test_a_null_where_none_is_allowed(self):
        table = self.table()
        path = table.directory / "part-00002.parquet"
        columns = pq.read_table(path)
        names = pa.array([None, *columns["stream"].to_pylist()[1:]])
        pq.write_table(columns.set_column(0, "stream", names), path)
        table.add_of(2)["size"] = path.stat().st_size
        table.spoil_statistics(2, lambda stats: stats["nullCount"].update(stream=1))
        self.assert_problem(self.problems(table), "nulls in stream, which does not allow them")

    def test_a_stray_file_is_no_fault(self):
        table = self.table()
        pq.write_table(pa.table({"x": [1]}), table.directory / "staged.parquet")
        report = verify(table.directory)
        self.assertTrue(report.good)
        self.assertIn("staged.parquet", report.findings.notes[0])

    # Statistics.

    def test_wrong_statistics(self):
        wrong = {
            "rows, the file has": lambda stats: stats.update(numRecords=49),
            "nulls in price": lambda stats: stats["nullCount"].update(price=0),
            "maxValues.seq": lambda stats: stats["maxValues"].update(seq=88),
            "minValues.seq": lambda stats: stats["minValues"].update(seq=41),
            "minValues.price": lambda stats: stats["minValues"].update(price=11.0),
            "maxValues.note": lambda stats: stats["maxValues"].update(note="note 1"),
            "minValues.note": lambda stats: stats["minValues"].update(note="note 1"),
            "maxValues.at": lambda stats: stats["maxValues"].update(at="2023-11-14T22:13:20.080Z"),
            "minValues.at": lambda stats: stats["minValues"].update(at="2023-11-14T22:13:21.000Z"),
        }
        for words, change in wrong.items():
            with self.subTest(words):
                table = HandmadeTable(self.folder / words.replace(" ", "-"))
                table.commit([])
                table.commit(rows("a", 0, 90), a=90)
                self.assertEqual(self.problems(table), [])
                table.spoil_statistics(2, change)
                self.assert_problem(self.problems(table), words)

    def test_text_bounds_may_be_cut_short(self):
        table = self.table()
        table.spoil_statistics(2, lambda stats: (stats["minValues"].update(note="no"), stats["maxValues"].update(note="nz")))
        self.assertEqual(self.problems(table), [])

    # Ledgers.

    def test_an_acknowledged_row_that_is_not_there(self):
        ledger = self.ledger([self.line("a", 90, 101, 3)])
        self.assert_problem(self.problems(self.table(), ledgers=[ledger]), "rows 90 to 100 are 11, the table has 10")

    def test_an_acknowledged_row_with_another_content(self):
        for column, value in (("price", 1.5), ("note", "other"), ("note", None), ("at", 5)):
            with self.subTest(f"{column}={value}"):
                sent = rows("a", 0, 40)
                sent[11][column] = value
                table = HandmadeTable(self.folder / f"{column}-{value}")
                table.commit(rows("a", 0, 40), a=40)
                ledger = self.ledger([self.line("a", 0, 40, 3, sent)])
                self.assert_problem(self.problems(table, ledgers=[ledger]), "another content")

    def test_contents_that_changed_places(self):
        sent = rows("a", 0, 40)
        sent[11]["price"], sent[12]["price"] = sent[12]["price"], sent[11]["price"]
        ledger = self.ledger([self.line("a", 0, 40, 3, sent)])
        self.assert_problem(self.problems(self.table(), ledgers=[ledger]), "another content")

    def test_an_ack_that_named_a_version_too_early(self):
        ledger = self.ledger([self.line("a", 0, 90, 1)])
        self.assert_problem(self.problems(self.table(), ledgers=[ledger]), "acknowledged in version 1", "in version 2")

    def test_an_acknowledged_duplicate(self):
        table = self.table()
        table.commit(rows("a", 0, 10))
        ledger = self.ledger([self.line("a", 0, 40, 3)])
        self.assert_problem(self.problems(table, ledgers=[ledger]), "rows 0 to 39 are 40, the table has 50")

    def test_ledgers_that_contradict_each_other(self):
        ledger = self.ledger([self.line("a", 0, 40, 3), self.line("a", 30, 50, 3)])
        with self.assertRaisesRegex(CannotVerify, "overlapping"):
            self.problems(self.table(), ledgers=[ledger])

    def test_rows_that_are_only_durable_are_judged_when_asked_for(self):
        durable = {**self.line("a", 80, 120, 1), "ack": "durable"}
        del durable["version"]
        ledger = self.ledger([self.line("a", 40, 90, 3), durable])
        table = self.table()
        self.assertEqual(self.problems(table, ledgers=[ledger]), [])
        self.assert_problem(self.problems(table, ledgers=[ledger], durable=True), "(as durable) rows 80 to 119 are 40", "has 20")

    def test_a_stream_that_its_ledger_calls_anonymous_needs_no_txn_entry(self):
        table = self.table()
        table.commit(rows("nameless", 0, 10))
        self.assert_problem(self.problems(table, named=True), "stream nameless has rows and no txn entry")
        nothing = {"stream": "nameless", "from": 0, "to": 0, "hash": "", "anonymous": True}
        self.assertEqual(self.problems(table, named=True, ledgers=[self.ledger([nothing])]), [])

    # The log.

    def test_a_missing_commit(self):
        table = self.table()
        (table.directory / "_delta_log" / f"{1:020d}.json").unlink()
        with self.assertRaisesRegex(CannotVerify, "1 to 1 .* missing"):
            self.problems(table)

    def test_a_file_that_was_removed(self):
        table = self.table()
        table.append([{"remove": {"path": "part-00002.parquet", "dataChange": True}}])
        self.assert_problem(self.problems(table), "stream a", "rows 40 to 89 are missing")

    def test_the_command(self):
        table = self.table()
        command = [sys.executable, str(SCRIPTS / "verify_table.py"), str(table.directory)]
        done = subprocess.run([*command, "--json", "--commits"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual((found["rows"], found["streams"]), (160, {"a": 100, "b": 60}))
        done = subprocess.run([*command, "--files"], capture_output=True, text=True)
        self.assertEqual([Path(line).name for line in done.stdout.split()], [f"part-0000{n}.parquet" for n in (1, 2, 3)])
        self.assertEqual(subprocess.run([*command, "--expect-rows", "1"], capture_output=True).returncode, 1)
        command[-1] = str(self.folder / "nothing")
        self.assertEqual(subprocess.run(command, capture_output=True).returncode, 2)


if __name__ == "__main__":
    unittest.main()
