"""The log's disk fails, or is full: the engine says so and ends or waits, and rows that were acknowledged are in their table once.

Skipped, with the reason, on a machine that cannot make a disk of its own (volume.py).
"""

import errno
import json
import os
import signal
import unittest

from tests.e2e import EndToEnd

from harness import mounts, volume
from harness.deadline import wait_until
from harness.encoder import Refusal
from harness.encoder_client import EncoderClient
from harness.verified_rows import SCHEMA

LACKING = "; ".join(volume.missing())
STREAMS, ROWS_PER_SECOND = 4, 500
TABLE = "disk.rows"
LOG_MB = 160
DISK_FAILED = 74
# RejectCode::Busy
BUSY = 41
AS_FAST_AS_IT_GOES = 1e9


def setUpModule():
    if LACKING:
        raise unittest.SkipTest(f"there is no disk of our own on this machine: {LACKING}")
    mounts.make_private()


class LogDisk(EndToEnd):
    """An engine whose data directory is a disk of its own; its tables are elsewhere."""

    def setUp(self):
        super().setUp()
        self.tables = self.folder / "tables"

    def disk(self, megabytes):
        self.volume = volume.Volume(self.folder / "data", self.folder / "disk", megabytes)
        self.addCleanup(self.volume.end)
        self.volume.start()

    def started(self, **tables):
        config = {"log": {"size_mb": LOG_MB}, "tables": {"commit_interval_ms": 100, **tables}}
        return self.engine(config=config, cores=[sorted(os.sched_getaffinity(0))[0]])

    def producers(self, engine, **options):
        given = {"streams": STREAMS, "rows_per_second": ROWS_PER_SECOND, "batch_rows": 50, "patience": 120} | options
        return self.produce(engine, [TABLE], ledgers=self.folder / "ledgers", **given)

    def acked(self, ack):
        """Rows that are known to be durable, or committed, by the producers' ledgers."""
        highest = {}
        for path in self.ledgers(self.folder / "ledgers", TABLE):
            for line in map(json.loads, path.read_bytes().rpartition(b"\n")[0].splitlines()):
                if ack == "durable" or line.get("ack", "committed") == "committed":
                    highest[path] = max(highest.get(path, 0), line["to"])
        return sum(highest.values())

    def await_rows(self, more, ack="durable", seconds=30):
        wanted = self.acked(ack) + more
        wait_until(f"{more} more {ack} rows", lambda: self.acked(ack) >= wanted, seconds)

    def stop_and_judge(self, engine, producers, table=None):
        producers.send_signal(signal.SIGTERM)
        final = json.loads(self.finish(producers).splitlines()[-1])
        engine.terminate()
        self.assertEqual(engine.wait(), 0, engine.log_tail())
        ledgers = self.ledgers(self.folder / "ledgers", TABLE)
        report = self.assert_good(table or self.tables / "disk" / "rows", ledgers, named=True, durable=True)
        self.assertEqual({stream: report.data.streams.rows(stream) for stream in report.data.streams.runs}, final[TABLE])
        return report


class BrokenDiskTest(LogDisk):
    def break_until_ended(self, engine, operation, times):
        """With `times`, single requests fail and the next ones go well again, which says nothing about what was to be kept;
        those that fail may be the file system's own."""
        self.volume.break_down(operation, times)

        def ended():
            if times and engine.alive:
                self.volume.break_down(operation, times)
            return not engine.alive

        wait_until(f"the engine's end after a failed {operation}", ended, 30)

    def test_a_write_or_a_sync_fails(self):
        self.disk(512)
        engine = self.started(root=self.tables.as_uri())
        producers = self.producers(engine)
        self.await_rows(500)
        sentences = []
        # What was not flushed is lost in whole requests: ext4 notes its own errors in the superblock without a journal.
        for operation, times, loss in (("write", None, "all"), ("fsync", None, "requests"), ("fsync", 1, "all")):
            self.break_until_ended(engine, operation, times)
            self.assertEqual(engine.wait(), DISK_FAILED, engine.log_tail())
            sentence = engine.log_tail().splitlines()[-1]
            self.assertRegex(sentence, r"^lakehead serve: \w.* of the log's file /\S+/data/log/\S+ failed: .*; mend the disk and "
                                       r"start again$")
            sentences.append(sentence)
            self.volume.mend(loss, seed=len(sentences))
            engine.start()
            self.await_rows(500)
        self.await_rows(100, "committed")
        report = self.stop_and_judge(engine, producers)
        self.proved(f"{len(sentences)} times EIO of the log's disk ended the engine with {DISK_FAILED}; {report.durable_rows:,} "
                    f"durable rows of {report.data.rows:,} are there once; the last words: {sentences[0]}")


