"""A store whose operations fail, before or after they were done, stall or hang: every row is in its table once.

Skipped, with the reason, on a machine that cannot mount a FUSE file system.
"""

import json
import signal
import time
import unittest
from pathlib import Path

from tests.e2e import LONG, EndToEnd

from harness import mounts
from harness.deadline import wait_until
from harness.faults import EVERYTHING
from harness.faulty_store import FaultyStore

LACKING = "; ".join(mounts.missing())
STREAMS, ANONYMOUS, ROWS_PER_SECOND = 6, 2, 500
COMMIT_INTERVAL_MS = 100
# Each kind of fault is met so often, under load, before the store is well again.
EACH_FAULT_TIMES = 40 if LONG else 3
FAULTS_SECONDS_MAX = 900 if LONG else 40
KILLS = 20 if LONG else 2


def setUpModule():
    if LACKING:
        raise unittest.SkipTest(f"no FUSE file system on this machine: {LACKING}")
    mounts.make_private()


class FaultyStoreTest(EndToEnd):
    def setUp(self):
        super().setUp()
        self.below = self.folder / "below"
        self.store = FaultyStore(self.folder / "data" / "tables", self.below, self.folder / "control.json")
        self.addCleanup(self.store.end)

    def engine_and_producers(self, tables, **options):
        engine = self.engine(config={"tables": {"commit_interval_ms": COMMIT_INTERVAL_MS}})
        producers = self.produce(
            engine, tables, streams=STREAMS, anonymous=ANONYMOUS, rows_per_second=ROWS_PER_SECOND, batch_rows=50, patience=120,
            ledgers=self.folder / "ledgers", **options)
        return engine, producers

    def stop_and_judge(self, engine, producers, tables):
        """The producers' last rows are acknowledged, the engine drains, and the tables are read without the store."""
        producers.send_signal(signal.SIGTERM)
        final = json.loads(self.finish(producers).splitlines()[-1])
        engine.terminate()
        self.assertEqual(engine.wait(), 0, engine.log_tail())
        rows = 0
        for table in tables:
            report = self.assert_good(
                self.below / Path(*table.split(".")), self.ledgers(self.folder / "ledgers", table), named=True, durable=True)
            found = {stream: report.data.streams.rows(stream) for stream in final[table]}
            self.assertEqual(found, final[table])
            self.assertLessEqual(set(report.data.streams.runs), set(final[table]) | report.anonymous)
            rows += report.data.rows
        return rows

    def acked(self, table, ack):
        """Rows of a table that were acknowledged so far, as `committed` or before that as `durable`."""
        ledgers = self.ledgers(self.folder / "ledgers", table)
        lines = [json.loads(line) for path in ledgers for line in path.read_bytes().rpartition(b"\n")[0].splitlines()]
        return sum(line["to"] - line["from"] for line in lines if line.get("ack", "committed") == ack)

    def committed(self, table):
        return self.acked(table, "committed")

    def test_operations_fail_before_and_after_they_are_done(self):
        tables = ["faulty.one", "faulty.two"]
        engine, producers = self.engine_and_producers(tables)
        wait_until("a first commit", lambda: all(map(self.committed, tables)), 30)
        self.store.faults(*EVERYTHING, seed=5)
        kinds = {f"{rule['operation']} {rule['fault']}" for rule in EVERYTHING}
        kills, met = 0, {}

        def all_met():
            nonlocal kills, met
            self.assertIsNone(producers.poll(), "producers ended")
            met = self.store.met()
            times = min(met.get(kind, 0) for kind in kinds)
            if kills < KILLS and times * KILLS > EACH_FAULT_TIMES * kills:
                engine.kill()
                engine.start()
                kills += 1
            return times >= EACH_FAULT_TIMES and kills == KILLS

        try:
            wait_until("every kind of fault", all_met, FAULTS_SECONDS_MAX)
        except TimeoutError:
            self.fail(f"not every kind of fault was met: {met}; {engine.log_tail()}")
        self.store.faults()
        rows = self.stop_and_judge(engine, producers, tables)
        self.proved(f"{sum(met.values())} faults of {len(kinds)} kinds in the tables' store, {kills} kills of the engine: "
                    f"{rows:,} rows once")

    def test_a_store_that_stalls(self):
        engine, producers = self.engine_and_producers(["stalled"])
        wait_until("a first commit", lambda: self.committed("stalled"), 30)
        self.store.faults(stall={"seconds": 1.5, "every": 0.5})
        wait_until("three stalls", lambda: self.store.met().get("stall", 0) >= 3 and self.committed("stalled") > 10_000, 60)
        self.store.faults()
        rows = self.stop_and_judge(engine, producers, ["stalled"])
        self.proved(f"a store that stalls 1.5 of 2 seconds: {rows:,} rows once")

    def test_a_table_whose_store_hangs_holds_up_no_other(self):
        tables = ["sick", "well"]
        engine, producers = self.engine_and_producers(tables)
        wait_until("first commits", lambda: all(map(self.committed, tables)), 30)
        self.store.faults({"operation": "link", "fault": "hang", "path": "sick/_delta_log"})
        wait_until("the hang", lambda: self.store.met().get("link hang"), 30)
        sick, well, began = self.committed("sick"), self.committed("well"), time.monotonic()
        wait_until("the other table's commits", lambda: self.committed("well") > well + 5_000, 30)
        seconds = time.monotonic() - began
        self.assertEqual(self.committed("sick"), sick, "nothing is acknowledged that is not committed")
        durable = self.acked("sick", "durable")
        wait_until("durable acks of the sick table", lambda: self.acked("sick", "durable") > durable, 30)
        self.store.faults()
        wait_until("the table's recovery", lambda: self.committed("sick") > sick + 1_000, 30)
        rows = self.stop_and_judge(engine, producers, tables)
        self.proved(f"while one table's commit hung, another's 5,000 rows were committed in {seconds:.1f} s; {rows:,} rows once")


if __name__ == "__main__":
    unittest.main()
