"""What is acknowledged survives power cuts: the engine and its disk go at once, and what was not flushed is lost or torn.

Skipped, with the reason, on a machine that cannot cut the power (power_cut_test.py proves that the cut is one).
"""

import os
import re
import sys
import unittest

from tests.e2e import LONG, SCRIPTS, EndToEnd
from tests.e2e_kill_test import TOLD

from harness import volume

POWER_CUTS, KILLS = (50, 10) if LONG else (8, 2)
CANARY_POWER_CUTS = 10
# Rows that were acknowledged and are gone, as a producer, the engine, or the verifier says it.
LOSS_SEEN = r"rows were acknowledged as committed.*|were acknowledged once but the table shows only.*|the acknowledged rows.*"


class PowerCutTest(EndToEnd):
    def setUp(self):
        lacking = "; ".join(volume.missing())
        if lacking:
            self.skipTest(f"there are no power cuts on this machine: {lacking}")
        super().setUp()

    def kill_loop(self, *options, **process):
        return self.start(sys.executable, SCRIPTS / "harness" / "kill_loop.py", "--target", "both", *options, **process)

    def test_the_power_fails(self):
        loop = self.kill_loop("--kills", KILLS, "--power-cuts", POWER_CUTS, "--seed", 1)
        output = self.finish(loop, seconds=3600)
        lines = output.splitlines()
        self.proved(f"{lines[-1]}; " + "; ".join(line for line in lines if TOLD.match(line)))

    def test_the_power_fails_and_the_store_is_faulty(self):
        cuts, kills = (POWER_CUTS // 2, KILLS) if LONG else (3, 2)
        loop = self.kill_loop("--kills", kills, "--power-cuts", cuts, "--faulty-store", "--seed", 2)
        output = self.finish(loop, seconds=1800)
        self.proved(output.splitlines()[-1])

    def test_an_engine_that_does_not_sync_its_folders_is_found_out(self):
        # With a log the engine notices the loss itself, and does not write the table any more: nothing would come to an end.
        without_log = {**os.environ, "LAKEHEAD_LOG_MODE": "off"}
        loop = self.kill_loop(
            "--kills", 0, "--power-cuts", CANARY_POWER_CUTS, "--seed", 1, "--no-sync", "folders", env=without_log)
        output, _ = loop.communicate(timeout=120)
        self.assertEqual(loop.returncode, 1, output)
        self.assertRegex(output, LOSS_SEEN)
        self.proved("power cuts find out an engine that leaves out the syncs of folders: " + re.search(LOSS_SEEN, output)[0])


if __name__ == "__main__":
    unittest.main()
