"""Another writer of verified rows: delta-rs appends, deletes and compacts a table that engines write at the same time."""

import threading

from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from .verified_rows import verified_batch, write_ledger

BATCH_ROWS = 40
COMPACT_EVERY, DELETE_EVERY = 4, 6
DOOMED = "doomed"


class OtherWriter:
    """A thread. It appends rows of `stream`, whose ledger it writes when it is stopped; rows of another stream it appends and
    deletes again, all of them. What is lost to a conflict is tried again: delta-rs says for sure that nothing landed."""

    def __init__(self, table, stream, ledger):
        self.table, self.stream, self.ledger = str(table), stream, ledger
        self.stop, self.failure = threading.Event(), None
        self.appended = self.compacted = self.deleted = self.conflicts = 0
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def run(self):
        try:
            turn = 0
            while not self.stop.is_set():
                turn += 1
                self.append(self.stream, self.appended, self.appended + BATCH_ROWS)
                self.appended += BATCH_ROWS
                if turn % DELETE_EVERY == 0:
                    self.append(DOOMED, 0, BATCH_ROWS)
                    self.again(lambda: self.open().delete(f"stream = '{DOOMED}'"))
                    self.deleted += BATCH_ROWS
                if turn % COMPACT_EVERY == 0:
                    self.compact()
            # Whatever came since the last time.
            self.compact()
        except Exception as failure:  # for the thread that waits
            self.failure = failure
        write_ledger(self.ledger, self.stream, self.appended)

    def open(self):
        return DeltaTable(self.table)

    def append(self, stream, start, end):
        self.again(lambda: write_deltalake(self.table, verified_batch(stream, start, end), mode="append"))

    def compact(self):
        self.again(lambda: self.open().optimize.compact())
        self.compacted += 1

    def again(self, change):
        while True:
            try:
                return change()
            except CommitFailedError:
                self.conflicts += 1
