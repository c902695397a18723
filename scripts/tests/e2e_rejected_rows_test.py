"""Rows that their table cannot hold: refused, or in the table of rejected rows beside it; each acknowledged row in one of the two."""

import json
import unittest

import pyarrow as pa

from tests.e2e import LONG, EndToEnd

from harness.deadline import wait_until
from harness.encoder import Refusal
from harness.encoder_client import EncoderClient
from harness.readers import READERS

QUICK = {"tables": {"commit_interval_ms": 100, "bad_rows": "divert"}}
# Nothing is committed by itself before the test is over.
LAZY = {"tables": {"commit_interval_ms": 600_000}}
COLUMNS = "n bigint not null, amount decimal(6,2), text string"
SENT = pa.schema([("n", pa.int64()), ("amount", pa.decimal128(6, 2)), ("text", pa.string())])
# RejectCode::NullNotAllowed, SchemaMismatch, and those that a producer resumes after: Discarded, Busy, TableUnavailable
NULL_NOT_ALLOWED, SCHEMA_MISMATCH, RETRIED = 24, 20, (35, 41, 12)
KILLS = 20 if LONG else 4
BATCHES, BATCH_ROWS = 40, 50


def rows(first, end, bad=lambda n: False):
    numbers = range(first, end)
    return pa.table({
        "n": pa.array([None if bad(n) else n for n in numbers], pa.int64()),
        "amount": pa.array([n for n in numbers], pa.decimal128(6, 2)),
        "text": pa.array([f"row {n}" for n in numbers], pa.string()),
    }, SENT)


def rejects_of(table):
    return table.with_name(table.name + "_rejected")


def read(table, query="select * from rows"):
    return READERS["delta-rs"](table, query).to_pylist()


