"""Upkeep of tables that are written, changed by others and killed meanwhile."""

import os
import re
import threading
import time
import unittest

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError

from harness.deadline import wait_until
from harness.readers import by_duckdb
from harness.verified_rows import verified_batch
from tests.e2e import LONG, EndToEnd
from verifier.delta_log import replay

STREAMS = 4
SECONDS, KILLS = (60, 12) if LONG else (12, 3)
COMMITS_PER_FILE = 3
SETTLE_SECONDS = 60
THEIR_ROWS, THEIR_PAUSE_SECONDS = 50, 0.25
# What a file of this engine is named that is bound to a claim of one of its logs.
OURS = re.compile(r"^part-[0-9a-f]{32}-[0-9a-f]{16}-\d+-\d+\..*parquet$")
CONFIG = {
    "tables": {"commit_interval_ms": 100, "checkpoint_interval": 20},
    "upkeep": {"interval_ms": 300, "target_file_mb": 8},
}


class Others(threading.Thread):
    """delta-rs on the same table: whole streams appended, some of them deleted again; files optimised when it may."""

    def __init__(self, table):
        super().__init__(daemon=True)
        self.table = str(table)
        self.kept, self.deleted, self.failures = [], [], []
        self.lost_races = self.optimised = 0
        self.optimises, self.deletes = False, True
        self.ends = threading.Event()

    def run(self):
        number = 0
        while not self.ends.is_set():
            try:
                self.turn(number)
            except Exception as failure:  # what they say is judged by the test
                self.failures.append(f"{type(failure).__name__}: {failure}")
                return
            number += 1
            self.ends.wait(THEIR_PAUSE_SECONDS)

    def turn(self, number):
        stream = f"theirs-{number:04d}"
        batch = verified_batch(stream, 0, THEIR_ROWS)
        if self.tried(lambda: write_deltalake(self.table, pa.Table.from_batches([batch]), mode="append")):
            self.kept.append(stream)
        if self.deletes and number % 4 == 3 and self.kept:
            victim = self.kept[0]
            if self.tried(lambda: DeltaTable(self.table).delete(f"stream = '{victim}'")):
                self.kept.remove(victim)
                self.deleted.append(victim)
        if self.optimises and number % 10 == 9 and self.tried(lambda: DeltaTable(self.table).optimize.compact(target_size=1 << 20)):
            self.optimised += 1

    def tried(self, operation):
        """Whether it was done; who loses against a commit in between tries another time."""
        try:
            operation()
            return True
        except DeltaError:
            self.lost_races += 1
            return False

    def end(self):
        self.ends.set()
        self.join()


