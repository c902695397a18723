"""What the instruction gate makes of callgrind's files and of counts."""

import sys
import unittest

from .e2e import SCRIPTS

sys.path.insert(0, str(SCRIPTS.parent / "perf"))

import instructions  # noqa: E402

CALLGRIND = """# callgrind format
version: 1
events: Ir
fn=(12) lakehead_bench::stages::stopwatch::counted
160 41

summary: 16131
totals: 16131
"""


class InstructionsTest(unittest.TestCase):
    def test_the_sum_is_read(self):
        self.assertEqual(instructions.instructions(CALLGRIND), 16131)
        self.assertEqual(instructions.instructions("totals: 5\n"), 5)
        for empty in ("", "summary: 0\n"):
            with self.assertRaises(SystemExit):
                instructions.instructions(empty)

    def test_a_rise_fails_and_a_fall_is_named(self):
        recorded = {"decode": 1000, "append": 1000, "log-block": 1000, "encode": 1000}
        lines, worse = instructions.judge(recorded, {"decode": 1050, "append": 1051, "log-block": 949, "encode": 950, "new": 1})
        self.assertEqual(worse, ["append", "new"])
        words = [line.split("%  ")[-1] for line in lines[:4]]
        self.assertEqual(words, ["ok", "MORE", "less: record it", "ok"])
        self.assertIn("NEW", lines[4])
        said = instructions.failure(worse, {**instructions.tools(), "rustc": "rustc 1.0"})
        self.assertIn("append, new: over 5 %", said)
        self.assertIn("--record", said)
        self.assertIn("rustc was rustc 1.0", said)
        self.assertNotIn("valgrind was", said)

    def test_other_processors_are_not_compared(self):
        self.assertEqual(instructions.lacking_processor("flags\t\t: fpu avx avx2 sse\n", "x86_64"), "")
        self.assertIn("AVX2", instructions.lacking_processor("flags\t\t: fpu avx sse\n", "x86_64"))
        self.assertIn("aarch64", instructions.lacking_processor("", "aarch64"))


if __name__ == "__main__":
    unittest.main()
