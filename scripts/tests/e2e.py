"""What every end-to-end test has: a folder of its own, engines that end with it, and the programs."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SCRIPTS))

from harness.binaries import binary  # noqa: E402
from harness.engine import Engine  # noqa: E402
from verifier.report import verify  # noqa: E402

LONG = os.environ.get("LAKEHEAD_LONG_TESTS") == "1"


class EndToEnd(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lakehead-e2e-", ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def engine(self, name="data", **options):
        """A running engine; it is killed when the test ends."""
        engine = Engine(self.folder / name, **options)
        self.addCleanup(engine.kill)
        return engine.start()

    def start(self, *command, **options):
        """A process of ours, with its output in pipes; it is killed when the test ends."""
        process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            **options)

        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()

        self.addCleanup(end)
        return process

    def finish(self, process, seconds=120):
        """Its output, after it ended well."""
        output, errors = process.communicate(timeout=seconds)
        self.assertEqual(process.returncode, 0, f"{process.args} ended with {process.returncode}:\n{output}\n{errors}")
        return output

    def lakehead(self, *arguments, seconds=120):
        return self.finish(self.start(binary("lakehead"), *arguments), seconds)

    def produce(self, engine, tables, **options):
        """Starts produce.py; options are its flags."""
        command = [sys.executable, SCRIPTS / "harness" / "produce.py", "--server", engine.address]
        for table in tables:
            command += ["--table", table]
        for name, value in options.items():
            command += ["--" + name.replace("_", "-"), value]
        return self.start(*command)

    def ledgers(self, directory, table):
        return sorted(Path(directory).glob(f"{table}.*.jsonl"))

    def assert_good(self, table, ledgers=(), **options):
        """The independent verifier finds nothing wrong with the table in this directory."""
        report = verify(table, ledgers, **options)
        self.assertEqual(report.findings.problems, [], f"{table} has problems")
        return report

    def proved(self, sentence):
        print(f"\n  proved: {sentence}", flush=True)
