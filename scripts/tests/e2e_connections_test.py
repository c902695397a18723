"""Many connections: thousands at once, opened and closed in storms, and peers that stop reading. Nothing is left behind."""

import json
import resource
import socket
import struct
import threading
import unittest

from tests.e2e import EndToEnd

from harness import archives, frames
from harness.archives import Hello
from harness.binaries import binary
from harness.connection import Connection, Disconnected
from harness.deadline import wait_until

CONNECTIONS, SECONDS, MEGABYTES_PER_SECOND = 2_000, 30, 1
BUDGET_MB = 512
# What a process of this build takes beside its budget: threads, allocator, the kernel's own buffers are not in it.
OVERHEAD_BYTES = 256 << 20
STORM, STORM_THREADS = 10_000, 8
DEAF, PINGS = 50, 20_000
PATIENCE_SECONDS = 60
SPARE_FILES = 8
RESET = struct.pack("ii", 1, 0)


class ConnectionsTest(EndToEnd):
    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * CONNECTIONS)), hard))

    def start_engine(self):
        """An engine that has worked already: the first load opens and grows what every process keeps."""
        engine = self.engine(config={"tables": {"streams_max": 2 * CONNECTIONS}, "memory": {"budget_mb": BUDGET_MB}})
        self.finish(self.produce(engine, ["first"], streams=8, rows=2_000, ledgers=self.folder / "first", prefix="first"))
        return engine

    def assert_settled(self, engine, files_before):
        """Descriptors are back where they were, but for a few that the commit plane opens when it needs them.

        The deadline of half-said things is what this may wait for.
        """
        try:
            wait_until("descriptors are back", lambda: engine.open_files() <= files_before + SPARE_FILES, PATIENCE_SECONDS)
        except TimeoutError:
            self.fail(f"{engine.open_files()} descriptors are open, {files_before} were before")

    def test_thousands_of_streams_at_once(self):
        engine = self.start_engine()
        files_before, report = engine.open_files(), self.folder / "report.json"
        self.finish(self.start(
            binary("lakehead-bench"), "run", "--server", engine.address, "--workload", "telemetry-verified", "--named",
            "--connections", CONNECTIONS, "--batch-rows", 10, "--rate", MEGABYTES_PER_SECOND, "--duration", SECONDS,
            "--table", "many", "--table-path", engine.table("many"), "--json", report), 300)
        report = json.loads(report.read_text())
        rows = report["rows"]
        self.assertEqual((report["failures"], rows["verdict"]), ([], "exactly_once"))
        _, highest = engine.memory_bytes()
        self.assertLess(highest, (BUDGET_MB << 20) + OVERHEAD_BYTES)
        self.assert_settled(engine, files_before)
        self.assert_good(engine.table("many"))
        self.proved(f"{CONNECTIONS:,} named streams for {SECONDS} s: {rows['sent']:,} rows once, no error, "
                    f"at most {highest / 1e6:.0f} MB resident, descriptors back at {files_before}")

    def test_a_storm_of_opens_and_closes(self):
        engine = self.start_engine()
        schema = archives.pa.schema([("n", archives.pa.int64())])
        with Connection(engine.address) as first:
            first.open(Hello("storm", opener=bytes(16), attempt=1), schema)
        hello = frames.frame(frames.HELLO, Hello("storm", schema_follows=0).archive())
        close = frames.frame(frames.CLOSE, archives.close_archive(0))
        ends = [self.close_in_order, self.hang_up, self.reset, self.say_half]
        self.storm(engine, hello, close, ends, STORM // 10)
        wait_until("the warm-up's connections are gone", lambda: engine.open_files() < 50, PATIENCE_SECONDS)
        files_before, (memory_before, _) = engine.open_files(), engine.memory_bytes()
        errors = self.storm(engine, hello, close, ends, STORM)
        self.assertEqual(errors, [])
        self.assert_settled(engine, files_before)
        memory, _ = engine.memory_bytes()
        self.assertLess(memory - memory_before, 32 << 20)
        self.finish(self.produce(engine, ["after"], streams=1, rows=100, ledgers=self.folder / "after", prefix="after"))
        self.proved(f"{STORM:,} connections opened and closed in four ways: no error, {(memory - memory_before) / 1e6:+.1f} MB, "
                    f"descriptors back at {files_before}")

    def storm(self, engine, hello, close, ends, connections):
        errors = []

        def blow(numbers):
            for number in numbers:
                try:
                    with Connection(engine.address) as peer:
                        ends[number % len(ends)](peer, hello, close)
                except Exception as error:  # whatever it is, the test must hear of it
                    errors.append(f"{number}: {error!r}")

        threads = [threading.Thread(target=blow, args=(range(first, connections, STORM_THREADS),))
                   for first in range(STORM_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return errors

    @staticmethod
    def close_in_order(peer, hello, close):
        peer.send(hello)
        peer.expect(frames.WELCOME)
        peer.send(close)
        peer.expect(frames.CLOSED)

    @staticmethod
    def hang_up(peer, hello, _):
        peer.send(hello)
        peer.expect(frames.WELCOME)

    @staticmethod
    def reset(peer, hello, _):
        peer.send(hello)
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    @staticmethod
    def say_half(peer, hello, _):
        peer.send(hello[:60])

    def test_peers_that_stop_reading(self):
        engine = self.start_engine()
        schema = archives.pa.schema([("n", archives.pa.int64())])
        files_before, (memory_before, _) = engine.open_files(), engine.memory_bytes()
        pings = b"".join(frames.frame(frames.PING, archives.ping_archive(nonce)) for nonce in range(100))
        deaf = []
        for _ in range(DEAF):
            peer = Connection(engine.address)
            self.addCleanup(peer.close)
            peer.open(Hello("deaf"), schema)
            peer.socket.setblocking(False)
            deaf.append(peer)
        said = sum(self.shout(peer, pings, PINGS // 100) for peer in deaf)
        self.finish(self.produce(engine, ["heard"], streams=2, rows=2_000, ledgers=self.folder / "heard", prefix="heard"))
        memory, _ = engine.memory_bytes()
        self.assertLess(memory - memory_before, 32 << 20)
        for peer in deaf:
            peer.close()
        self.assert_settled(engine, files_before)
        self.proved(f"{DEAF} peers sent {said / 1e6:.1f} MB of pings and read nothing: {(memory - memory_before) / 1e6:+.1f} MB, "
                    f"others wrote 4,000 rows")

    @staticmethod
    def shout(peer, data, times):
        """Sends until the socket takes no more; gives the bytes it took."""
        taken = 0
        for _ in range(times):
            try:
                taken += peer.socket.send(data)
            except (BlockingIOError, ConnectionError, Disconnected):
                break
        return taken


if __name__ == "__main__":
    unittest.main()
