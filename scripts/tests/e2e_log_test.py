"""The log: durable before committed, and what comes back from it after a kill, with other cores, without a log, damaged."""

import json
import shutil
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa

from tests.e2e import EndToEnd

from harness.deadline import wait_until
from harness.encoder import Refusal
from harness.encoder_client import EncoderClient

# So rare that what these tests see is durable and not committed, unless they wait for it.
RARE = {"tables": {"commit_interval_ms": 4_000}}
SEGMENT_HEADER_BYTES = 8_192
LOG_MB_PER_CORE = 160
# RejectCode::Busy and RejectCode::TableUnavailable
BUSY, TABLE_UNAVAILABLE = 41, 12


def rows(first, end):
    numbers = pa.array(range(first, end), pa.int64())
    return pa.table({"n": numbers, "text": pa.array([f"row {number}" for number in range(first, end)], pa.string())})


def log_config(cores, **sections):
    return {**RARE, "log": {"size_mb": LOG_MB_PER_CORE * cores}, **sections}


class LogTest(EndToEnd):
    def write(self, engine, table, stream, first, end):
        """A stream with rows from `first` on that are durable and not committed."""
        client = EncoderClient(engine.address, table, stream)
        self.addCleanup(client.drop)
        client.open(rows(0, 0).schema)
        self.assertEqual(client.next_offset, first)
        client.send(rows(first, end))
        client.until(lambda *_: client.hello["durable_seen"] >= end)
        return client

    def write_all(self, engine, table, streams, end):
        """The same with several streams at once, which are opened by the same commits."""
        with ThreadPoolExecutor(streams) as pool:
            return list(pool.map(lambda index: self.write(engine, table, f"s{index}", 0, end), range(streams)))

    def resume(self, client, engine):
        """Where the stream goes on, once its table is ready."""
        host, _, port = engine.address.rpartition(":")
        client.address = (host, int(port))

        def welcome():
            try:
                return client.resume()
            except Refusal as refusal:
                if refusal.code not in (BUSY, TABLE_UNAVAILABLE):
                    raise
                return None

        return wait_until("the stream is welcome", welcome, 60)

    def assert_numbers(self, engine, table, expected):
        """The table has each number of each stream once, as its files show them."""
        def numbers():
            report = self.assert_good(engine.table(table))
            return report if report.data.rows >= expected else None

        report = wait_until(f"{expected} rows in {table}", numbers, 60)
        self.assertEqual(report.data.rows, expected)

    def test_durable_comes_before_committed_and_outlives_the_engine(self):
        engine = self.engine(config=log_config(2), cores=[0, 1])
        clients = self.write_all(engine, "kept", 4, 1_000)
        anonymous = EncoderClient(engine.address, "kept")
        self.addCleanup(anonymous.drop)
        anonymous.open()
        began = time.monotonic()
        anonymous.send(rows(0, 500))
        anonymous.until(lambda *_: anonymous.hello["durable_seen"] >= 500)
        waited_ms = (time.monotonic() - began) * 1_000
        committed = [client.hello["committed_seen"] for client in [*clients, anonymous]]
        self.assertEqual(committed, [0] * 5)
        engine.kill()
        engine.config = log_config(2, tables={"commit_interval_ms": 200})
        engine.start()
        for client in clients:
            welcome = self.resume(client, engine)
            self.assertEqual((welcome["resume_offset"], welcome["durable"]), (1_000, 1_000))
            client.send(rows(1_000, 1_100))
            client.wait_for_commit()
        self.assert_numbers(engine, "kept", 4 * 1_100 + 500)
        self.proved(f"4,500 rows acked durable (the last batch after {waited_ms:.1f} ms) and not committed are in the table once "
                    "after kill -9; their streams resumed behind them")

    def test_another_number_of_cores_finds_the_rows(self):
        engine = self.engine(config=log_config(2), cores=[0, 1])
        clients = self.write_all(engine, "moved", 8, 300)
        engine.kill()
        engine.cores, engine.config = [0], log_config(1, tables={"commit_interval_ms": 200})
        engine.start()
        for client in clients:
            self.assertEqual(self.resume(client, engine)["resume_offset"], 300)
            client.send(rows(300, 400))
            client.wait_for_commit()
        self.assert_numbers(engine, "moved", 8 * 400)
        engine.terminate()
        self.assertEqual(engine.wait(), 0, engine.log_tail())
        engine.cores, engine.config = [0, 1], log_config(2, tables={"commit_interval_ms": 200})
        engine.start()
        manifest = json.loads((engine.data_dir / "log" / "manifest.json").read_text())
        self.assertEqual((manifest["run"], len(manifest["logs"]), manifest["draining"]), (3, 2, []))
        self.assertEqual(len([path for path in (engine.data_dir / "log").iterdir() if path.is_dir()]), 2)
        self.proved("8 streams on two cores, killed, went on with one core and then two: 3,200 rows once; old logs are gone")

    def test_the_log_can_be_switched_off_and_on(self):
        engine = self.engine(config=log_config(2), cores=[0, 1])
        client = self.write(engine, "switched", "s", 0, 300)
        engine.kill()
        engine.config = {"tables": {"commit_interval_ms": 200}, "log": {"mode": "off"}}
        engine.start()
        self.assertEqual(self.resume(client, engine)["resume_offset"], 300)
        client.send(rows(300, 350))
        client.until(lambda *_: client.hello["durable_seen"] >= 350)
        self.assertEqual(client.hello["committed_seen"], 350, "without a log nothing is durable before it is committed")
        engine.terminate()
        self.assertEqual(engine.wait(), 0, engine.log_tail())
        engine.config = log_config(2)
        engine.start()
        self.assertEqual(self.resume(client, engine)["resume_offset"], 350)
        self.assert_numbers(engine, "switched", 350)
        self.proved("rows in the log went to their table although the log was switched off; both directions work")

    def test_a_copy_of_the_log_writes_nothing(self):
        engine = self.engine(config=log_config(2), cores=[0, 1])
        self.write(engine, "copied", "s", 0, 300)
        engine.kill()
        copy = self.folder / "copy"
        shutil.copytree(engine.data_dir / "log", copy / "log")
        tables = f"file://{engine.data_dir}/tables/"
        engine.config = log_config(2, tables={"commit_interval_ms": 200, "root": tables})
        engine.start()
        self.assert_numbers(engine, "copied", 300)
        other = self.engine("copy", config=engine.config, cores=[0, 1])
        wait_until("an alarm", lambda: "is not written any more" in other.log_tail(), 60)
        with self.assertRaises(Refusal) as refused:
            EncoderClient(other.address, "copied", "t").open(rows(0, 0).schema)
        self.assertEqual(refused.exception.code, TABLE_UNAVAILABLE)
        self.assert_numbers(engine, "copied", 300)
        self.write(engine, "copied", "t", 0, 10).wait_for_commit()
        self.assert_numbers(engine, "copied", 310)
        self.proved("a copied data directory: its engine raises an alarm and writes nothing; the first one goes on; 310 rows once")

    def test_damage_is_refused_by_name(self):
        engine = self.engine(config=log_config(1), cores=[0])
        client = self.write(engine, "damaged", "precious", 0, 300)
        client.send(rows(300, 400))
        client.until(lambda *_: client.hello["durable_seen"] >= 400)
        engine.kill()
        segment = sorted((engine.data_dir / "log").glob("*/*.segment"))[-1]
        content = bytearray(segment.read_bytes())
        at = content.index(b"row 150")
        self.assertGreater(at, SEGMENT_HEADER_BYTES)
        content[at] ^= 1
        segment.write_bytes(content)
        with self.assertRaisesRegex(RuntimeError, "ended with 65"):
            engine.start()
        self.assertRegex(engine.log_tail(), r"precious")
        content[at] ^= 1
        segment.write_bytes(content)
        engine.config = log_config(1, tables={"commit_interval_ms": 200})
        engine.start()
        self.assert_numbers(engine, "damaged", 400)
        self.proved("a flipped bit in an acked block: the engine refuses to start and names the stream; mended, all 400 rows are there")


if __name__ == "__main__":
    unittest.main()
