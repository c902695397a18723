"""`lakehead log`: looking into logs, giving up what is damaged, deciding about what is kept."""

import json
import subprocess
import unittest

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq

from tests.e2e import EndToEnd

from harness.binaries import binary
from harness.deadline import wait_until
from harness.encoder import Refusal
from harness.encoder_client import EncoderClient

# Nothing is committed but at once (opens) or after so long; FAST is for starts that should get on.
NEVER, FAST = {"commit_interval_ms": 600_000}, {"commit_interval_ms": 100}
LOG_MB = 160
DATA, USAGE, CONFIGURATION, TABLE_UNAVAILABLE = 65, 2, 78, 12


def rows(first, end):
    numbers = pa.array(range(first, end), pa.int64())
    return pa.table({"n": numbers, "text": pa.array([f"row {number}" for number in range(first, end)], pa.string())})


class LogCommandsTest(EndToEnd):
    def one_core(self, name="data", tables=NEVER):
        return self.engine(name, config={"tables": dict(tables), "log": {"size_mb": LOG_MB}}, cores=[0])

    def restart(self, engine, tables=FAST):
        engine.config["tables"] = {**engine.config["tables"], **tables}
        engine.start()

    def durable(self, engine, table, stream, first, end):
        """A stream with rows from `first` on that are durable and not committed."""
        client = EncoderClient(engine.address, table, stream)
        self.addCleanup(client.drop)
        client.open(rows(0, 0).schema)
        self.assertEqual(client.next_offset, first)
        return self.more(client, first, end)

    def more(self, client, first, end):
        client.send(rows(first, end))
        client.until(lambda *_: client.hello["durable_seen"] >= end)
        return client

    def log(self, *arguments, code=0):
        """Output and messages of `lakehead log`, which ends with this code."""
        process = subprocess.run([binary("lakehead"), "log", *map(str, arguments)], capture_output=True, text=True, timeout=60)
        self.assertEqual(process.returncode, code, f"{arguments}:\n{process.stdout}\n{process.stderr}")
        return process.stdout, process.stderr

    def json(self, *arguments, code=0):
        return json.loads(self.log(*arguments, "--json", code=code)[0])

    def stream_of(self, shown, stream):
        [found] = [stream_ for log in shown["logs"] for table in log["tables"] for stream_ in table["streams"]
                   if stream_["stream"] == stream]
        return found

    def numbers(self, path):
        """The numbers in the table's live files."""
        files = deltalake.DeltaTable(str(path)).file_uris()
        return sorted(number for file in files for number in pq.read_table(file, columns=["n"])["n"].to_pylist())

    def await_numbers(self, path, expected):
        wait_until(f"{len(expected)} rows", lambda: len(self.numbers(path)) >= len(expected), 30)
        self.assertEqual(self.numbers(path), sorted(expected))
        self.assert_good(path)

    def test_a_log_is_shown_beside_its_engine_and_behind_it(self):
        engine = self.one_core()
        client = self.durable(engine, "seen", "s", 0, 300)
        anonymous = self.durable(engine, "seen", "", 0, 20)
        for path in (engine.data_dir, engine.data_dir / "log"):
            shown = self.json("inspect", path, "--blocks")
            [log] = shown["logs"]
            self.assertEqual((shown["run"], log["duty"], log["next_position"], log["damages"]), (1, "serves", 2, []))
            self.assertEqual(self.stream_of(shown, "s")["not_in_table"], [[0, 299]])
            self.assertEqual(self.stream_of(shown, None)["not_in_table"], [[0, 19]])
            self.assertEqual([block["sequence"] for block in log["blocks"]], list(range(1, log["next_sequence"])))
        engine.kill()
        text, _ = self.log("inspect", next((engine.data_dir / "log").glob("*-*")), "--blocks")
        self.assertRegex(text, r"tail +(clean|torn)")
        self.assertRegex(text, r"seen +s +1 +- +0-299 +-")
        client.drop()
        anonymous.drop()
        self.restart(engine)
        self.await_numbers(engine.table("seen"), [*range(300), *range(20)])
        shown = self.json("inspect", engine.data_dir)
        [table] = [table for table in shown["logs"][0]["tables"] if table["table"] == "seen"]
        self.assertEqual(table["entries_not_in_table"], 0)
        # While it is written.
        sender = subprocess.Popen(
            [binary("lakehead"), "demo", "--server", engine.address, "--seconds", "3"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self.addCleanup(sender.kill)
        looks = 0
        while sender.poll() is None:
            self.assertEqual(self.json("inspect", engine.data_dir)["logs"][0]["damages"], [])
            looks += 1
        self.assertEqual(sender.returncode, 0)
        for arguments in (["repair"], ["held", "discard", "--table", "seen"], ["held", "accept", "--table", "seen"]):
            _, errors = self.log(*arguments, "--data-dir", engine.data_dir, code=CONFIGURATION)
            self.assertIn("Stop the engine first", errors)
        _, errors = self.log("inspect", self.folder, code=USAGE)
        self.assertIn("--data-dir", errors)
        self.proved(f"a log is shown {looks + 2} times beside its engine, {looks} of them while rows came, and after kill -9; what "
                    "changes it is refused while the engine runs")

    def test_what_is_damaged_is_given_up_by_name(self):
        engine = self.one_core()
        client = self.durable(engine, "damaged", "precious", 0, 100)
        for first in (100, 200):
            self.more(client, first, first + 100)
        other = self.durable(engine, "damaged", "", 0, 50)
        engine.kill()
        [segment] = (engine.data_dir / "log").glob("*/*.segment")
        content = bytearray(segment.read_bytes())
        content[content.index(b"row 150")] ^= 1
        segment.write_bytes(content)
        with self.assertRaisesRegex(RuntimeError, "ended with 65"):
            engine.start()
        shown, _ = self.log("inspect", engine.data_dir, code=DATA)
        self.assertRegex(shown, r"DAMAGED(.|\n)*\"precious\" of table damaged offsets 100 to 199")
        said, errors = self.log("repair", "--data-dir", engine.data_dir, code=DATA)
        self.assertRegex(said, r"\"precious\" of table damaged offsets 100 to 199")
        self.assertIn("--accept-loss", errors)
        self.assertEqual(segment.read_bytes(), content)
        said, _ = self.log("repair", "--data-dir", engine.data_dir, "--accept-loss")
        self.assertRegex(said, r"\"precious\" of table damaged offsets 100 to 199")
        self.assertIn("no log is damaged", self.log("repair", "--data-dir", engine.data_dir, "--accept-loss")[0])
        client.drop()
        other.drop()
        # What comes behind the gap of a named stream is not in order without it: it is held.
        self.restart(engine)
        self.await_numbers(engine.table("damaged"), [*range(100), *range(50)])
        held = wait_until("held rows", lambda: self.json("held", "--data-dir", engine.data_dir)["held"], 30)
        self.assertEqual([(entry["stream"], entry["offsets"]) for entry in held], [("precious", [[200, 299]])])
        self.proved("a damaged block: serve and repair name its 100 rows; accepted, the 150 before it and beside it are in the table "
                    "once, the 100 behind the gap are held")

    def test_rows_that_a_newer_epoch_left_behind(self):
        first = self.one_core("first")
        tables = f"file://{first.data_dir}/tables/"
        client = self.durable(first, "shared", "s", 0, 100)
        first.kill()
        second = self.one_core("second", {**FAST, "root": tables})
        # The producer goes on at the second engine, without the rows that only the first one has.
        taken = EncoderClient(second.address, "shared", "s")
        self.addCleanup(taken.drop)
        taken.open()
        self.assertEqual(taken.next_offset, 0)
        taken.send(rows(1_000, 1_050))
        taken.wait_for_commit()
        client.drop()
        self.restart(first)
        place = ["--data-dir", first.data_dir, "--tables-root", tables]
        held = wait_until("held rows", lambda: self.json("held", *place)["held"], 30)
        self.assertEqual((held[0]["stream"], held[0]["epoch"], held[0]["offsets"]), ("s", 1, [[0, 99]]))
        self.assertEqual((held[0]["table_committed"], held[0]["table_epoch"]), (50, 2))
        self.assertRegex(self.log("held", *place)[0], r"shared +s +1 +0-99 +100 .*the table has 50 rows of it, under epoch 2")
        out = self.folder / "held.arrow"
        exported = json.loads(self.log("held", "export", *place, "--table", "shared", "--out", out)[0])
        self.assertEqual((exported["rows"], exported["left_out"]), (50, 50))
        with pa.ipc.open_file(out) as file:
            self.assertEqual(file.read_all()["n"].to_pylist(), list(range(50, 100)))
        self.lakehead("write", "shared", out, "--server", second.address, "--stream", "s-held")
        self.await_numbers(first.table("shared"), [*range(1_000, 1_050), *range(50, 100)])
        first.terminate()
        self.assertEqual(first.wait(), 0, first.log_tail())
        discard = ["held", "discard", "--data-dir", first.data_dir, "--table", "shared"]
        said, errors = self.log(*discard, code=USAGE)
        self.assertRegex(said, "stream s, epoch 1: offsets 0-99, 100 rows")
        self.assertIn("--yes", errors)
        self.log(*discard, "--stream", "other", "--yes", code=1)
        self.assertEqual(len(self.json("held", *place)["held"]), 1)
        self.log(*discard, "--stream", "s", "--yes")
        self.assertEqual(self.json("held", *place), {"held": [], "tables": []})
        first.start()
        self.await_numbers(first.table("shared"), [*range(1_000, 1_050), *range(50, 100)])
        self.proved("two engines on one table: the rows that a take-over left behind are held by name, exported, written again "
                    "without those that the table has at their offsets, and discarded")

    def test_a_restored_table_is_accepted(self):
        engine = self.one_core(tables=FAST)
        client = self.durable(engine, "back", "s", 0, 100)
        client.wait_for_commit()
        version = deltalake.DeltaTable(str(engine.table("back"))).version()
        self.more(client, 100, 200).wait_for_commit()
        client.drop()
        engine.kill()
        self.restart(engine, NEVER)
        client = self.durable(engine, "back", "s", 200, 300)
        client.drop()
        engine.kill()
        table = deltalake.DeltaTable(str(engine.table("back")))
        table.restore(version)
        self.assertEqual(self.numbers(engine.table("back")), list(range(100)))
        self.restart(engine)
        wait_until("an alarm", lambda: "is not written any more" in engine.log_tail(), 30)
        with self.assertRaises(Refusal) as refused:
            EncoderClient(engine.address, "back", "t").open()
        self.assertEqual(refused.exception.code, TABLE_UNAVAILABLE)
        engine.kill()
        [stopped] = self.json("held", "--data-dir", engine.data_dir)["tables"]
        self.assertEqual((stopped["table"], stopped["reason"], stopped["entries"]), ("back", "restored", 1))
        self.assertIn("RESTORE", stopped["why"])
        accept = ["held", "accept", "--data-dir", engine.data_dir, "--table", "back"]
        self.assertIn("accepted", self.log(*accept)[0])
        self.assertIn("accepted already", self.log(*accept)[0])
        self.assertEqual(self.json("held", "--data-dir", engine.data_dir)["tables"][0]["reason"], "accepted")
        engine.start()
        self.await_numbers(engine.table("back"), [*range(100), *range(200, 300)])
        self.durable(engine, "back", "t", 0, 10).wait_for_commit()
        engine.kill()
        engine.start()
        manifest = json.loads((engine.data_dir / "log" / "manifest.json").read_text())
        self.assertNotIn("accepted", manifest)
        self.await_numbers(engine.table("back"), [*range(100), *range(200, 300), *range(10)])
        engine.kill()
        self.assertIn("nothing has to be decided", self.log(*accept)[0])
        # A decision holds once.
        deltalake.DeltaTable(str(engine.table("back"))).restore(version)
        [stopped] = self.json("held", "--data-dir", engine.data_dir)["tables"]
        self.assertEqual(stopped["reason"], "restored")
        self.proved("a table restored to an older version is not written until that was accepted; then the log's 100 rows and new "
                    "ones go into it, and the next restore asks again")


if __name__ == "__main__":
    unittest.main()
