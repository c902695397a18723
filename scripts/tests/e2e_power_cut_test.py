"""What is acknowledged survives power cuts: the engine and its disk go at once, and what was not flushed is lost or torn.

Skipped, with the reason, on a machine that cannot cut the power (power_cut_test.py proves that the cut is one).
"""

import sys
import unittest

from tests.e2e import LONG, SCRIPTS, EndToEnd

from harness import volume

POWER_CUTS, KILLS = (100, 50) if LONG else (8, 2)


class PowerCutTest(EndToEnd):
    def setUp(self):
        lacking = "; ".join(volume.missing())
        if lacking:
            self.skipTest(f"there are no power cuts on this machine: {lacking}")
        super().setUp()

    def test_the_power_fails(self):
        command = [sys.executable, SCRIPTS / "harness" / "kill_loop.py", "--target", "both", "--kills", KILLS,
                   "--power-cuts", POWER_CUTS, "--seed", 1]
        output = self.finish(self.start(*command), seconds=1800)
        lines = output.splitlines()
        self.proved(f"{lines[-1]}; " + "; ".join(line for line in lines if "each once" in line))


if __name__ == "__main__":
    unittest.main()
