"""A producer without a name: when its connection ends, its stream has ended, and it begins anew with another one.

Every life is a stream of its own in the rows' column `stream` and has a ledger of its own. Of an ended life what was acknowledged
must be in the table once, and what was not, once or not at all; nothing of it is sent again.
"""

import time

from .connection import Connection, Refused
from .producer import RECONNECT_SECONDS, RETRYABLE, Producer, Session


class AnonymousLife(Producer):
    anonymous = True

    def run_until_acknowledged(self, target):
        """Returns how many rows are committed when all are, or when the connection is lost."""
        end = time.monotonic() + self.patience_seconds
        while True:
            try:
                with Connection(self.address, self.patience_seconds) as connection:
                    Session(self, connection).run(target)
                    return self.committed
            except Refused as refused:
                if refused.reject.remedy not in RETRYABLE:
                    raise
            except OSError:
                pass
            if self.connections > 0:
                return self.committed
            if time.monotonic() > end:
                raise TimeoutError(f"the anonymous stream {self.stream} is not welcomed")
            time.sleep(RECONNECT_SECONDS)


class AnonymousProducer:
    def __init__(self, address, table, prefix, ledgers, *pace):
        """Lives that have left ledgers in that folder are counted; `pace` is Producer's, from batch_rows on."""
        self.address, self.table, self.prefix, self.ledgers, self.pace = address, table, prefix, ledgers, pace
        self.lives = len(list(ledgers.glob(f"{table}.{prefix}-life-*.jsonl")))

    def begin(self):
        self.lives += 1
        stream = f"{self.prefix}-life-{self.lives:03d}"
        return AnonymousLife(self.address, self.table, stream, self.ledgers / f"{self.table}.{stream}.jsonl", *self.pace)

    def run(self, rows):
        """Returns when as many rows are committed, in as many lives as it took."""
        committed = 0
        while committed < rows:
            committed += self.begin().run(rows - committed)
        return committed

    def run_until(self, stop):
        committed = 0
        while not stop.is_set():
            committed += self.begin().run_until(stop)
        return committed
