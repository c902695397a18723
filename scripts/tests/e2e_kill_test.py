"""Nothing is lost or repeated when processes die."""

import sys
import unittest

from tests.e2e import LONG, SCRIPTS, EndToEnd

KILLS = 100 if LONG else 12


class KillTest(EndToEnd):
    def kill(self, target, seed=1):
        command = [sys.executable, SCRIPTS / "harness" / "kill_loop.py", "--target", target, "--kills", KILLS, "--seed", seed]
        output = self.finish(self.start(*command), seconds=1800)
        lines = output.splitlines()
        self.proved(f"{lines[-1]}; " + "; ".join(line for line in lines if "each once" in line))

    def test_clients_die(self):
        self.kill("client")

    def test_the_engine_dies(self):
        self.kill("engine")

    def test_both_die(self):
        self.kill("both")


if __name__ == "__main__":
    unittest.main()
