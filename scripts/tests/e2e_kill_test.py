"""Nothing is lost or repeated when processes die."""

import json
import re
import signal
import sys
import unittest

from tests.e2e import LONG, SCRIPTS, EndToEnd

from harness.load import TABLES, Load
from harness.workload import Workload

# The engine is what has most to lose.
KILLS = {"client": 100, "engine": 200, "both": 200} if LONG else {"client": 12, "engine": 12, "both": 12}
SECONDS_MAX = 3600
# Of what the loop says, what it proves.
TOLD = re.compile(r"^(?:kill\..*each once|upkeep: |left over: |columns: )")
# Of the rows, when both may die, that their tables cannot take.
BAD_ROWS = 0.01


class KillTest(EndToEnd):
    def kill(self, target, *options, seed=1):
        command = [sys.executable, SCRIPTS / "harness" / "kill_loop.py", "--target", target,
                   "--kills", KILLS[target], "--seed", seed, *options]
        output = self.finish(self.start(*command), seconds=SECONDS_MAX)
        lines = output.splitlines()
        self.proved(f"{lines[-1]}; " + "; ".join(line for line in lines if TOLD.match(line)))
        return lines

    def test_clients_die(self):
        self.kill("client")

    def test_the_engine_dies(self):
        self.kill("engine")

    def test_both_die(self):
        lines = self.kill("both", "--bad-rows", BAD_ROWS)
        self.assertEqual(sum("rows more in the table of rejected rows" in line for line in lines), 2, lines)

    def test_producers_that_are_told_to_end_while_they_start_end_in_order(self):
        load = Load(self.folder, self.engine(), Workload())
        load.start_producers()
        self.addCleanup(load.producers.kill)
        load.producers.send_signal(signal.SIGTERM)
        self.assertEqual(load.producers.wait(60), 0, load.log("producers"))
        self.assertEqual(set(json.loads(load.log("producers"))), set(TABLES))


if __name__ == "__main__":
    unittest.main()
