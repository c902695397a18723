"""Tables in object stores: the main job, kills, answers that get lost, and what a wrong setting is answered with.

The stores are emulators (harness/object_store.py); what engines do between them and a real cloud is in docs/operations.md.
"""

import json
import os
import shutil
import signal
import subprocess
import unittest

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from tests.e2e import LONG, EndToEnd

from harness import object_store
from harness.binaries import binary
from harness.deadline import wait_until
from harness.http_proxy import HttpProxy
from harness.readers import by_duckdb

COMMIT_INTERVAL_MS = 200
STREAMS, ANONYMOUS, ROWS_PER_SECOND = 6, 2, 500
KILLS = 20 if LONG else 4
# Each kind of fault is met so often, under load, before the store is well again.
EACH_FAULT_TIMES = 20 if LONG else 2
FAULTS_SECONDS_MAX = 900 if LONG else 60
LOG = {"path": "_delta_log/[0-9]+\\.json"}
COMMIT = {**LOG, "method": "PUT"}
DATA = {"path": "part-", "method": "PUT|POST"}
FAULTS = [
    *({**COMMIT, "fault": fault, "chance": 0.08}
      for fault in ("drop after", "drop before", "503 after", "503 before", "409 before")),
    {**COMMIT, "fault": "late", "seconds": 0.3, "chance": 0.08},
    {**COMMIT, "fault": "delay", "seconds": 0.5, "chance": 0.08},
    {**LOG, "method": "GET|HEAD", "fault": "503 before", "chance": 0.05},
    {**DATA, "fault": "drop after", "chance": 0.1},
    {**DATA, "fault": "503 before", "chance": 0.1},
]


