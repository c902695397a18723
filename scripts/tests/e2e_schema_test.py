"""Streams whose columns are not their table's: fewer, narrower, new; and columns that another writer adds under load."""

import json
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pyarrow as pa
from deltalake import DeltaTable, Field
from deltalake.exceptions import DeltaError

from tests.e2e import LONG, EndToEnd

from harness.deadline import wait_until
from harness.encoder import Refusal
from harness.encoder_client import EncoderClient
from harness.readers import READERS
from harness.verified_rows import SCHEMA

# RejectCode::SchemaMismatch and those that a producer resumes after: Discarded, Busy, TableUnavailable
SCHEMA_MISMATCH, RETRIED = 20, (35, 41, 12)
QUICK = {"tables": {"commit_interval_ms": 100}}
EVOLVES = {"tables": {"commit_interval_ms": 100, "evolve": "add"}}
ALTERS = 12 if LONG else 4

WIDE = pa.schema([
    pa.field("id", pa.int64(), False),
    pa.field("small", pa.int64()),
    pa.field("ratio", pa.float64()),
    pa.field("whole", pa.float64()),
    pa.field("amount", pa.decimal128(20, 4)),
    pa.field("s", pa.struct([pa.field("a", pa.int64()), pa.field("b", pa.string())])),
    pa.field("points", pa.list_(pa.struct([pa.field("x", pa.int32()), pa.field("label", pa.string())]))),
    pa.field("name", pa.string()),
])
NARROW = pa.schema([
    pa.field("points", pa.list_(pa.struct([pa.field("X", pa.int16())]))),
    pa.field("amount", pa.decimal128(17, 1)),
    pa.field("S", pa.struct([pa.field("a", pa.int8())])),
    pa.field("whole", pa.int32()),
    pa.field("ratio", pa.float32()),
    pa.field("small", pa.int16()),
    pa.field("id", pa.int32(), False),
])


def narrow_rows(first, end):
    def row(n):
        return {"points": None if n % 5 == 0 else [{"X": n % 100 - 50}] * (n % 3), "amount": Decimal(n) / 2,
                "S": None if n % 7 == 0 else {"a": n % 100}, "whole": -n, "ratio": n / 4, "small": None if n % 3 == 0 else n,
                "id": n}
    return pa.Table.from_pylist([row(n) for n in range(first, end)], NARROW)


def wide_rows(first, end):
    """What narrow rows are in the table."""
    def row(narrow):
        points = narrow["points"] and [{"x": point["X"], "label": None} for point in narrow["points"]]
        return {"id": narrow["id"], "small": narrow["small"], "ratio": narrow["ratio"], "whole": float(narrow["whole"]),
                "amount": narrow["amount"], "s": narrow["S"] and {"a": narrow["S"]["a"], "b": None},
                "points": points if points is not None else narrow["points"], "name": None}
    return pa.Table.from_pylist([row(narrow) for narrow in narrow_rows(first, end).to_pylist()], WIDE)


def numbers(first, end, **more):
    """Rows with the columns n and text, and one more for each keyword, of its type."""
    values = pa.array(range(first, end), pa.int64())
    columns = {"n": values, "text": pa.array([f"row {n}" for n in range(first, end)], pa.string())}
    return pa.table(columns | {name: values.cast(kind) for name, kind in more.items()})


def metadata_commits(table):
    """Versions whose commit has metadata, and whether it has anything else than that and its info."""
    found = {}
    for path in sorted((table / "_delta_log").glob("*.json")):
        actions = [next(iter(json.loads(line))) for line in path.read_text().splitlines()]
        if "metaData" in actions:
            found[int(path.stem)] = sorted(set(actions) - {"metaData", "commitInfo"})
    return found


def set_property(table, name, value):
    """ALTER TABLE SET TBLPROPERTIES and no more: delta-rs would switch features on besides. The table is idle."""
    commits = sorted((table / "_delta_log").glob("*.json"))
    actions = [json.loads(line) for path in commits for line in path.read_text().splitlines()]
    metadata = [action for action in actions if "metaData" in action][-1]
    metadata["metaData"]["configuration"][name] = value
    with open(table / "_delta_log" / f"{int(commits[-1].stem) + 1:020}.json", "x", encoding="utf-8") as file:
        file.write(json.dumps(metadata) + "\n")


