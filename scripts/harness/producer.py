"""A producer of verified rows that keeps its own account.

It sends rows of one named stream, notes every acknowledged range in its ledger (verifier/ledger.py has the format) and
fsyncs it, and goes on after any loss of the connection by resuming with its epoch. What it is owed it checks at once: the
engine must never resume it below what was acknowledged.
"""

import json
import os
import select
import time
import uuid

from verifier import content

from . import archives, frames
from .connection import Connection, Disconnected, Refused
from .verified_rows import SCHEMA, verified_batch

REMEDY_RETRY, REMEDY_RESUME = 1, 2
RECONNECT_SECONDS = 0.05
PACE_SECONDS = 0.01
OFFSET_MAX = 2**63 - 1


class LostRows(Exception):
    """The engine went back behind what it had acknowledged as committed."""


class Ledger:
    """Appends what was acknowledged. A ledger that exists is continued, minus a line that was torn by a crash."""

    def __init__(self, path, stream):
        self.stream = stream
        self.file = open(path, "ab+")
        self.file.seek(0)
        kept = self.file.read()
        whole = kept[: kept.rfind(b"\n") + 1]
        self.file.truncate(len(whole))
        self.noted = json.loads(whole.splitlines()[-1])["to"] if whole else 0

    def note(self, committed, version):
        """Rows up to `committed` are acknowledged, the last of them in `version`."""
        if committed <= self.noted:
            return
        hashed = content.range_hash(content.row_hashes(verified_batch(self.stream, self.noted, committed)))
        line = {"stream": self.stream, "from": self.noted, "to": committed, "hash": hashed, "version": version}
        self.file.write(json.dumps(line).encode() + b"\n")
        self.file.flush()
        os.fsync(self.file.fileno())
        self.noted = committed

    def skip(self, committed):
        """Rows that are in the table although no ack for them was received: no line says so."""
        self.noted = max(self.noted, committed)

    def close(self):
        self.file.close()


class Producer:
    """`rows_per_second` paces it; without, it sends as fast as credit allows."""

    def __init__(self, address, table, stream, ledger_path, batch_rows=500, rows_per_second=None, patience_seconds=60):
        self.address, self.table, self.stream = address, table, stream
        self.ledger = Ledger(ledger_path, stream)
        self.batch_rows, self.rows_per_second, self.patience_seconds = batch_rows, rows_per_second, patience_seconds
        self.opener, self.attempt, self.epoch, self.table_id = uuid.uuid4().bytes, 0, None, ""
        self.committed = self.sent_highest = self.ledger.noted
        self.began = time.monotonic()
        self.connections = 0

    def run(self, rows):
        """Returns when rows 0 to `rows` - 1 are acknowledged. Raises LostRows, Refused for good, or TimeoutError."""
        return self.run_sessions(lambda: rows)

    def run_until(self, stop):
        """Writes until the event `stop` is set; returns how many rows there are then, all of them acknowledged."""
        return self.run_sessions(lambda: self.sent_highest if stop.is_set() else OFFSET_MAX)

    def run_sessions(self, target):
        try:
            return self.run_until_acknowledged(target)
        finally:
            self.ledger.close()

    def run_until_acknowledged(self, target):
        last_progress = time.monotonic()
        while True:
            before = self.committed
            try:
                with Connection(self.address, self.patience_seconds) as connection:
                    Session(self, connection).run(target)
                    return self.committed
            except Refused as refused:
                if refused.reject.remedy not in (REMEDY_RETRY, REMEDY_RESUME):
                    raise
                time.sleep(RECONNECT_SECONDS)
            except OSError:
                time.sleep(RECONNECT_SECONDS)
            now = time.monotonic()
            if self.committed > before:
                last_progress = now
            elif now - last_progress > self.patience_seconds:
                raise TimeoutError(f"stream {self.stream} stays at {self.committed} rows")

    def hello(self):
        self.attempt += 1
        hello = archives.Hello(
            self.table, self.stream, self.table_id, opener=self.opener, attempt=self.attempt, durable_seen=self.committed,
            committed_seen=self.committed, sent=self.sent_highest, resendable_from=0)
        if self.epoch is not None:
            hello.mode, (hello.epoch_major, hello.epoch_minor) = archives.MODE_RESUME, self.epoch
        return hello

    def welcomed(self, welcome):
        """Judges where the engine goes on."""
        self.connections += 1
        self.epoch, self.table_id = (welcome.epoch_major, welcome.epoch_minor), welcome.table_id
        if min(welcome.resume_offset, welcome.committed) < self.committed:
            raise LostRows(
                f"stream {self.stream}: {self.committed} rows were acknowledged, the engine resumes at "
                f"{welcome.resume_offset} with {welcome.committed} committed"
            )
        self.ledger.skip(welcome.committed)
        self.committed = welcome.committed
        self.sent_highest = max(self.sent_highest, welcome.resume_offset)

    def note(self, committed, version):
        if committed < self.committed:
            raise LostRows(f"stream {self.stream}: an ack goes back from {self.committed} to {committed}")
        self.committed = committed
        self.ledger.note(committed, version)

    def is_due(self, position):
        return self.rows_per_second is None or position < (time.monotonic() - self.began) * self.rows_per_second


