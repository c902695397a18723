"""What the build takes in: licences and sources by deny.toml, and what is known of its weaknesses."""

import shutil
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NO_DATABASE = "failed to fetch advisory database"


@unittest.skipUnless(shutil.which("cargo-deny"), "cargo-deny is not installed (scripts/test --long installs it)")
class DependenciesTest(unittest.TestCase):
    def deny(self, *checks):
        done = subprocess.run(["cargo", "deny", "check", *checks], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace")
        if done.returncode and NO_DATABASE in done.stdout:
            self.skipTest("the database of advisories cannot be reached from here")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_licences_bans_and_sources(self):
        self.deny("bans", "licenses", "sources")

    def test_advisories(self):
        self.deny("advisories")


if __name__ == "__main__":
    unittest.main()
