"""Nothing is lost or repeated when processes die."""

import sys
import unittest

from tests.e2e import LONG, SCRIPTS, EndToEnd

KILLS = 100 if LONG else 20


class KillTest(EndToEnd):
    def kill(self, target, seed=1):
        command = [sys.executable, SCRIPTS / "harness" / "kill_loop.py", "--target", target, "--kills", KILLS, "--seed", seed]
        output = self.finish(self.start(*command), seconds=1800)
        self.proved(f"{KILLS} times kill -9 of the {target}; " + "; ".join(l for l in output.splitlines() if "each once" in l))

    def test_the_client_dies(self):
        self.kill("client")

    def test_the_engine_dies(self):
        self.kill("engine")


if __name__ == "__main__":
    unittest.main()