class Session:
    """One connection's life."""

    def __init__(self, producer, connection):
        self.producer, self.connection = producer, connection
        welcome = connection.open(producer.hello(), SCHEMA)
        producer.welcomed(welcome)
        self.position, self.credit, self.sent_bytes = welcome.resume_offset, welcome.credit, 0
        self.pending = None

    def run(self, target):
        """Sends up to the row that `target` names at the time, closes, and returns when all is acknowledged."""
        while self.position < (rows := target()):
            if self.send_batch(rows):
                self.receive(0)
            elif self.producer.is_due(self.position):
                self.receive(self.producer.patience_seconds)
            else:
                self.receive(PACE_SECONDS)
        self.connection.send(frames.frame(frames.CLOSE, archives.close_archive(self.position)))
        while self.receive(self.producer.patience_seconds) != frames.CLOSED:
            pass
        if self.producer.committed < self.position:
            raise LostRows(f"stream {self.producer.stream}: closed at {self.producer.committed} of {self.position} rows")

    def send_batch(self, rows):
        """Sends the next batch if it is due and credit allows."""
        if self.pending is None:
            self.count = min(self.producer.batch_rows, rows - self.position)
            batch = verified_batch(self.producer.stream, self.position, self.position + self.count)
            self.pending = archives.batch_archive([archives.column_of(column) for column in batch.columns])
        if not self.producer.is_due(self.position) or self.sent_bytes + len(self.pending) > self.credit:
            return False
        self.connection.send(frames.frame(
            frames.BATCH, self.pending, schema_id=1, first_offset=self.position, rows=self.count))
        self.position += self.count
        self.sent_bytes += len(self.pending)
        self.pending = None
        self.producer.sent_highest = max(self.producer.sent_highest, self.position)
        return True

    def receive(self, seconds):
        """Takes in what comes within that time; returns the last frame's kind, or None."""
        kind = None
        while self.connection.received or select.select([self.connection.socket], [], [], 0 if kind else seconds)[0]:
            kind, answer = self.connection.receive()
            if kind == frames.REJECT:
                raise Refused(answer)
            if kind == frames.ACK:
                self.credit = max(self.credit, answer.credit)
            if kind in (frames.ACK, frames.CLOSED):
                self.producer.note(answer.committed, answer.version)
            if kind == frames.CLOSED:
                break
            if kind == frames.PING:
                self.connection.send(frames.frame(frames.PONG, answer))
        if kind is None and seconds >= self.producer.patience_seconds:
            raise Disconnected("the engine is silent")
        return kind
