"""The engine is stopped and continued under load (as a hypervisor or debugger does), again and again."""

import random
import time
import unittest

from tests.e2e import LONG, EndToEnd

STREAMS, ROWS = 8, 6_000
PAUSES = 100 if LONG else 10
RUN_SECONDS_MAX, PAUSE_SECONDS_MAX = 0.4, 0.3


class PauseTest(EndToEnd):
    def test_a_stopped_engine_goes_on(self):
        engine = self.engine()
        rate = ROWS / (PAUSES * (RUN_SECONDS_MAX + PAUSE_SECONDS_MAX) / 2)
        producers = self.produce(engine, ["paused"], streams=STREAMS, rows=ROWS, rows_per_second=rate, batch_rows=50,
                                 ledgers=self.folder / "ledgers")
        delays = random.Random(3)
        for _ in range(PAUSES):
            time.sleep(delays.uniform(0, RUN_SECONDS_MAX))
            engine.pause()
            time.sleep(delays.uniform(0, PAUSE_SECONDS_MAX))
            engine.resume()
        self.finish(producers)
        ledgers = self.ledgers(self.folder / "ledgers", "paused")
        self.assert_good(engine.table("paused"), ledgers, expect_rows=STREAMS * ROWS, named=True)
        self.proved(f"stopped and continued {PAUSES} times under load: {STREAMS * ROWS:,} rows once")


if __name__ == "__main__":
    unittest.main()