class OfStore:
    """The tests; a class for each store says which."""

    Store = None

    def setUp(self):
        super().setUp()
        self.store = self.Store(self.folder)
        self.addCleanup(self.store.end)
        self.store.start()

    def config(self, port=None, commit_interval_ms=COMMIT_INTERVAL_MS):
        return {"tables": {"commit_interval_ms": commit_interval_ms, "root": self.store.root()},
                "store.options": self.store.options(port)}

    def begin(self, tables, port=None):
        engine = self.engine(config=self.config(port), environment=self.store.environment(port))
        producers = self.produce(
            engine, tables, streams=STREAMS, anonymous=ANONYMOUS, rows_per_second=ROWS_PER_SECOND, batch_rows=50, patience=120,
            ledgers=self.folder / "ledgers")
        wait_until("a first commit", lambda: all(map(self.committed, tables)), 60)
        return engine, producers

    def committed(self, table):
        """Rows of a table that were acknowledged as committed so far."""
        ledgers = self.ledgers(self.folder / "ledgers", table)
        lines = [json.loads(line) for path in ledgers for line in path.read_bytes().rpartition(b"\n")[0].splitlines()]
        return sum(line["to"] - line["from"] for line in lines if line.get("ack", "committed") == "committed")

    def stop_and_judge(self, engine, producers, tables):
        """The producers' last rows are acknowledged, the engine drains, and the bucket is read."""
        producers.send_signal(signal.SIGTERM)
        final = json.loads(self.finish(producers).splitlines()[-1])
        engine.terminate()
        self.assertEqual(engine.wait(), 0, engine.log_tail())
        mirrored, rows = self.store.mirror(self.folder / "mirrored"), 0
        for table in tables:
            report = self.assert_good(
                mirrored / table, self.ledgers(self.folder / "ledgers", table), named=True, durable=True)
            self.assertEqual({stream: report.data.streams.rows(stream) for stream in final[table]}, final[table])
            self.assertLessEqual(set(report.data.streams.runs), set(final[table]) | report.anonymous)
            rows += report.data.rows
        return rows

    def test_rows_are_in_the_table_once(self):
        engine = self.engine(config=self.config(commit_interval_ms=3_000), environment=self.store.environment())
        self.lakehead("demo", "--server", engine.address, "--table", "telemetry", "--seconds", 2, "--rate", 10_000)
        # Megabytes that no codec makes small: parts go up while the rest is written.
        rows = self.large_file()
        self.lakehead("write", "large.rows", self.folder / "large.parquet", "--server", engine.address)
        engine.terminate()
        self.assertEqual(engine.wait(), 0, engine.log_tail())
        options = self.store.reader_options()
        read = DeltaTable(self.store.root() + "telemetry", storage_options=options).to_pyarrow_table()
        self.assertEqual(sorted(read["reading"].to_pylist()), list(range(20_000)))
        large = DeltaTable(self.store.root() + "large/rows", storage_options=options).to_pyarrow_table(columns=["number"])
        self.assertEqual(sorted(large["number"].to_pylist()), list(range(rows)))
        mirrored = self.store.mirror(self.folder / "mirrored")
        counted = by_duckdb(mirrored / "telemetry", "select count(*), count(distinct reading) from rows").to_pylist()
        self.assertEqual(list(counted[0].values()), [20_000, 20_000])
        sizes = [path.stat().st_size for path in (mirrored / "large" / "rows").glob("*.parquet")]
        self.assertGreater(max(sizes), 8 << 20, f"one file went up in parts: {sizes}")
        self.proved(f"{self.store.name}: 20,000 rows of telemetry and {rows:,} in files of up to {max(sizes) >> 20} MiB, once, "
                    "by delta-rs and DuckDB")

    def large_file(self):
        rows = 2_000_000
        noise = np.random.default_rng(7).integers(-2**62, 2**62, rows)
        pq.write_table(pa.table({"number": np.arange(rows), "noise": noise}), self.folder / "large.parquet")
        return rows

    def test_the_engine_is_killed(self):
        tables = ["killed", "too"]
        engine, producers = self.begin(tables)
        for _ in range(KILLS):
            before = self.committed("killed")
            engine.kill()
            engine.start()
            wait_until("commits after a kill", lambda: self.committed("killed") > before, 60)
        rows = self.stop_and_judge(engine, producers, tables)
        self.proved(f"{self.store.name}: {KILLS} kills of the engine, {rows:,} rows once")

    def test_answers_get_lost(self):
        proxy = HttpProxy(self.store.port)
        self.addCleanup(proxy.end)
        tables = ["lost"]
        engine, producers = self.begin(tables, proxy.port)
        proxy.faults(*FAULTS)
        kinds = {rule["fault"] for rule in FAULTS}

        def all_met():
            self.assertIsNone(producers.poll(), "producers ended")
            return min(proxy.met.get(kind, 0) for kind in kinds) >= EACH_FAULT_TIMES

        try:
            wait_until("every kind of fault", all_met, FAULTS_SECONDS_MAX)
        except TimeoutError:
            self.fail(f"not every kind of fault was met: {proxy.met}; {engine.log_tail()}")
        # While a commit's answer is in doubt, the engine dies.
        proxy.faults({**COMMIT, "fault": "drop after"})
        met = proxy.met["drop after"]
        wait_until("a commit in doubt", lambda: proxy.met["drop after"] > met, 60)
        engine.kill()
        proxy.faults()
        engine.start()
        rows = self.stop_and_judge(engine, producers, tables)
        met = ", ".join(f"{count} {fault}" for fault, count in sorted(proxy.met.items()))
        self.proved(f"{self.store.name}: {met}; {rows:,} rows once")

    def refused(self, root, options, environment):
        """Exit code and last words of an engine that does not start."""
        config = self.folder / "wrong.toml"
        lines = [f"{name} = {json.dumps(value)}" for name, value in options.items()]
        config.write_text("\n".join([f'[tables]\nroot = "{root}"', "[store.options]", *lines]))
        process = subprocess.run(
            [binary("lakehead"), "serve", "--listen", "127.0.0.1:0", "--data-dir", str(self.folder / "wrong"), "--config", config],
            capture_output=True, text=True, timeout=60, env={"PATH": "/bin", "HOME": str(self.folder), **environment})
        return process.returncode, process.stderr

    def test_a_wrong_setting_has_a_next_step(self):
        options, environment = self.store.options(), self.store.environment()
        wrong = [(self.store.root().replace("tables", "nothere"), options, environment, "there is no such bucket or container"),
                 (self.store.root(), {**options, "regoin": "x"}, environment, 'did you mean "region"'),
                 *self.store.wrong_settings(self.store.root(), options, environment)]
        for root, options, environment, step in wrong:
            with self.subTest(step):
                code, told = self.refused(root, options, environment)
                self.assertEqual(code, 78, told)
                self.assertIn(step, told)

    def test_a_store_that_does_not_answer_is_waited_for(self):
        proxy = HttpProxy(1)
        self.addCleanup(proxy.end)
        engine = self.engine(config=self.config(proxy.port), environment=self.store.environment(proxy.port))
        self.assertIn("the store cannot be reached", engine.log_tail())
        process = self.start(
            binary("lakehead"), "table", "describe", "telemetry", "--server", engine.address, "--give-up-after", "1")
        refused = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 75, refused)
        self.assertIn("the store cannot be reached", refused)
        proxy.store_port = self.store.port
        self.lakehead("demo", "--server", engine.address, "--seconds", 1, "--rate", 1_000)

    def test_commands_find_the_table(self):
        config = self.folder / "lakehead.toml"
        lines = [f"{name} = {json.dumps(value)}" for name, value in self.store.options().items()]
        config.write_text("\n".join([f'[tables]\nroot = "{self.store.root()}"', "[store.options]", *lines]))

        def lakehead(*arguments):
            environment = {**os.environ, **self.store.environment()}
            return json.loads(self.finish(self.start(binary("lakehead"), *arguments, "--config", config, env=environment)))

        made = lakehead("table", "create", "made.here", "--columns", "a bigint, b string", "--encoding", "size")
        self.assertTrue(made["created"])
        engine = self.engine(config=self.config(), environment=self.store.environment())
        (self.folder / "rows.csv").write_text("a,b\n1,x\n2,y\n")
        self.lakehead("write", "made.here", self.folder / "rows.csv", "--server", engine.address, "--stream", "mine")
        described = lakehead("table", "describe", "made.here", "--json")
        self.assertEqual((described["id"], described["rows"], described["location"]),
                         (made["id"], 2, self.store.root() + "made/here/"))
        self.assertIn("encodings", json.dumps(described["newest_file"]), described["newest_file"])
        self.assertEqual(lakehead("stream", "list", "made.here", "--json")["streams"][0]["committed"], 2)
        self.assertEqual(lakehead("stream", "forget", "made.here", "mine", "--yes")["forgotten_rows"], 2)
        self.assertEqual(lakehead("stream", "list", "made.here", "--json")["streams"], [])


class S3Test(OfStore, EndToEnd):
    Store = object_store.S3


@unittest.skipUnless(shutil.which("npm"), "npm is missing, which installs Azurite: sudo apt-get install nodejs npm")
class AzureTest(OfStore, EndToEnd):
    Store = object_store.Azure


if __name__ == "__main__":
    unittest.main()
