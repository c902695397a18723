"""What is said of processes that do not come to an end helps, and is bounded."""

import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SCRIPTS))

from harness import diagnosis  # noqa: E402

# Connects, leaves what comes unread, and waits for ever.
WAITER = """
import socket, sys, time
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
print("connected", flush=True)
connection.recv(1)
sys.stdin.read()
"""


class DiagnosisTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lakehead-diagnosis-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def waiter(self):
        """A process that waits with three bytes unread, once it does."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        process = subprocess.Popen(
            [sys.executable, "-c", WAITER, str(listener.getsockname()[1])], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.stdin.close)
        connection, _ = listener.accept()
        self.addCleanup(connection.close)
        process.stdout.readline()
        connection.sendall(b"four")
        return process

    def test_a_waiting_process_is_described(self):
        process = self.waiter()
        while "3 bytes unread" not in (said := diagnosis.state_of(process)):
            self.assertIsNone(process.poll())
        self.assertIn(f"process {process.pid}", said)
        self.assertRegex(said, r"1 × python\S* +[SR] +in ")
        self.assertRegex(said, r"socket \d+ to \d+ established")

    def test_who_is_gone_is_said_to_be(self):
        process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"])
        process.wait()
        said = diagnosis.report({"one": process, "other": None}, {"log": self.folder / "none"})
        self.assertIn("== one: ended with 7", said)
        self.assertIn("== other: never started", said)
        self.assertIn("== the end of log\n([Errno 2]", said)

    def test_a_log_is_cut_in_both_directions(self):
        log = self.folder / "log"
        log.write_text("".join(f"{number} {'x' * 100_000}\n" for number in range(50)) + "the last line\n")
        said = diagnosis.tail(log)
        self.assertTrue(said.endswith("\nthe last line"))
        self.assertLess(len(said), diagnosis.LINES_MAX * (diagnosis.LINE_CHARACTERS_MAX + 50))
        log.write_text("")
        self.assertEqual(diagnosis.tail(log), "(nothing)")


if __name__ == "__main__":
    unittest.main()
