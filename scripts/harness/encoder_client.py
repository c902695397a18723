"""One stream of the second producer (encoder.py): open, send within the credit, resume, wait, close."""

import secrets
import socket

from .encoder import (BATCH, HEADER_BYTES, SERVER_KINDS, Refusal, batch_content, frame, frame_of, read_header, read_payload,
                      schema_content, write_archive)


class EncoderClient:
    """One stream of one table. `resume` goes on after the connection ended, at the row `next_offset`; rows are the caller's to
    keep. One thread, which reads only where it waits; it does not heed GoingAway."""

    def __init__(self, address, table, stream="", seconds=60):
        host, _, port = address.rpartition(":")
        self.address, self.seconds, self.socket = (host, int(port)), seconds, None
        self.hello = {"table": table, "stream": stream, "table_id": "", "credential": b"", "client": "encoder.py/1",
                      "opener": secrets.token_bytes(16), "attempt": 0, "epoch_major": 0, "epoch_minor": 0, "durable_seen": 0,
                      "committed_seen": 0, "sent": 0, "resendable_from": 0, "schema_fingerprint": 0, "mode": 1, "keep": 2,
                      "schema_follows": 0}
        self.compression = 0

    def open(self, schema=None):
        """With a schema the table is made from it if there is none."""
        return self.greet(1, schema)

    def resume(self):
        """Rows are sent again from `next_offset` on, which the caller then reads."""
        return self.greet(2, None)

    def greet(self, mode, schema):
        self.drop()
        self.hello.update(mode=mode, attempt=self.hello["attempt"] + 1, schema_follows=int(schema is not None))
        self.socket = socket.create_connection(self.address, self.seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.schemas, self.sent_bytes = [], 0
        self.write(frame("Hello", self.hello))
        if schema is not None:
            self.announce(schema)
        self.welcome = self.until(lambda kind, _: kind == "Welcome")
        self.credit, self.next_offset = self.welcome["credit"], self.welcome["resume_offset"]
        self.hello.update({name: self.welcome[name] for name in ("table_id", "epoch_major", "epoch_minor")})
        self.acked(self.welcome)
        return self.welcome

    def announce(self, schema):
        """The id of the schema on this connection."""
        content = schema_content(schema)
        if content not in self.schemas:
            self.schemas.append(content)
            self.write(frame("Schema", content, schema_id=len(self.schemas)))
        return self.schemas.index(content) + 1

    def send(self, batch):
        """A RecordBatch or Table, in halves of halves if it is too large for one frame."""
        archive = write_archive(BATCH, batch_content(batch))
        too_large = len(archive) > self.welcome["batch_bytes_max"] or batch.num_rows > self.welcome["batch_rows_max"]
        if too_large and batch.num_rows > 1:
            half = batch.num_rows // 2
            self.send(batch.slice(0, half))
            return self.send(batch.slice(half))
        schema_id = self.announce(batch.schema)
        if self.sent_bytes + len(archive) > self.credit:
            self.until(lambda *_: self.sent_bytes + len(archive) <= self.credit)
        self.sent_bytes += len(archive)
        self.write(frame_of("Batch", archive, schema_id, self.next_offset, batch.num_rows, self.compression))
        self.next_offset += batch.num_rows
        self.hello["sent"] = max(self.hello["sent"], self.next_offset)

    def acked(self, marks):
        for name in ("durable", "committed"):
            self.hello[name + "_seen"] = max(self.hello[name + "_seen"], marks[name])

    def wait_for_commit(self, offset=None):
        """Until all rows below `offset` (or all that were sent) are in the table."""
        offset = self.next_offset if offset is None else offset
        if self.hello["committed_seen"] < offset:
            self.until(lambda *_: self.hello["committed_seen"] >= offset)

    def close(self):
        """Closed: `committed` and `version`."""
        self.write(frame("Close", {"sent": self.next_offset}))
        closed = self.until(lambda kind, _: kind == "Closed")
        self.drop()
        return closed

    def drop(self):
        if self.socket is not None:
            self.socket.close()

    def until(self, done):
        """Takes frames until one makes `done` true; answers its content."""
        while True:
            header = read_header(self.read(HEADER_BYTES), SERVER_KINDS)
            content = read_payload(header, self.read(header["payload_bytes"] + -header["payload_bytes"] % 16))
            kind = header["kind"]
            if kind == "Ping":
                self.write(frame("Pong", content))
            elif kind == "Ack":
                self.credit = content["credit"]
                self.acked(content)
            elif kind == "Reject":
                raise Refusal(content["code"], content["message"], content)
            if done(kind, content):
                return content

    def write(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            self.until(lambda *_: False)  # a Reject may be waiting that says why

    def read(self, length):
        data = bytearray()
        while len(data) < length:
            part = self.socket.recv(length - len(data))
            if not part:
                raise ConnectionError("the server ended the connection")
            data += part
        return bytes(data)
