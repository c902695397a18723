"""Bytes that no honest client sends: each is refused with its code, and nobody else notices."""

import random
import socket
import threading
import unittest
import uuid

import pyarrow as pa

from tests.e2e import EndToEnd

from harness import frames
from harness.archives import MODE_RESUME, Column, Hello, batch_archive, column_of, schema_archive
from harness.connection import Connection
from harness.frames import frame
from harness.producer import Producer
from harness.verified_rows import SCHEMA, verified_batch

BAD_MAGIC, UNSUPPORTED_VERSION, UNKNOWN_KIND, BAD_CHECKSUM, TOO_LARGE, MALFORMED, UNEXPECTED = range(1, 8)
BAD_HELLO, BAD_TABLE_NAME, SCHEMA_MISMATCH, UNKNOWN_SCHEMA, BAD_BATCH, INVALID_UTF8, NULL_NOT_ALLOWED = 9, 11, 20, 21, 22, 23, 24
OFFSET_GAP = 30

NEIGHBOUR_ROWS_PER_SECOND = 500
HANG_SECONDS = 60

HELLO = Hello("victims", "hostile").archive()
PADDED_HELLO = Hello("victims", "hostile", client="a name of twenty bytes").archive()
assert len(PADDED_HELLO) % 16
LONG_HELLO = Hello("victims", "hostile", client="x" * 5000).archive()


def greetings():
    """What is sent instead of a Hello: name, bytes, code of the refusal."""
    noise = random.Random(7).randbytes(4096)
    yield "HTTP", b"GET / HTTP/1.1\r\nHost: lakehead\r\n\r\n", BAD_MAGIC
    yield "noise", noise, BAD_MAGIC
    yield "one wrong byte", b"\x00", BAD_MAGIC
    yield "wrong magic", frame(frames.HELLO, HELLO, magic=b"LKHE"), BAD_MAGIC
    yield "a later version", frame(frames.HELLO, HELLO, version=9), UNSUPPORTED_VERSION
    yield "version 0", frame(frames.HELLO, HELLO, version=0), UNSUPPORTED_VERSION
    yield "another archive layout", frame(frames.HELLO, HELLO, layout=1), UNSUPPORTED_VERSION
    yield "bad header checksum", frame(frames.HELLO, HELLO, header_crc=1), BAD_CHECKSUM
    yield "bad payload checksum", frame(frames.HELLO, HELLO, payload_crc=1), BAD_CHECKSUM
    yield "unknown kind", frame(200, HELLO), UNKNOWN_KIND
    yield "kind 0", frame(0, HELLO), UNKNOWN_KIND
    yield "a flag", frame(frames.HELLO, HELLO, flags=1), MALFORMED
    yield "a reserved bit", frame(frames.HELLO, HELLO, reserved=bytes(7) + b"\x80"), MALFORMED
    yield "padding that is not zero", frame(frames.HELLO, PADDED_HELLO + b"\x01", payload_bytes=len(PADDED_HELLO)), MALFORMED
    yield "a batch first", frame(frames.BATCH, bytes(64)), UNEXPECTED
    yield "a schema first", frame(frames.SCHEMA, schema_archive(SCHEMA), schema_id=1), UNEXPECTED
    yield "a server's frame", frame(frames.WELCOME, bytes(64)), UNEXPECTED
    yield "a ping first", frame(frames.PING, bytes(8)), UNEXPECTED
    yield "a hello over its limit", frame(frames.HELLO, LONG_HELLO), TOO_LARGE
    yield "a hello of 4 GiB", frame(frames.HELLO, b"", payload_bytes=0xFFFFFFFF), TOO_LARGE
    yield "an archive of noise", frame(frames.HELLO, b"\xa5" * 128), MALFORMED
    yield "an archive of nothing", frame(frames.HELLO, b""), MALFORMED
    yield "mode 7", hello(mode=7), BAD_HELLO
    yield "keep 0", hello(keep=0), BAD_HELLO
    yield "an anonymous resume", frame(frames.HELLO, Hello("victims", mode=MODE_RESUME).archive()), BAD_HELLO
    yield "an offset beyond all", hello(sent=2**63), BAD_HELLO
    yield "a table outside", frame(frames.HELLO, Hello("../outside", "s").archive()), BAD_TABLE_NAME


def honest_hello(stream):
    return Hello("victims", stream, opener=uuid.uuid4().bytes, attempt=1)


def hello(**fields):
    return frame(frames.HELLO, Hello("victims", "hostile", **fields).archive())


def changed(**changes):
    """Ten good rows as columns, some columns replaced."""
    batch = verified_batch("hostile", 0, 10)
    return [changes.get(name, column_of(batch.column(name))) for name in batch.schema.names]


def batch_frame(columns, rows=10, **fields):
    return frame(frames.BATCH, batch_archive(columns), **{"schema_id": 1, "rows": rows, **fields})


