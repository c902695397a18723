"""Nothing is lost or repeated when processes die."""

import re
import sys
import unittest

from tests.e2e import LONG, SCRIPTS, EndToEnd

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


if __name__ == "__main__":
    unittest.main()
