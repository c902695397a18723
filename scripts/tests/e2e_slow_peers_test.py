"""Hundreds of peers that begin a Hello and stop cost little memory and no service."""

import resource
import unittest

from tests.e2e import EndToEnd

from harness import frames
from harness.archives import Hello
from harness.connection import Connection

PEERS = 500
MEMORY_BYTES_PER_PEER = 64 << 10
STREAMS, ROWS = 4, 5_000
TIMED_OUT = 42
CUT_OFF_SECONDS = 60


class SlowPeersTest(EndToEnd):
    def test_half_said_hellos(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * PEERS)), hard))
        engine = self.engine()
        self.finish(self.produce(engine, ["busy"], streams=STREAMS, rows=ROWS, ledgers=self.folder / "before", prefix="before"))
        memory_before, _ = engine.memory_bytes()
        hello = frames.frame(frames.HELLO, Hello("busy", "slow").archive())
        peers = []
        for index in range(PEERS):
            peer = Connection(engine.address, CUT_OFF_SECONDS)
            self.addCleanup(peer.close)
            peer.send(hello[: 1 + index % (len(hello) - 1)])
            peers.append(peer)
        producers = self.produce(engine, ["busy"], streams=STREAMS, rows=ROWS, ledgers=self.folder / "during", prefix="during")
        self.finish(producers)
        memory_now, memory_high = engine.memory_bytes()
        grown = memory_now - memory_before
        # What the same load left behind without slow peers is the allowance for caches; the rest is theirs.
        self.assertLess(grown, PEERS * MEMORY_BYTES_PER_PEER + (32 << 20), f"{grown} bytes for {PEERS} peers")
        ledgers = [path for folder in ("before", "during") for path in self.ledgers(self.folder / folder, "busy")]
        self.assert_good(engine.table("busy"), ledgers, expect_rows=2 * STREAMS * ROWS, named=True)
        self.proved(f"{PEERS} half-said hellos: {grown / 1e6:.1f} MB more (at most {memory_high / 1e6:.0f} MB), "
                    f"{STREAMS * ROWS:,} rows of others went through")
        refusals = [peer.drain() for peer in peers]
        self.assertTrue(all(reject is None or reject.code == TIMED_OUT for reject in refusals))
        self.proved(f"all {PEERS} were cut off by their deadline, {sum(map(bool, refusals))} of them with a refusal")
        self.finish(self.produce(engine, ["busy"], streams=1, rows=100, ledgers=self.folder / "after", prefix="after"))
        self.assertTrue(engine.alive)


if __name__ == "__main__":
    unittest.main()
