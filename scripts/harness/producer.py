"""A producer of verified rows that keeps its own account.

It sends rows of one named stream, notes every acknowledged range in its ledger (verifier/ledger.py has the format), durable
and committed apart, and fsyncs it, and goes on after any loss of the connection by resuming with its epoch. What it is owed it
checks at once: the engine must never resume it below what was acknowledged, as durable or as committed.
"""

import json
import os
import select
import time
import uuid

from . import archives, frames
from .connection import Connection, Disconnected, Refused
from .workload import PLAIN

REMEDY_RETRY, REMEDY_RESUME = 1, 2
RETRYABLE = (REMEDY_RETRY, REMEDY_RESUME)
RECONNECT_SECONDS = 0.05
PACE_SECONDS = 0.01
OFFSET_MAX = 2**63 - 1


class LostRows(Exception):
    """The engine went back behind what it had acknowledged."""


class Ledger:
    """Appends what was acknowledged. A ledger that exists is continued, minus a line that was torn by a crash."""

    def __init__(self, path, stream, anonymous=False, workload=PLAIN):
        self.stream, self.anonymous, self.workload = stream, anonymous, workload
        self.file = open(path, "ab+")
        self.file.seek(0)
        kept = self.file.read()
        whole = kept[: kept.rfind(b"\n") + 1]
        self.file.truncate(len(whole))
        self.committed = self.durable = 0
        for line in map(json.loads, whole.splitlines()):
            self.durable = max(self.durable, line["to"])
            if line.get("ack") != "durable":
                self.committed = max(self.committed, line["to"])
        if anonymous and not whole:
            self.append([self.line(0, 0)])

    def note(self, durable, committed, version=None):
        """Rows up to `committed` are acknowledged, the last of them in `version`; up to `durable` only as durable."""
        lines = []
        if committed > self.committed:
            lines.append(self.line(self.committed, committed, version=version))
            self.committed, self.durable = committed, max(self.durable, committed)
        if durable > self.durable:
            lines.append(self.line(self.durable, durable, ack="durable"))
            self.durable = durable
        self.append(lines)

    def line(self, start, end, **more):
        line = {"stream": self.stream, "from": start, "to": end, **self.workload.account(self.stream, start, end), **more}
        return line | {"anonymous": True} if self.anonymous else line

    def append(self, lines):
        if lines:
            self.file.write(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
            self.file.flush()
            os.fsync(self.file.fileno())

    def skip(self, committed):
        """Rows that are in the table although no ack for them was received: no line says so."""
        self.committed, self.durable = max(self.committed, committed), max(self.durable, committed)

    def close(self):
        self.file.close()


class Producer:
    """`rows_per_second` paces it; without, it sends as fast as credit allows. `keep` says until which ack it keeps rows."""

    anonymous = False

    def __init__(self, address, table, stream, ledger_path, batch_rows=500, rows_per_second=None, patience_seconds=60,
                 keep=archives.KEEP_UNTIL_COMMITTED, workload=PLAIN):
        self.address, self.table, self.stream, self.keep = address, table, stream, keep
        self.workload, self.ledger = workload, Ledger(ledger_path, stream, self.anonymous, workload)
        self.batch_rows, self.rows_per_second, self.patience_seconds = batch_rows, rows_per_second, patience_seconds
        self.opener, self.attempt, self.epoch, self.table_id = uuid.uuid4().bytes, 0, None, ""
        self.committed = self.first = self.ledger.committed
        self.durable = self.sent_highest = self.ledger.durable
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
                if refused.reject.remedy not in RETRYABLE:
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
        resendable_from = self.durable if self.keep == archives.KEEP_UNTIL_DURABLE else 0
        hello = archives.Hello(
            self.table, "" if self.anonymous else self.stream, self.table_id, opener=self.opener, attempt=self.attempt,
            durable_seen=self.durable, committed_seen=self.committed, sent=self.sent_highest, resendable_from=resendable_from,
            keep=self.keep)
        if self.epoch is not None:
            hello.mode, (hello.epoch_major, hello.epoch_minor) = archives.MODE_RESUME, self.epoch
        return hello

    def welcomed(self, welcome):
        """Judges where the engine goes on."""
        self.connections += 1
        self.epoch, self.table_id = (welcome.epoch_major, welcome.epoch_minor), welcome.table_id
        if welcome.resume_offset < self.durable or welcome.committed < self.committed:
            raise LostRows(
                f"stream {self.stream}: {self.committed} rows were acknowledged as committed and {self.durable} as durable, "
                f"the engine resumes at {welcome.resume_offset} with {welcome.committed} committed"
            )
        self.ledger.skip(welcome.committed)
        self.ledger.note(welcome.durable, welcome.committed)
        self.committed, self.durable = welcome.committed, max(self.durable, welcome.durable)
        self.sent_highest = max(self.sent_highest, welcome.resume_offset)

    def note(self, durable, committed, version):
        if committed < self.committed or durable < self.durable:
            raise LostRows(
                f"stream {self.stream}: an ack goes back from {self.durable} durable and {self.committed} committed to {durable} "
                f"and {committed}"
            )
        self.ledger.note(durable, committed, version)
        self.durable, self.committed = durable, committed

    def is_due(self, position):
        return self.rows_per_second is None or position - self.first < (time.monotonic() - self.began) * self.rows_per_second


class Session:
    """One connection's life."""

    def __init__(self, producer, connection):
        self.producer, self.connection = producer, connection
        self.schema, self.schema_id = producer.workload.schema(producer.stream, producer.durable), 1
        welcome = connection.open(producer.hello(), self.schema)
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
            stream, workload = self.producer.stream, self.producer.workload
            end = min(self.position + self.producer.batch_rows, rows)
            self.count = min(end, workload.end(stream, self.position) or end) - self.position
            batch = workload.batch(stream, self.position, self.position + self.count)
            self.announce(batch.schema)
            self.pending = archives.batch_archive([archives.column_of(column) for column in batch.columns])
        if not self.producer.is_due(self.position) or self.sent_bytes + len(self.pending) > self.credit:
            return False
        self.connection.send(frames.frame(
            frames.BATCH, self.pending, schema_id=self.schema_id, first_offset=self.position, rows=self.count))
        self.position += self.count
        self.sent_bytes += len(self.pending)
        self.pending = None
        self.producer.sent_highest = max(self.producer.sent_highest, self.position)
        return True

    def announce(self, schema):
        """Says which columns rows have from now on, if others than before."""
        if schema != self.schema:
            self.schema, self.schema_id = schema, self.schema_id + 1
            self.connection.send(frames.frame(frames.SCHEMA, archives.schema_archive(schema), schema_id=self.schema_id))

    def receive(self, seconds):
        """Takes in what comes within that time; returns the last frame's kind, or None."""
        kind = None
        while self.connection.received or select.select([self.connection.socket], [], [], 0 if kind else seconds)[0]:
            kind, answer = self.connection.receive()
            if kind == frames.REJECT:
                raise Refused(answer)
            if kind == frames.ACK:
                self.credit = max(self.credit, answer.credit)
                self.producer.note(answer.durable, answer.committed, answer.version)
            if kind == frames.CLOSED:
                self.producer.note(answer.committed, answer.committed, answer.version)
                break
            if kind == frames.PING:
                self.connection.send(frames.frame(frames.PONG, answer))
        if kind is None and seconds >= self.producer.patience_seconds:
            raise Disconnected("the engine is silent")
        return kind
