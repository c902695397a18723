"""A store that does nothing for a while: rows stay durable in the log up to its limit, then producers wait; other tables do not.

Skipped, with the reason, on a machine that cannot mount a FUSE file system. perf/stalling_store is the same at length.
"""

import json
import os
import signal
import time
import unittest

from tests.e2e import EndToEnd

from harness import mounts
from harness.deadline import wait_until
from harness.faulty_store import FaultyStore

LACKING = "; ".join(mounts.missing())
STALLED, WELL = "stalled", "well"
# The least there is for one core: five segments, two of them in reserve; a table gets half of the rest.
LOG_MB, SEGMENT_MB = 160, 32
TABLE_SHARE_BYTES = (LOG_MB - 2 * SEGMENT_MB << 20) // 2
# Each stream may have had one more batch on its way.
STREAMS, FRAME_BYTES_MAX = 3, 1 << 20
BUDGET_MB = 256
# Resident memory that no budget counts: the program, its threads, the allocator's slack.
MEMORY_BASE_MB = 256


def setUpModule():
    if LACKING:
        raise unittest.SkipTest(f"no FUSE file system on this machine: {LACKING}")
    mounts.make_private()


class StallingStoreTest(EndToEnd):
    def setUp(self):
        super().setUp()
        self.store = FaultyStore(self.folder / "mounted", self.folder / "below", self.folder / "control.json")
        self.addCleanup(self.store.end)
        uri = (self.store.folder / STALLED).as_uri()
        self.running = self.engine(
            config={"log": {"size_mb": LOG_MB}, "memory": {"budget_mb": BUDGET_MB}, "tables": {"commit_interval_ms": 200}},
            cores=[sorted(os.sched_getaffinity(0))[0]], environment={"LAKEHEAD_TABLES_URIS": f"{STALLED}={uri}"})

    def writers(self, table, **options):
        return self.produce(self.running, [table], patience=120, prefix=table, ledgers=self.folder / table, **options)

    def acked(self, table):
        """Rows that are durable, and committed, by the producers' ledgers."""
        durable, committed = {}, {}
        for path in self.ledgers(self.folder / table, table):
            for line in map(json.loads, path.read_bytes().rpartition(b"\n")[0].splitlines()):
                durable[path] = max(durable.get(path, 0), line["to"])
                if line.get("ack", "committed") == "committed":
                    committed[path] = max(committed.get(path, 0), line["to"])
        return sum(durable.values()), sum(committed.values())

    def log_bytes(self):
        """Segments and spares."""
        return sum(path.stat().st_blocks * 512 for path in (self.running.data_dir / "log").glob("*/*"))

    def logged_bytes(self, table):
        """Of rows that are in the log and not in their table, as the log's own files show them."""
        shown = json.loads(self.lakehead("log", "inspect", self.running.data_dir, "--json"))
        return sum(found["bytes_not_in_table"] for log in shown["logs"] for found in log["tables"] if found["table"] == table)

    def await_well(self, more):
        wanted = self.acked(WELL)[1] + more
        wait_until(f"{more} more committed rows of the other table", lambda: self.acked(WELL)[1] >= wanted, 30)

    def stop_and_judge(self, table, place, writers):
        writers.send_signal(signal.SIGTERM)
        final = json.loads(self.finish(writers).splitlines()[-1])[table]
        report = self.assert_good(place, self.ledgers(self.folder / table, table), named=True, durable=True)
        self.assertEqual({stream: report.data.streams.rows(stream) for stream in report.data.streams.runs}, final)
        return report.data.rows

    def test_rows_stay_in_the_log_and_then_producers_wait(self):
        many = self.writers(STALLED, streams=STREAMS, batch_rows=5_000)
        few = self.writers(WELL, streams=2, batch_rows=50, rows_per_second=500)
        wait_until("first commits", lambda: self.acked(STALLED)[1] and self.acked(WELL)[1], 30)
        self.store.faults({"operation": "*", "fault": "hang"})
        wait_until("the hang", lambda: any("hang" in kind for kind in self.store.met()), 30)
        began = time.monotonic()
        before, well_before = self.acked(STALLED)[0], self.acked(WELL)[1]
        wait_until("a log that has the table's share", lambda: self.logged_bytes(STALLED) >= TABLE_SHARE_BYTES, 60)
        filled_seconds = time.monotonic() - began
        # The other table's commits are the clock: what was on its way to the disk is there, and then nothing more comes.
        self.await_well(500)
        filled, (durable, committed) = self.logged_bytes(STALLED), self.acked(STALLED)
        self.assertLess(filled, TABLE_SHARE_BYTES + STREAMS * FRAME_BYTES_MAX, "producers wait")
        self.await_well(1_000)
        self.assertEqual(self.logged_bytes(STALLED), filled, "producers still wait")
        self.assertGreater(durable, before, "rows became durable while the store hung")
        self.assertEqual(self.acked(STALLED), (durable, committed), "nothing is acknowledged that is not committed")
        well_seconds, well_rows = time.monotonic() - began, self.acked(WELL)[1] - well_before
        log_bytes, memory_bytes = self.log_bytes(), self.running.memory_bytes()[1]
        self.assertLessEqual(log_bytes, LOG_MB << 20)
        self.assertLessEqual(memory_bytes, BUDGET_MB + MEMORY_BASE_MB << 20)

        self.store.faults()
        wait_until("the table's recovery", lambda: self.acked(STALLED)[1] >= durable, 60)
        rows = self.stop_and_judge(STALLED, self.store.below / STALLED, many)
        well = self.stop_and_judge(WELL, self.running.table(WELL), few)
        self.running.terminate()
        self.assertEqual(self.running.wait(), 0, self.running.log_tail())
        self.assertLessEqual(self.log_bytes(), LOG_MB << 20)
        self.proved(
            f"while a store hung, {durable - committed:,} rows ({filled / 1e6:.1f} MB) became durable in {filled_seconds:.1f} s, "
            f"then producers waited; in {well_seconds:.1f} s {well_rows:,} rows of another table were committed; log "
            f"{log_bytes >> 20} of {LOG_MB} MiB, memory {memory_bytes >> 20} MiB of {BUDGET_MB} + {MEMORY_BASE_MB}; {rows:,} and {well:,} rows once")


if __name__ == "__main__":
    unittest.main()