class SchemaTest(EndToEnd):
    def client(self, engine, table, stream=""):
        client = EncoderClient(engine.address, table, stream)
        self.addCleanup(client.drop)
        return client

    def assert_rows(self, table, expected, order="id"):
        """Every reader finds these rows and no others."""
        for name, read in READERS.items():
            found = read(table, f"select * from rows order by {order}").select(expected.schema.names)
            self.assertEqual(found.cast(expected.schema).to_pylist(), expected.to_pylist(), name)

    def test_streams_send_fewer_and_narrower_columns(self):
        engine = self.engine(config=QUICK, cores=[0, 1])
        whole = self.client(engine, "wide", "whole")
        whole.open(WIDE)
        whole.send(wide_rows(0, 500))
        narrow = self.client(engine, "wide", "narrow")
        narrow.open()
        narrow.send(narrow_rows(500, 900))
        # The least that a stream can send, and the same stream with more again.
        narrow.send(narrow_rows(900, 1_000).select(["id"]))
        narrow.send(narrow_rows(1_000, 1_200))
        for client in (whole, narrow):
            client.wait_for_commit()
            client.close()
        least = [{"id": n} for n in range(900, 1_000)]
        expected = pa.concat_tables([
            wide_rows(0, 900), pa.Table.from_pylist(least, WIDE), wide_rows(1_000, 1_200)])
        self.assert_rows(engine.table("wide"), expected)
        self.assert_good(engine.table("wide"))
        for columns, part in ((["small"], "\"id\""), (["id", "id2"], "\"id2\"")):
            rows = narrow_rows(0, 1).append_column("id2", pa.array([1])).select(columns)
            client = self.client(engine, "wide")
            client.open()
            with self.assertRaises(Refusal) as refused:
                client.send(rows)
                client.wait_for_commit()
            self.assertEqual(refused.exception.code, SCHEMA_MISMATCH)
            self.assertIn(part, refused.exception.reject["message"])
        self.proved("1,200 rows, 700 of them with fewer or narrower columns at every level: equal in delta-rs and DuckDB")

    def alter(self, table, column):
        """Another engine adds a column; it may lose races against commits of ours."""
        def added():
            try:
                DeltaTable(str(table)).alter.add_columns([Field(column, "long")])
            except DeltaError as lost:
                self.races.append(str(lost))
                return False
            return True
        wait_until(f"{column} is added", added, 60)

    def alter_under_load(self, config, kills):
        self.races = []
        engine = self.engine(config=config, cores=[0, 1])
        ledgers = self.folder / "ledgers"
        ledgers.mkdir()
        load = self.produce(engine, ["altered"], streams=6, rows_per_second=800, batch_rows=40, ledgers=ledgers)
        log = engine.table("altered") / "_delta_log"
        wait_until("rows are committed", lambda: len(list(log.glob("*.json"))) > 3, 60)
        for number in range(ALTERS):
            self.alter(engine.table("altered"), f"added{number}")
            if kills and number % 2:
                engine.kill()
                engine.start()
            commits = len(list(log.glob("*.json")))
            wait_until("rows go on", lambda: len(list(log.glob("*.json"))) > commits + 1, 60)
        load.terminate()
        rows = json.loads(self.finish(load).splitlines()[-1])["altered"]
        engine.terminate()
        self.assertEqual(engine.wait(), 0, engine.log_tail())
        table = engine.table("altered")
        total = sum(rows.values())
        self.assert_good(table, self.ledgers(ledgers, "altered"), expect_rows=total, named=True, durable=True)
        added = [f"added{number}" for number in range(ALTERS)]
        self.assertEqual([field.name for field in DeltaTable(str(table)).schema().fields], [*SCHEMA.names, *added])
        query = "select count(*) as n, count(added0) as added from rows"
        for name, read in READERS.items():
            self.assertEqual(read(table, query).to_pylist(), [{"n": total, "added": 0}], name)
        self.assertNotIn("ALARM", engine.log_tail())
        self.assertIn("the table's columns changed", engine.log_path.read_text())
        return total

    def test_another_writer_adds_columns_under_load(self):
        rows = self.alter_under_load(QUICK, kills=False)
        self.proved(f"{ALTERS} columns added by delta-rs under load: each of {rows} rows once, no producer stopped")

    def test_another_writer_adds_columns_while_the_engine_is_killed(self):
        rows = self.alter_under_load(QUICK, kills=True)
        self.proved(f"{ALTERS} columns added by delta-rs and {ALTERS // 2} kills under load: each of {rows} rows once")

    def test_another_writer_adds_columns_without_a_log(self):
        rows = self.alter_under_load({**QUICK, "log": {"mode": "off"}}, kills=True)
        self.proved(f"{ALTERS} columns added by delta-rs and {ALTERS // 2} kills without a log: each of {rows} rows once")

    def test_new_columns_are_added_where_the_table_wants_them(self):
        engine = self.engine(config=EVOLVES, cores=[0, 1])
        first = self.client(engine, "evolving", "first")
        first.open(numbers(0, 0).schema)
        first.send(numbers(0, 100))
        # Two producers come at once, each with a column of its own and one that both have.
        together = threading.Barrier(2)

        def write(stream, begin, **more):
            client = self.client(engine, "evolving", stream)
            rows = numbers(begin, begin + 100, both=pa.int32(), **more)
            together.wait()
            client.open(rows.schema)
            client.send(rows)
            client.wait_for_commit()
            return rows

        with ThreadPoolExecutor(2) as pool:
            ones = pool.submit(write, "one", 100, x=pa.float64())
            twos = pool.submit(write, "two", 200, y=pa.string())
            parts = [numbers(0, 100), ones.result(), twos.result()]
        # In mid-stream, behind rows without the column and before others.
        parts += [numbers(300, 400), numbers(400, 500, late=pa.int16()), numbers(500, 600)]
        for rows in parts[3:]:
            first.send(rows)
        first.wait_for_commit()
        expected = pa.concat_tables(parts, promote_options="default")
        self.assert_rows(engine.table("evolving"), expected, "n")
        altered = metadata_commits(engine.table("evolving"))
        altered.pop(0)
        self.assertEqual(set(map(tuple, altered.values())), {()}, altered)
        self.assertIn(len(altered), (3, 4), altered)
        self.assert_good(engine.table("evolving"))
        self.proved(f"4 columns in {len(altered)} commits of their own, from two producers at once and in mid-stream: 600 rows once")

    def test_nested_fields_are_added_and_a_killed_engine_knows_them(self):
        engine = self.engine(config=EVOLVES, cores=[0])
        client = self.client(engine, "nested", "s")
        client.open(WIDE)
        client.send(wide_rows(0, 50))
        point = pa.struct([pa.field("x", pa.int32()), pa.field("weight", pa.float32())])
        deeper = pa.schema([pa.field("id", pa.int64(), False), pa.field("points", pa.list_(point)),
                            pa.field("facts", pa.map_(pa.string(), pa.list_(pa.int16())))])
        more = [{"id": n, "points": [{"x": n, "weight": n / 2}], "facts": [("a", [n, None])]} for n in range(50, 90)]
        client.send(pa.Table.from_pylist(more, deeper))
        client.until(lambda *_: client.hello["durable_seen"] >= 90)
        engine.kill()
        engine.start()

        def welcome():
            try:
                return client.resume()
            except Refusal as refusal:
                if refusal.code not in RETRIED:
                    raise
                return None

        self.assertEqual(wait_until("the stream is welcome", welcome, 60)["resume_offset"], 90)
        client.wait_for_commit()
        rows = READERS["delta-rs"](engine.table("nested"), "select * from rows order by id").to_pylist()
        self.assertEqual([row["id"] for row in rows], list(range(90)))
        self.assertEqual(rows[60]["points"], [{"x": 60, "label": None, "weight": 30.0}])
        self.assertEqual(rows[60]["facts"], [("a", [60, None])])
        self.assert_good(engine.table("nested"))
        self.proved("a field of a struct in an array and a map column were added; rows acked durable outlive kill -9 with them")

    def test_new_columns_are_refused_until_the_table_says_otherwise(self):
        engine = self.engine(config=QUICK, cores=[0, 1])
        client = self.client(engine, "strict", "s")
        client.open(numbers(0, 0).schema)
        client.send(numbers(0, 10))
        client.wait_for_commit()
        other = self.client(engine, "strict", "t")
        with self.assertRaises(Refusal) as refused:
            other.open(numbers(0, 0, extra=pa.int64()).schema)
            other.wait_for_commit(1)
        self.assertEqual(refused.exception.code, SCHEMA_MISMATCH)
        for part in ("\"extra\"", "lakehead.evolve", "tables.evolve"):
            self.assertIn(part, refused.exception.reject["message"])
        set_property(engine.table("strict"), "lakehead.evolve", "add")
        again = self.client(engine, "strict", "t")
        again.open(numbers(0, 0, extra=pa.int64()).schema)
        again.send(numbers(10, 20, extra=pa.int64()))
        again.wait_for_commit()
        client.send(numbers(20, 30))
        client.wait_for_commit()
        expected = pa.concat_tables(
            [numbers(0, 10), numbers(10, 20, extra=pa.int64()), numbers(20, 30)], promote_options="default")
        self.assert_rows(engine.table("strict"), expected, "n")
        made = ["table", "create", "willing", "--columns", "n bigint", "--evolve", "add", "--data-dir", engine.data_dir]
        self.assertEqual(json.loads(self.lakehead(*made))["evolve"], "add")
        willing = self.client(engine, "willing", "s")
        willing.open(numbers(0, 0).schema)
        willing.send(numbers(0, 10))
        willing.wait_for_commit()
        self.assert_rows(engine.table("willing"), numbers(0, 10), "n")
        self.proved("a new column is refused with its name and the way out; once the table's property says add, it is added")


if __name__ == "__main__":
    unittest.main()
