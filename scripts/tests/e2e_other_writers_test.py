"""Two engines and delta-rs, which appends, deletes and compacts, all on one table: nobody loses a row."""

import signal
import time
import unittest

from deltalake import DeltaTable

from tests.e2e import LONG, EndToEnd

from harness.other_writer import DOOMED, OtherWriter
from harness.verified_rows import SCHEMA

SECONDS = 60 if LONG else 12
TABLE, STREAMS, ROWS_PER_SECOND = "shared", 4, 400


class OtherWritersTest(EndToEnd):
    def test_two_engines_and_delta_rs_on_one_table(self):
        root = self.folder / "tables"
        ledgers, table = self.folder / "ledgers", root / TABLE
        ledgers.mkdir()
        DeltaTable.create(table, SCHEMA)
        config = {"tables": {"root": root.as_uri() + "/", "create": False, "commit_interval_ms": 250, "checkpoint_interval": 10}}
        engines = [self.engine(name, config=config) for name in ("one", "two")]
        producers = [
            self.produce(engine, [TABLE], streams=STREAMS, anonymous=1, prefix=prefix, rows_per_second=ROWS_PER_SECOND,
                         batch_rows=50, ledgers=ledgers)
            for engine, prefix in zip(engines, ("one", "two"))
        ]
        with OtherWriter(table, "other", ledgers / f"{TABLE}.other.jsonl") as other:
            time.sleep(SECONDS)
            for producer in producers:
                producer.send_signal(signal.SIGTERM)
            for producer in producers:
                self.finish(producer)
        if other.failure:
            raise other.failure
        self.assertGreater(min(other.appended, other.deleted, other.compacted), 0)

        report = self.assert_good(table, self.ledgers(ledgers, TABLE))
        rows = report.data.streams.runs
        self.assertNotIn(DOOMED, rows)
        self.assertEqual(report.data.streams.rows("other"), other.appended)
        ours = report.data.rows - other.appended
        self.assertGreaterEqual(report.ledger_rows, report.data.rows)
        by = {commit.operation for commit in report.log.commits}
        self.proved(f"{ours:,} rows of two engines and {other.appended:,} of delta-rs are each there once, in "
                    f"{len(report.log.commits)} versions, among {other.compacted} compactions and {other.deleted:,} deleted rows "
                    f"({', '.join(sorted(filter(None, by)))}); delta-rs met {other.conflicts} conflicts")


if __name__ == "__main__":
    unittest.main()