class RejectedRowsTest(EndToEnd):
    def made(self, engine, name):
        self.lakehead("table", "create", name, "--columns", COLUMNS, "--data-dir", engine.data_dir)
        return engine.table(name)

    def client(self, engine, table, stream=""):
        client = EncoderClient(engine.address, table, stream)
        self.addCleanup(client.drop)
        return client

    def resume(self, client):
        """After a kill, and whatever else passes."""
        def welcome():
            try:
                return client.resume()
            except Refusal as refusal:
                if refusal.code not in RETRIED:
                    raise
                return None
            except OSError:
                return None
        return wait_until("the stream is welcome", welcome, 60)

    def test_bad_rows_are_refused_with_row_and_column_unless_the_table_diverts(self):
        engine = self.engine(config={"tables": {"commit_interval_ms": 100}}, cores=[0])
        table = self.made(engine, "strict")
        client = self.client(engine, "strict", "s")
        client.open()
        client.send(rows(0, 10, lambda n: n == 7))
        with self.assertRaises(Refusal) as refused:
            client.wait_for_commit()
        self.assertEqual((refused.exception.code, refused.exception.reject["offset"]), (NULL_NOT_ALLOWED, 7))
        self.assertIn("\"n\"", refused.exception.reject["message"])
        self.assertFalse(rejects_of(table).exists())
        self.proved(f"a bad row is refused: {refused.exception.reject['message']}")

    def test_diverted_rows_are_read_beside_the_table(self):
        engine = self.engine(config=QUICK, cores=[0, 1])
        table = self.made(engine, "orders")
        named, anonymous = self.client(engine, "orders", "s"), self.client(engine, "orders")
        for client in (named, anonymous):
            client.open()
            client.send(rows(0, 100, lambda n: n % 10 == 3))
            client.send(rows(100, 103, lambda n: True))
            client.wait_for_commit()
            self.assertEqual(client.close()["committed"], 103)
        good = [n for n in range(100) if n % 10 != 3]
        self.assertEqual(sorted(row["n"] for row in read(table)), sorted(good * 2))
        bad = [*range(3, 100, 10), 100, 101, 102]
        for name, reader in READERS.items():
            found = reader(rejects_of(table), "select * from rows").to_pylist()
            self.assertEqual(sorted(row["offset"] for row in found if row["stream"] == "s"), bad, name)
            self.assertEqual(sorted(row["offset"] for row in found if row["stream"] is None), bad, name)
        first = min((row for row in found if row["stream"] == "s"), key=lambda row: row["offset"])
        self.assertEqual(json.loads(first["row"]), {"n": None, "amount": "3.00", "text": "row 3"})
        self.assertEqual((first["code"], first["reason"]), ("NullNotAllowed", "column \"n\" allows no NULL"))
        self.assert_good(table)
        self.assert_good(rejects_of(table))
        self.proved(f"of 206 rows {len(good) * 2} are in the table and {len(bad) * 2} beside it, by delta-rs and DuckDB")

    def test_each_row_is_in_one_of_the_two_whatever_dies(self):
        engine = self.engine(config=QUICK, cores=[0, 1])
        table = self.made(engine, "killed")
        client = self.client(engine, "killed", "s")
        client.open()
        total = BATCHES * BATCH_ROWS
        kills_at = {BATCHES * BATCH_ROWS * (kill + 1) // (KILLS + 1) // BATCH_ROWS * BATCH_ROWS for kill in range(KILLS)}
        sent = 0
        while sent < total:
            try:
                client.send(rows(sent, sent + BATCH_ROWS, lambda n: n % 7 == 0))
                if sent in kills_at:
                    kills_at.remove(sent)
                    # Half of the time with rows that are durable and in no table.
                    if len(kills_at) % 2:
                        client.until(lambda *_: client.hello["durable_seen"] >= client.next_offset)
                    engine.kill()
                    engine.start()
                    raise ConnectionError("killed")
                sent = client.next_offset
            except OSError:
                self.resume(client)
                sent = client.next_offset
        client.wait_for_commit()
        client.close()
        engine.terminate()
        self.assertEqual(engine.wait(), 0, engine.log_tail())
        self.assertEqual(sorted(row["n"] for row in read(table)), [n for n in range(total) if n % 7])
        rejected = read(rejects_of(table))
        self.assertEqual(sorted(row["offset"] for row in rejected), list(range(0, total, 7)))
        for row in rejected:
            self.assertEqual(json.loads(row["row"])["text"], f"row {row['offset']}")
        self.proved(f"{KILLS} kills: each of {total} rows in the table or, {len(rejected)} of them, beside it, once")

    def drop_column(self, table, column):
        """Somebody else writes the table's columns anew, without this one."""
        log = sorted((table / "_delta_log").glob("*.json"))
        actions = [json.loads(line) for path in log for line in path.read_text().splitlines()]
        metadata = [action for action in actions if "metaData" in action][-1]
        schema = json.loads(metadata["metaData"]["schemaString"])
        schema["fields"] = [field for field in schema["fields"] if field["name"] != column]
        metadata["metaData"]["schemaString"] = json.dumps(schema)
        with open(table / "_delta_log" / f"{int(log[-1].stem) + 1:020}.json", "x", encoding="utf-8") as file:
            file.write(json.dumps(metadata) + "\n")

    def test_rows_that_a_changed_table_cannot_hold_are_not_lost(self):
        engine = self.engine(config=LAZY, cores=[0])
        table = self.made(engine, "altered")
        client = self.client(engine, "altered", "s")
        client.open()
        client.send(rows(0, 500))
        client.until(lambda *_: client.hello["durable_seen"] >= 500)
        engine.kill()
        self.drop_column(table, "text")
        engine.config = QUICK
        engine.start()
        # The stream goes on, with the columns that there are.
        self.resume(client)
        client.send(rows(500, 600).drop(["text"]))
        client.wait_for_commit()
        self.assertEqual(sorted(row["n"] for row in read(table)), list(range(500, 600)))
        rejected = sorted(read(rejects_of(table)), key=lambda row: row["offset"])
        self.assertEqual([row["offset"] for row in rejected], list(range(500)))
        self.assertEqual(json.loads(rejected[7]["row"]), {"n": 7, "amount": "7.00", "text": "row 7"})
        self.assertEqual({row["code"] for row in rejected}, {"SchemaMismatch"})
        alarm = [line for line in engine.log_path.read_text().splitlines() if "do not fit the table any more" in line]
        self.assertEqual(len(alarm), 1, engine.log_tail())
        self.assertRegex(alarm[0], r"ERROR.*rows from 0 on of stream .*s.*rejected rows")
        self.assert_good(table)
        self.proved("a column was dropped under 500 rows in the log: they are beside the table, with an alarm, and 100 later ones in it")


if __name__ == "__main__":
    unittest.main()
