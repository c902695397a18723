"""What a person does about rejected rows: choosing that, looking, mending, forgetting a stream, and getting at what logs hold."""

import json
import subprocess

import pyarrow as pa

from tests.e2e import EndToEnd
from tests.e2e_rejected_rows_test import COLUMNS, NULL_NOT_ALLOWED, QUICK, read, rejects_of, rows

from harness.binaries import binary
from harness.deadline import wait_until
from harness.encoder import Refusal
from harness.encoder_client import EncoderClient

DATA, CONFIGURATION = 65, 78
LOG = {"size_mb": 160}
NEVER = {"tables": {"commit_interval_ms": 600_000, "bad_rows": "divert"}, "log": LOG}


def without_utf8(first, end):
    """Rows of which every third has text that is none."""
    numbers = range(first, end)
    texts = [b"\xff\xfe" if n % 3 == 0 else f"row {n}".encode() for n in numbers]
    offsets = pa.array([sum(map(len, texts[:n])) for n in range(len(texts) + 1)], pa.int32())
    text = pa.StringArray.from_buffers(len(texts), offsets.buffers()[1], pa.py_buffer(b"".join(texts)))
    return rows(first, end).set_column(2, "text", text)


class RejectedCommandsTest(EndToEnd):
    def client(self, engine, table, stream):
        client = EncoderClient(engine.address, table, stream)
        self.addCleanup(client.drop)
        client.open()
        return client

    def failed(self, *arguments, code):
        """Messages of a command that ends with this code."""
        process = subprocess.run([binary("lakehead"), *map(str, arguments)], capture_output=True, text=True, timeout=60)
        self.assertEqual(process.returncode, code, f"{arguments}:\n{process.stdout}\n{process.stderr}")
        return process.stderr

    def described(self, engine, table):
        place = ["table", "describe", table, "--data-dir", engine.data_dir]
        return json.loads(self.lakehead(*place, "--json")), self.lakehead(*place)

    def test_a_table_is_made_to_divert_and_says_what_it_rejected(self):
        engine = self.engine(config={"tables": {"commit_interval_ms": 100}}, cores=[0])
        made = ["table", "create", "orders", "--columns", COLUMNS, "--data-dir", engine.data_dir]
        self.assertEqual(json.loads(self.lakehead(*made, "--bad-rows", "divert"))["bad_rows"], "divert")
        shown, text = self.described(engine, "orders")
        self.assertEqual((shown["bad_rows"]["policy"], shown["rejected"]), ("divert", None))
        self.assertNotIn("rejected  ", text)
        client = self.client(engine, "orders", "s")
        client.send(rows(0, 100, lambda n: n % 10 == 3))
        client.wait_for_commit()
        shown, text = self.described(engine, "orders")
        self.assertEqual((shown["rows"], shown["rejected"]["rows"]), (90, 10))
        self.assertRegex(text, r"bad rows +divert \(table property lakehead.bad_rows\)\nrejected +10 rows, in file:.*orders_rejected/")
        self.assertFalse(json.loads(self.lakehead(*made, "--bad-rows", "divert", "--if-not-exists"))["created"])
        errors = self.failed(*made, "--bad-rows", "refuse", "--if-not-exists", code=DATA)
        self.assertIn("its way with bad rows is divert where refuse is wanted", errors)
        self.lakehead("table", "create", "plain", "--columns", COLUMNS, "--data-dir", engine.data_dir)
        shown, text = self.described(engine, "plain")
        self.assertIsNone(shown["bad_rows"]["policy"])
        self.assertRegex(text, r"bad rows +refuse, unless the engine is configured otherwise")
        # As the documents say it.
        mended = self.folder / "mended.ndjson"
        with open(mended, "w", encoding="utf-8") as out:
            for row in read(rejects_of(engine.table("orders"))):
                order = json.loads(row["row"])
                order["n"] = row["offset"]
                out.write(json.dumps(order) + "\n")
        for _ in range(2):
            self.lakehead("write", "orders", mended, "--server", engine.address, "--stream", "orders-mended-1")
        self.assertEqual(sorted(row["n"] for row in read(engine.table("orders"))), list(range(100)))
        self.proved("a table made to divert: 10 of 100 rows are rejected, told by describe, mended as NDJSON and in the table once")

    def test_what_cannot_be_had_without_a_log_is_told(self):
        engine = self.engine(config={"tables": {"commit_interval_ms": 100}, "log": {"mode": "off"}}, cores=[0])
        self.lakehead("table", "create", "willing", "--columns", COLUMNS, "--bad-rows", "divert", "--data-dir", engine.data_dir)
        client = self.client(engine, "willing", "s")
        client.send(rows(0, 10, lambda n: n == 7))
        with self.assertRaises(Refusal) as refused:
            client.wait_for_commit()
        self.assertEqual(refused.exception.code, NULL_NOT_ALLOWED)
        warnings = [line for line in engine.log_path.read_text().splitlines() if "lakehead.bad_rows" in line]
        self.assertEqual(len(warnings), 1, engine.log_tail())
        self.assertRegex(warnings[0], r"WARN.*divert, which needs the log.*willing")
        engine.terminate()
        self.assertEqual(engine.wait(), 0, engine.log_tail())
        engine.config = {**QUICK, "log": {"mode": "off"}}
        with self.assertRaisesRegex(RuntimeError, f"ended with {CONFIGURATION}"):
            engine.start()
        self.assertIn("tables.bad_rows = \"divert\" needs the log", engine.log_tail())
        self.proved("an engine without a log does not start to divert, and warns of a table that would like it to")

    def test_a_forgotten_stream_begins_again_with_its_bad_rows(self):
        engine = self.engine(config=QUICK, cores=[0])
        self.lakehead("table", "create", "again", "--columns", COLUMNS, "--data-dir", engine.data_dir)
        table = engine.table("again")
        for life in range(3):
            client = self.client(engine, "again", "s")
            self.assertEqual(client.next_offset, 0)
            client.send(rows(0, 30, lambda n: n % 10 == life))
            client.wait_for_commit()
            client.close()
            rejected = sorted(row["offset"] for row in read(rejects_of(table)))
            self.assertEqual(rejected, sorted(n for n in range(30) if n % 10 <= life))
            self.assertEqual(len(read(table)), 27 * (life + 1))
            forgotten = self.lakehead("stream", "forget", "again", "s", "--data-dir", engine.data_dir, "--yes")
            self.assertEqual(json.loads(forgotten)["forgotten_rows"], 30)
        # Who has the stream is fenced by both tables.
        client = self.client(engine, "again", "s")
        client.send(rows(0, 5))
        client.wait_for_commit()
        self.lakehead("stream", "forget", "again", "s", "--data-dir", engine.data_dir, "--yes")
        client.send(rows(5, 10, lambda n: True))
        with self.assertRaises(Refusal):
            client.wait_for_commit()
        self.assertEqual(len(read(rejects_of(table))), 9)
        self.proved("a stream is forgotten three times, and the bad rows of each life are among the rejected ones")

    def test_logs_tell_of_rejected_rows_and_give_them_out(self):
        first = self.engine("first", config=NEVER, cores=[0])
        tables = f"file://{first.data_dir}/tables/"
        self.lakehead("table", "create", "shared", "--columns", COLUMNS, "--data-dir", first.data_dir)
        client = self.client(first, "shared", "s")
        client.send(rows(0, 30))
        client.send(rows(30, 60, lambda n: n % 10 == 3))
        client.send(without_utf8(60, 90))
        client.until(lambda *_: client.hello["durable_seen"] >= 90)
        first.kill()
        place = ["--data-dir", first.data_dir]
        [log] = json.loads(self.lakehead("log", "inspect", first.data_dir, "--json"))["logs"]
        [shown] = log["tables"]
        self.assertEqual((shown["entries_not_in_table"], shown["entries_with_rejected_rows"]), (3, 2))
        self.assertEqual([stream["entries_with_rejected_rows"] for stream in shown["streams"]], [2])
        self.assertIn("with rejected rows", self.lakehead("log", "inspect", first.data_dir))
        second = self.engine("second", config={"tables": {**QUICK["tables"], "root": tables}, "log": LOG}, cores=[0])
        taken = self.client(second, "shared", "s")
        taken.send(rows(0, 10))
        taken.wait_for_commit()
        client.drop()
        first.config = {**QUICK, "log": LOG}
        first.start()
        held = wait_until("held rows", lambda: json.loads(self.lakehead("log", "held", *place, "--json"))["held"], 30)
        self.assertEqual(held[0]["offsets"], [[0, 89]])
        out = self.folder / "held.arrow"
        exported = json.loads(self.lakehead("log", "held", "export", *place, "--table", "shared", "--out", out))
        self.assertEqual((exported["rows"], exported["left_out"]), (80, 10))
        with pa.ipc.open_file(out) as file:
            found = file.read_all().to_pylist()
        self.assertEqual([row["n"] for row in found], [None if n in (33, 43, 53) else n for n in range(10, 90)])
        expected = [b"\xff\xfe" if n >= 60 and n % 3 == 0 else f"row {n}".encode() for n in range(10, 90)]
        self.assertEqual([row["text"] for row in found], expected)
        self.assertEqual([int(row["amount"]) for row in found], list(range(10, 90)))
        self.proved("a log counts 2 entries with rejected rows; held, all their rows are exported, NULLs and broken text included")


if __name__ == "__main__":
    import unittest

    unittest.main()