def messages():
    """What is sent on an open stream: name, bytes, code of the refusal."""
    good = changed()
    text = column_of(pa.array([None if n == 3 else "x" for n in range(10)]))
    yield "unknown kind", frame(99, bytes(16)), UNKNOWN_KIND
    yield "a second hello", frame(frames.HELLO, HELLO), UNEXPECTED
    yield "an ack", frame(frames.ACK, bytes(32)), UNEXPECTED
    yield "noise", random.Random(8).randbytes(1 << 16), BAD_MAGIC
    yield "a batch over its limit", frame(frames.BATCH, b"", payload_bytes=(16 << 20) + 1, schema_id=1, rows=1), TOO_LARGE
    yield "a ping over its limit", frame(frames.PING, b"", payload_bytes=1 << 20), TOO_LARGE
    yield "bad header checksum", batch_frame(good, header_crc=7), BAD_CHECKSUM
    yield "bad payload checksum", batch_frame(good, payload_crc=7), BAD_CHECKSUM
    yield "a flag", batch_frame(good, flags=0x80), MALFORMED
    yield "an archive of noise", frame(frames.BATCH, b"\x5a" * 256, schema_id=1, rows=10), MALFORMED
    yield "a gap", batch_frame(good, first_offset=100), OFFSET_GAP
    yield "a schema that was not announced", batch_frame(good, schema_id=9), UNKNOWN_SCHEMA
    yield "more rows than the columns have", batch_frame(good, rows=11), BAD_BATCH
    yield "no rows", batch_frame(good, rows=0), BAD_BATCH
    yield "too few columns", batch_frame(good[:-1]), BAD_BATCH
    yield "too many columns", batch_frame([*good, good[1]]), BAD_BATCH
    yield "values cut short", batch_frame(changed(temp=Column(10, bytes(72)))), BAD_BATCH
    yield "a column of another length", batch_frame(changed(temp=Column(9, bytes(72)))), BAD_BATCH
    yield "offsets that go back", batch_frame(changed(device=Column(10, b"x" * 10, (0, 5, 4, *range(3, 11))[:11]))), BAD_BATCH
    yield "offsets beyond the bytes", batch_frame(changed(device=Column(10, b"x" * 10, (*range(10), 4_000_000_000)))), BAD_BATCH
    yield "validity cut short", batch_frame(changed(temp=Column(10, bytes(80), (), b"\xff"))), BAD_BATCH
    yield "an unknown encoding", batch_frame(changed(temp=Column(10, bytes(80), encoding=7))), BAD_BATCH
    yield "text that is not UTF-8", batch_frame(changed(device=Column(10, b"\xff" * 10, tuple(range(11))))), INVALID_UTF8
    yield "a character cut in two", batch_frame(changed(device=Column(10, b"\xc3\xa4" * 5, tuple(range(11))))), INVALID_UTF8
    yield "a null where none may be", batch_frame(changed(stream=text)), NULL_NOT_ALLOWED


class BadInputTest(EndToEnd):
    def test_each_is_refused_and_nobody_else_notices(self):
        # Opening a new named stream waits for a commit.
        engine = self.engine(config={"tables": {"commit_interval_ms": 100}})
        stop = threading.Event()
        neighbour = Neighbour(engine.address, self.folder / "victims.neighbour.jsonl", stop)
        neighbour.start()
        self.addCleanup(neighbour.join)
        self.addCleanup(stop.set)
        cases = 0
        for name, data, code in greetings():
            with self.subTest(greeting=name):
                with Connection(engine.address, HANG_SECONDS) as connection:
                    self.assert_refused(connection, data, code)
                cases += 1
        for number, (name, data, code) in enumerate(messages()):
            with self.subTest(message=name):
                with Connection(engine.address, HANG_SECONDS) as connection:
                    connection.open(honest_hello(f"hostile-{number}"), SCHEMA)
                    self.assert_refused(connection, data, code)
                cases += 1
        with self.subTest("another schema than the table's"):
            other = pa.schema([pa.field("stream", pa.int64()), pa.field("seq", pa.string())])
            # The Welcome may come before the schema is judged, and tells what the table's columns are.
            with Connection(engine.address, HANG_SECONDS) as connection:
                opening = frame(frames.HELLO, honest_hello("hostile-schema").archive())
                self.assert_refused(connection, opening + frame(frames.SCHEMA, schema_archive(other), schema_id=1),
                                    SCHEMA_MISMATCH)
            cases += 1
        for length in (1, 47, 48, 60, len(frame(frames.HELLO, HELLO)) - 1):
            with self.subTest(f"a hello cut off after {length} bytes"):
                with Connection(engine.address, HANG_SECONDS) as connection:
                    connection.send(frame(frames.HELLO, HELLO)[:length])
                    connection.socket.shutdown(socket.SHUT_WR)
                    connection.drain()
                cases += 1
        stop.set()
        neighbour.join()
        self.assertIsNone(neighbour.failure)
        self.assertEqual(neighbour.producer.connections, 1, "the neighbour's connection was cut")
        self.assertTrue(engine.alive)
        report = self.assert_good(engine.table("victims"), [self.folder / "victims.neighbour.jsonl"],
                                  expect_rows=neighbour.rows)
        self.assertEqual(set(report.data.streams.runs), {"neighbour"}, "a refused batch left rows")
        self.proved(f"{cases} kinds of bad input are refused by their codes; a neighbour wrote {neighbour.rows:,} rows undisturbed")

    def assert_refused(self, connection, data, code):
        """The bytes are answered with a Reject of this code, and the connection is closed."""
        try:
            connection.send(data)
        except OSError:
            pass  # It may be closed before all of a long message is sent.
        reject = connection.drain()
        self.assertIsNotNone(reject, "closed without a refusal")
        self.assertEqual(reject.code, code, reject.message)
        self.assertTrue(reject.message)


class Neighbour(threading.Thread):
    """A well-behaved producer that writes until it is told to stop."""

    def __init__(self, address, ledger, stop):
        super().__init__()
        self.producer = Producer(address, "victims", "neighbour", ledger, batch_rows=50,
                                 rows_per_second=NEIGHBOUR_ROWS_PER_SECOND, patience_seconds=30)
        self.until, self.failure, self.rows = stop, None, None

    def run(self):
        try:
            self.rows = self.producer.run_until(self.until)
        except Exception as failure:
            self.failure = failure


if __name__ == "__main__":
    unittest.main()