class FullDiskTest(LogDisk):
    def fill(self):
        """Takes every block that is free now."""
        with open(self.folder / "data" / "filler", "ab", buffering=0) as filler:
            size = os.fstat(filler.fileno()).st_size
            for step in (1 << 24, 1 << 18, 1 << 12):
                try:
                    while True:
                        os.posix_fallocate(filler.fileno(), size, step)
                        size += step
                except OSError as full:
                    if full.errno != errno.ENOSPC:
                        raise

    def make_room(self):
        (self.folder / "data" / "filler").unlink()

    def test_a_disk_that_is_full_at_the_start(self):
        self.disk(256)
        engine = self.started(root=self.tables.as_uri())
        producers = self.producers(engine)
        self.await_rows(1_000)
        engine.kill()
        (engine.data_dir / "listen").unlink()
        self.fill()
        engine.launch()
        self.assertEqual(engine.wait(30), DISK_FAILED, engine.log_tail())
        sentence = engine.log_tail().splitlines()[-1]
        self.assertRegex(
            sentence, r"^lakehead serve: the log's folder /\S+/data/log cannot be used: No space left on device .* make room on the disk")
        self.make_room()
        engine.start()
        self.await_rows(500, "committed")
        report = self.stop_and_judge(engine, producers)
        self.proved(f"an engine on a full disk ends with {DISK_FAILED}: {sentence}; with room again {report.durable_rows:,} durable "
                    "rows are there once")

    def refusal(self, engine):
        """What a new stream is told, if it is refused at once; otherwise it waits for a commit."""
        client = EncoderClient(engine.address, TABLE, "late", seconds=1)
        try:
            client.open(SCHEMA)
        except Refusal as refused:
            return refused
        except TimeoutError:
            return None
        finally:
            client.drop()
        return self.fail("the store has no room, and a stream's epoch was committed")

    def test_a_disk_that_fills_up(self):
        self.disk(256)
        engine = self.started()
        producers = self.producers(engine, rows_per_second=AS_FAST_AS_IT_GOES, batch_rows=2_000)
        self.await_rows(1, "committed")
        self.fill()
        before = self.acked("durable")
        refused = wait_until("a log without room", lambda: self.refusal(engine), 60)
        self.assertEqual(refused.code, BUSY, refused)
        self.assertIn("try later", str(refused))
        wait_until("a word about the full log", lambda: "the log is full: " in engine.log_path.read_text(errors="replace"), 30)
        durable, committed = self.acked("durable"), self.acked("committed")
        self.assertGreater(durable, before, "rows became durable on a full disk")
        self.assertGreater(durable, committed)
        self.assertIn("No space left on device", engine.log_tail())
        self.make_room()
        wait_until("the commit of what was durable", lambda: self.acked("committed") >= durable, 60)
        report = self.stop_and_judge(engine, producers, engine.table(TABLE))
        self.proved(f"on a full disk {durable - committed:,} rows became durable in the segments that there were, then producers "
                    f"waited and new streams heard: {refused}; with room again {report.durable_rows:,} durable rows are there once")


if __name__ == "__main__":
    unittest.main()