class UpkeepTest(EndToEnd):
    def test_a_table_that_others_change_is_kept_up_through_kills(self):
        engine = self.engine(config=CONFIG)
        table = engine.table("kept")
        producers = self.produce(engine, ["kept"], streams=STREAMS, rows_per_second=400, batch_rows=20,
                                 ledgers=self.folder / "ledgers")
        wait_until("a commit", lambda: (table / "_delta_log" / f"{3:020}.json").exists(), 30)
        others = Others(table)
        others.start()
        for _ in range(KILLS):
            time.sleep(SECONDS / KILLS)
            engine.kill()
            engine.start()
        # The engine has merged what there was, or will. On a slow machine a merge takes longer than the pause between two deletes,
        # to each of which it gives way.
        others.deletes = False
        wait_until("merges", lambda: any(self.is_upkeep(table, commit) for commit in replay(table).commits), SETTLE_SECONDS)
        wait_until("few files", lambda: self.has_few_files(replay(table)), SETTLE_SECONDS)
        # delta-rs does not notice merges that are committed while it optimises: it begins while no engine merges.
        engine.kill()
        wait_until("an optimised table", lambda: others.tried(DeltaTable(others.table).optimize.compact), SETTLE_SECONDS)
        others.optimises = others.deletes = True
        engine.start()
        time.sleep(SECONDS / KILLS)
        others.end()
        self.assertEqual(others.failures, [])
        self.assertTrue(others.deleted and others.kept and others.optimised, "others did something")
        # The last run's first look came when its logs had claimed the table, or the one after it.
        wait_until("no orphans", lambda: not self.orphans(table), SETTLE_SECONDS)
        producers.terminate()
        self.finish(producers)
        report = self.judge(table, others)
        merges = [commit for commit in report.log.commits if self.is_upkeep(table, commit)]
        self.assertTrue(merges, "the engine merged nothing")
        merged = sum(len(commit.removes) for commit in merges)
        commits = len(report.log.commits)
        self.clean(engine, table)
        self.judge(table, others)
        self.proved(
            f"{commits:,} commits through {KILLS} kills are {len(report.log.state.files)} files: {len(merges)} merges of {merged:,} "
            f"files beside delta-rs ({len(others.kept)} streams kept, {len(others.deleted)} deleted, {others.optimised} times "
            f"optimised, {others.lost_races} races lost); {report.data.rows:,} rows are there once, no orphan is left, the log is clean")

    def has_few_files(self, log):
        """Where a new one comes with every commit."""
        return len(log.state.files) * COMMITS_PER_FILE <= log.state.version

    def judge(self, table, others):
        """Every acknowledged row is there once; theirs are there, or not, as they wanted it."""
        report = self.assert_good(table, self.ledgers(self.folder / "ledgers", "kept"), durable=True)
        streams = report.data.streams
        self.assertEqual({stream: THEIR_ROWS for stream in others.kept}, {
            stream: streams.rows(stream) for stream in streams.runs if stream.startswith("theirs-")})
        self.assertEqual(by_duckdb(table, "select count(*) from rows").column(0)[0].as_py(), report.data.rows)
        self.assertEqual(DeltaTable(str(table)).to_pyarrow_table(columns=["seq"]).num_rows, report.data.rows)
        return report

    def is_upkeep(self, table, commit):
        text = (table / "_delta_log" / f"{commit.version:020}.json").read_text(encoding="utf-8")
        return commit.operation == "OPTIMIZE" and "\"engineInfo\":\"Lakehead" in text

    def orphans(self, table):
        """Files of this engine that no commit names, but those that it may be writing."""
        named = {path for commit in replay(table).commits for path in [*(add.path for add in commit.adds), *commit.removes]}
        now = time.time()
        return [path.name for path in table.glob("part-*.parquet")
                if OURS.match(path.name) and path.name not in named and now - path.stat().st_mtime > 3]

    def clean(self, engine, table):
        """Everything in the log but the newest commits seems to be old; the next time that the table is opened it goes."""
        engine.kill()
        log = table / "_delta_log"
        newest = replay(table).state.version
        old = time.time() - 40 * 86_400
        for path in log.iterdir():
            if path.name[:20].isdigit() and int(path.name[:20]) < newest - 5:
                os.utime(path, (old, old))
        before = len(list(log.glob("*.json")))
        engine.start()
        self.finish(self.produce(engine, ["kept"], streams=1, prefix="late", rows=100, ledgers=self.folder / "ledgers"))
        wait_until("a clean log", lambda: len(list(log.glob("*.json"))) < before / 2, SETTLE_SECONDS)
        # Who lists the log meanwhile may not find what was there.
        engine.terminate()
        self.assertEqual(engine.wait(), 0, engine.log_tail())
        self.assertFalse((log / f"{0:020}.json").exists())

    def test_a_table_may_say_that_it_is_not_to_be_merged(self):
        config = {**CONFIG, "upkeep": {"interval_ms": 100, "compact": False}}
        engine = self.engine(config=config)
        self.finish(self.produce(engine, ["plain"], streams=2, rows=1_500, rows_per_second=500, batch_rows=20,
                                 ledgers=self.folder / "ledgers"))
        report = self.assert_good(engine.table("plain"), self.ledgers(self.folder / "ledgers", "plain"), named=True)
        self.assertFalse(any(commit.removes for commit in report.log.commits))
        self.assertGreater(len(report.log.state.files), 8)


if __name__ == "__main__":
    unittest.main()
