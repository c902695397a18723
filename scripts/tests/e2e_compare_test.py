"""The instruments on little: an engine with itself, stages that add up, peers that are there and one that is not."""

import json
import subprocess
import unittest

from harness.binaries import binary

from .e2e import EndToEnd

LOAD = ("--rows", "200000", "--prepared")
STAGES = ("receive", "checksum", "decode", "admission", "append", "log-block", "log-write", "seal", "encode", "file")


class CompareTest(EndToEnd):
    def bench(self, *arguments, code=0):
        """What it says, and the document that it writes."""
        path = self.folder / "figures.json"
        command = [binary("lakehead-bench"), *map(str, arguments[:1]), "--json", str(path), "--work-dir", str(self.folder),
                   *map(str, arguments[1:])]
        ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        self.assertEqual(ran.returncode, code, ran.stdout + ran.stderr)
        return ran.stdout + ran.stderr, json.loads(path.read_text()) if path.exists() else None

    def test_an_engine_is_no_worse_than_itself(self):
        engine = binary("lakehead")
        said, found = self.bench("compare", engine, engine, "--turns", 2, "--tolerance", 1000, "--", *LOAD)
        self.assertIn("B is no worse than A", said)
        self.assertEqual((found["kind"], found["verdict"], len(found["turns"])), ("compare", "no_worse", 2))
        for side in ("a", "b"):
            self.assertTrue(all(turn[side]["rows_per_second"] > 0 for turn in found["turns"]))
        self.assertLessEqual(found["comparisons"]["rows/s"]["ratio_min"], found["comparisons"]["rows/s"]["ratio_max"])

    def test_configurations_are_compared_and_what_is_no_engine_is_named(self):
        slow, fast = self.folder / "slow.toml", self.folder / "fast.toml"
        slow.write_text("[tables]\ncommit_interval_ms = 1500\n")
        fast.write_text("[tables]\ncommit_interval_ms = 20\n")
        said, found = self.bench("compare", fast, slow, "--turns", 1, "--metric", "committed-p99", "--", *LOAD, code=1)
        self.assertIn("B IS WORSE THAN A", said)
        self.assertEqual(found["verdict"], "worse")
        said, _ = self.bench("compare", self.folder / "nothing", binary("lakehead"), code=2)
        self.assertIn("is no engine", said)
        said, _ = self.bench("compare", fast, fast, "--", "--rows", "many", code=2)
        self.assertIn("many", said)

    def test_stages_add_up(self):
        said, found = self.bench("stages", "--workload", "tiny", "--seconds", "0.01")
        self.assertEqual(tuple(stage["name"] for stage in found["stages"]), STAGES)
        for stage in found["stages"]:
            self.assertGreater(stage["ns_per_row"], 0, stage)
            self.assertGreaterEqual(stage["ns_per_row"], stage["ns_per_row_min"], stage)
        self.assertAlmostEqual(found["floor_cpu_s_per_gb"], sum(stage["cpu_s_per_gb"] for stage in found["stages"]))
        self.assertIn("floor", said)
        _, some = self.bench("stages", "--seconds", "0.01", "--only", "append")
        self.assertIsNone(some["floor_cpu_s_per_gb"])

    def test_peers_are_measured_and_the_missing_one_is_named(self):
        # A Python that has none of them.
        bare = self.folder / "python"
        bare.write_text('#!/bin/sh\nexec python3 -S -E "$@"\n')
        bare.chmod(0o755)
        options = ("--rows", 100_000, "--turns", 1)
        said, found = self.bench("peers", *options, "--python", bare, code=3)
        self.assertEqual([peer for peer, _ in found["skipped"]], ["delta-rs", "pyarrow", "duckdb"])
        self.assertIn("No module named", said)
        said, found = self.bench("peers", *options)
        self.assertEqual([peer["peer"] for peer in found["peers"]], ["delta-rs", "pyarrow", "duckdb"])
        for peer in found["peers"]:
            self.assertGreater(peer["engine_over_peer"], 0)
            self.assertEqual(peer["turns"][0]["rows"], 100_000)


if __name__ == "__main__":
    unittest.main()
