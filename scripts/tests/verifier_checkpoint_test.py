"""Checkpoints written by delta-rs: read, compared with the commits, and stood upon when the commits are gone."""

import json
import sys
import tempfile
import unittest
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SCRIPTS))

from verifier.findings import CannotVerify  # noqa: E402
from verifier.report import verify  # noqa: E402

from tests.handmade_table import batch, rows  # noqa: E402


class CheckpointTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lakehead-verifier-")
        self.addCleanup(folder.cleanup)
        self.table = Path(folder.name) / "table"
        for version in range(6):
            if version == 4:
                DeltaTable(self.table).create_checkpoint()
            write_deltalake(
                self.table,
                pa.Table.from_batches([batch(rows("a", version * 10, version * 10 + 10))]),
                mode="append",
                commit_properties=CommitProperties(app_transactions=[Transaction("lakehead/stream/a", version * 10 + 10)]),
            )
        self.log = self.table / "_delta_log"
        self.checkpoint = self.log / f"{3:020d}.checkpoint.parquet"

    def test_a_table_of_another_writer(self):
        report = verify(self.table, expect_rows=60, named=True)
        self.assertEqual(report.findings.problems, [])
        self.assertEqual([c.version for c in report.log.checkpoints], [3])

    def test_a_table_that_starts_with_its_checkpoint(self):
        for version in range(4):
            (self.log / f"{version:020d}.json").unlink()
        report = verify(self.table, expect_rows=60, named=True)
        self.assertEqual((report.findings.problems, len(report.log.commits)), ([], 2))

    def test_commits_missing_behind_the_checkpoint(self):
        for version in range(5):
            (self.log / f"{version:020d}.json").unlink()
        with self.assertRaisesRegex(CannotVerify, "begins at version 5"):
            verify(self.table)

    def rewrite(self, change):
        actions = pq.read_table(self.checkpoint)
        pq.write_table(change(actions), self.checkpoint)

    def problems(self):
        return " ".join(verify(self.table).findings.problems)

    def test_a_checkpoint_that_lost_a_file(self):
        def without_first_add(actions):
            index = next(i for i, add in enumerate(actions["add"].to_pylist()) if add)
            return pa.concat_tables([actions.slice(0, index), actions.slice(index + 1)])

        self.rewrite(without_first_add)
        self.assertIn("disagree about whether file", self.problems())

    def test_a_checkpoint_that_lost_a_stream(self):
        self.rewrite(lambda actions: actions.filter(pa.compute.is_null(actions["txn"])))
        self.assertIn("has lakehead/stream/a at None, the commits 40", self.problems())

    def test_a_pointer_to_no_checkpoint(self):
        (self.log / "_last_checkpoint").write_text(json.dumps({"version": 5, "size": 9}))
        self.assertIn("_last_checkpoint names version 5", self.problems())

    def test_a_checkpoint_in_parts(self):
        actions = pq.read_table(self.checkpoint)
        self.checkpoint.unlink()
        cut = actions.num_rows // 2
        for part, piece in ((1, actions.slice(0, cut)), (2, actions.slice(cut))):
            pq.write_table(piece, self.log / f"{3:020d}.checkpoint.{part:010d}.{2:010d}.parquet")
        self.assertEqual(verify(self.table).findings.problems, [])
        for version in range(4):
            (self.log / f"{version:020d}.json").unlink()
        self.assertEqual(verify(self.table, expect_rows=60).findings.problems, [])

    def test_a_checkpoint_with_sidecars(self):
        actions = pq.read_table(self.checkpoint)
        self.checkpoint.unlink()
        (self.log / "_sidecars").mkdir()
        is_add = pa.compute.is_valid(actions["add"])
        pq.write_table(actions.filter(is_add).select(["add"]), self.log / "_sidecars" / "s1.parquet")
        kept = [{k: plain(v) for k, v in row.items() if v is not None} for row in
                actions.filter(pa.compute.invert(is_add)).select(["txn", "metaData", "protocol"]).to_pylist()]
        lines = [*filter(None, kept), {"checkpointMetadata": {"version": 3}}, {"sidecar": {"path": "s1.parquet", "sizeInBytes": 1}}]
        name = f"{3:020d}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json"
        (self.log / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
        self.assertEqual(verify(self.table).findings.problems, [])
        for version in range(4):
            (self.log / f"{version:020d}.json").unlink()
        self.assertEqual(verify(self.table, expect_rows=60).findings.problems, [])


def plain(value):
    if isinstance(value, list):
        return dict(value) if value and isinstance(value[0], tuple) else value
    return {k: plain(v) for k, v in value.items()} if isinstance(value, dict) else value


if __name__ == "__main__":
    unittest.main()
