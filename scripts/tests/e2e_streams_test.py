"""64 named streams into four tables at once."""

import os
import unittest

import pyarrow as pa

from tests.e2e import EndToEnd

from harness import readers
from harness.verified_rows import SCHEMA, verified_batch

TABLES = ["plant.north", "plant.south", "plant.east", "plant.west"]
STREAMS_PER_TABLE = 16
ROWS = 6_000
ROWS_PER_SECOND = 1_000
COMMIT_INTERVAL_MS = 1_000
REACTOR = "lakehead-core-"
CPU_SECONDS_MIN = 0.02


class StreamsTest(EndToEnd):
    def test_many_streams_into_many_tables(self):
        engine = self.engine(config={"tables": {"commit_interval_ms": COMMIT_INTERVAL_MS}})
        before = reactor_seconds(engine)
        producers = [
            self.produce(engine, [table], streams=STREAMS_PER_TABLE, rows=ROWS, rows_per_second=ROWS_PER_SECOND,
                         batch_rows=100, prefix=table, ledgers=self.folder / "ledgers")
            for table in TABLES
        ]
        for producer in producers:
            self.finish(producer)
        # A reactor's helper thread bears its name too, and does next to nothing.
        spent = [seconds - before.get(thread, 0) for thread, seconds in reactor_seconds(engine).items()]
        spent = [seconds for seconds in spent if seconds > CPU_SECONDS_MIN]
        self.assertEqual(len(spent), len(os.sched_getaffinity(0)), f"threads: {engine.thread_cpu_seconds()}")
        self.proved(f"every core's reactor worked (CPU seconds: {', '.join(f'{seconds:.2f}' for seconds in spent)})")
        for table in TABLES:
            self.judge(engine.table(table), table)
        self.proved(f"{len(TABLES) * STREAMS_PER_TABLE} streams of {ROWS:,} rows are gap-free, in order, once and equal")

    def judge(self, directory, table):
        ledgers = self.ledgers(self.folder / "ledgers", table)
        self.assertEqual(len(ledgers), STREAMS_PER_TABLE)
        rows = ROWS * STREAMS_PER_TABLE
        report = self.assert_good(directory, ledgers, expect_rows=rows, named=True)
        self.assertEqual(report.ledger_rows, rows)

        names = [f"{table}-{index:02d}" for index in range(STREAMS_PER_TABLE)]
        expected = pa.Table.from_batches([verified_batch(name, 0, ROWS) for name in names]).combine_chunks()
        columns = ", ".join(SCHEMA.names)
        for name, reader in readers.READERS.items():
            found = reader(directory, f"select {columns} from rows order by stream, seq").cast(SCHEMA).combine_chunks()
            self.assertEqual(found, expected, f"{name} reads other rows from {table}")
        self.judge_ticks(report, table)

    def judge_ticks(self, report, table):
        """One commit per tick holds all streams and both cores' row groups, instead of a commit for each."""
        commits = [commit for commit in report.log.commits if commit.adds]
        seconds = (commits[-1].time_ms - commits[0].time_ms) / 1000
        ticks = seconds * 1000 / COMMIT_INTERVAL_MS
        self.assertLessEqual(len(commits), ticks * 1.3 + 3, f"{table} has more commits than ticks")
        self.assertTrue(all(len(commit.adds) == 1 for commit in commits), f"a commit of {table} has several files")
        most = max(len([app for app in commit.txns if not app.endswith("/epoch")]) for commit in commits)
        self.assertGreaterEqual(most, STREAMS_PER_TABLE // 2, f"no commit of {table} holds half of its streams")
        self.proved(f"{table}: {len(commits)} commits with rows in {seconds:.1f} s, one file each, up to {most} streams in one")


def reactor_seconds(engine):
    """CPU seconds of each reactor thread, by thread id."""
    return {thread: seconds for thread, name, seconds in engine.thread_cpu_seconds() if name.startswith(REACTOR)}


if __name__ == "__main__":
    unittest.main()
