"""A socket that speaks frames."""

import socket
from dataclasses import dataclass

from . import archives, frames

READERS = {
    frames.WELCOME: archives.read_welcome,
    frames.ACK: archives.read_ack,
    frames.CLOSED: archives.read_closed,
    frames.REJECT: archives.read_reject,
}


class Disconnected(ConnectionError):
    """The peer closed or reset the connection."""


@dataclass
class Refused(Exception):
    """The server rejected something."""

    reject: archives.Reject

    def __str__(self):
        return f"refused with code {self.reject.code}: {self.reject.message}"


class Connection:
    def __init__(self, address, seconds=30):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def fill(self, length):
        while len(self.received) < length:
            try:
                data = self.socket.recv(65536)
            except (ConnectionResetError, BrokenPipeError) as error:
                raise Disconnected(str(error)) from error
            if not data:
                raise Disconnected("the server closed the connection")
            self.received += data

    def receive(self):
        """The next frame as (kind, its content: one of archives' types, or bytes)."""
        self.fill(frames.HEADER_BYTES)
        header = frames.decode_header(bytes(self.received[: frames.HEADER_BYTES]))
        end = frames.HEADER_BYTES + frames.padded(header.payload_bytes)
        self.fill(end)
        covered = bytes(self.received[frames.HEADER_BYTES : end])
        if frames.crc32c(covered) != header.payload_crc:
            raise ValueError("the server sent a payload whose checksum is wrong")
        del self.received[:end]
        payload = covered[: header.payload_bytes]
        return header.kind, READERS.get(header.kind, bytes)(payload)

    def expect(self, kind):
        """The next frame of this kind; other kinds are passed over, except a Reject, which raises Refused."""
        while True:
            found, content = self.receive()
            if found == kind:
                return content
            if found == frames.REJECT:
                raise Refused(content)

    def drain(self):
        """Reads until the server closes; returns the Reject if there was one."""
        reject = None
        try:
            while True:
                kind, content = self.receive()
                reject = content if kind == frames.REJECT else reject
        except Disconnected:
            return reject

    def open(self, hello, schema=None):
        """Says Hello, announces the schema as id 1 and returns the Welcome."""
        data = frames.frame(frames.HELLO, hello.archive())
        if schema is not None:
            data += frames.frame(frames.SCHEMA, archives.schema_archive(schema), schema_id=1)
        self.send(data)
        return self.expect(frames.WELCOME)
