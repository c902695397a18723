"""A thousand tables on one engine, most of them idle: no commit and no thread for those that get nothing."""

import json

from tests.e2e import EndToEnd

from harness.deadline import wait_until

TABLES, AT_A_TIME, ROWS = 1_000, 100, 5
BUSY, BUSY_ROWS = 5, 400
# What the commit plane starts for jobs that may block, and ends again when there are none.
PATIENCE_SECONDS = 60


class ManyTablesTest(EndToEnd):
    def test_idle_tables_take_no_commits_and_no_threads(self):
        engine = self.engine(config={"tables": {"commit_interval_ms": 100}, "memory": {"budget_mb": 512}})
        threads_before = engine.threads()
        names = [f"t{number:04d}" for number in range(TABLES)]
        for first in range(0, TABLES, AT_A_TIME):
            self.write(engine, names[first:first + AT_A_TIME], "once", ROWS)
        versions = {name: self.versions(engine, name) for name in names}
        wait_until("threads are back", lambda: engine.threads() <= threads_before + BUSY, PATIENCE_SECONDS)

        busy = names[:BUSY]
        self.write(engine, busy, "again", BUSY_ROWS)
        self.assertEqual([name for name in names[BUSY:] if self.versions(engine, name) != versions[name]], [])
        for name in busy:
            self.assertGreater(self.versions(engine, name), versions[name])
        for name in busy + names[-BUSY:]:
            self.assert_good(engine.table(name), self.ledgers(self.folder / "once", name) + self.ledgers(self.folder / "again", name))
        self.proved(f"{TABLES} tables on one engine, {TABLES - BUSY} of them idle without a commit or a thread;"
                    f" {engine.memory_bytes()[0] >> 20} MiB resident")

    def write(self, engine, tables, prefix, rows):
        options = {"streams": len(tables), "rows": rows, "batch_rows": ROWS, "ledgers": self.folder / prefix, "prefix": prefix}
        said = json.loads(self.finish(self.produce(engine, tables, **options), 300).splitlines()[-1])
        self.assertEqual(sum(sum(streams.values()) for streams in said.values()), len(tables) * rows)

    def versions(self, engine, name):
        return len(list((engine.table(name) / "_delta_log").glob("*.json")))
