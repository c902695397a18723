"""SIGTERM under load: the engine finishes what it accepted and ends with 0; producers go on with its successor."""

import unittest

from tests.e2e import EndToEnd

from harness.deadline import wait_until

STREAMS = 8
ROWS = 8_000


class DrainTest(EndToEnd):
    def test_sigterm_drains(self):
        engine = self.engine()
        ledgers = self.folder / "ledgers"
        producers = self.produce(engine, ["drained"], streams=STREAMS, rows=ROWS, rows_per_second=2_000, batch_rows=100,
                                 ledgers=ledgers)
        all_acknowledged = lambda: sum(path.stat().st_size > 0 for path in ledgers.glob("*.jsonl")) == STREAMS
        wait_until("an ack for every stream", all_acknowledged, 60)
        engine.terminate()
        self.assertEqual(engine.wait(), 0, engine.log_tail())
        # No core leaves before the others: their rows would stay behind.
        self.assertIn("drained=Settled", engine.log_tail())
        self.assertIsNone(producers.poll(), "the producers should still be writing")
        report = self.assert_good(engine.table("drained"), self.ledgers(ledgers, "drained"), named=True)
        self.assertLess(report.data.rows, STREAMS * ROWS)
        self.proved(f"SIGTERM under load: exit code 0, {report.ledger_rows:,} acknowledged of {report.data.rows:,} rows are there")

        engine.start()
        self.finish(producers)
        self.assert_good(engine.table("drained"), self.ledgers(ledgers, "drained"), named=True, expect_rows=STREAMS * ROWS)
        self.proved(f"the producers reconnected to the next engine: all {STREAMS * ROWS:,} rows once")

        engine.terminate()
        self.assertEqual(engine.wait(), 0, engine.log_tail())
        self.proved("SIGTERM without load: exit code 0")


if __name__ == "__main__":
    unittest.main()
