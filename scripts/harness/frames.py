"""Frames: the fixed header of protocol version 1, and payloads padded to 16 bytes.

Every field can be set to something wrong, which is what tests of bad input are made of.
"""

import struct
from dataclasses import dataclass

from .crc32c import crc32c

MAGIC = b"LKHD"
VERSION = 1
HEADER_BYTES = 48

HELLO, SCHEMA, BATCH, CLOSE, PING, PONG = 1, 2, 3, 4, 5, 6
WELCOME, ACK, REJECT, GOING_AWAY, CLOSED = 64, 65, 66, 67, 68

HEADER = struct.Struct("<4sHBBIIIIQII8s")

# Sizes, alignments and field positions of the archived types, in the order in which protocol/src/layout.rs condenses them.
LAYOUT_FACTS = (8, 40, 4, 0, 4, 8, 16, 24, 32, 16, 20, 4, 0, 8, 12, 128, 8, 104, 32, 32)


def layout():
    condensed = 0x811C9DC5
    for fact in LAYOUT_FACTS:
        condensed = (condensed ^ fact) * 0x01000193 & 0xFFFFFFFF
    return condensed


LAYOUT = layout()


@dataclass
class Header:
    magic: bytes
    version: int
    kind: int
    flags: int
    payload_bytes: int
    header_crc: int
    payload_crc: int
    schema_id: int
    first_offset: int
    rows: int
    layout: int
    reserved: bytes


def padded(length):
    return -(-length // 16) * 16


def frame(kind, payload=b"", *, schema_id=0, first_offset=0, rows=0, magic=MAGIC, version=VERSION, flags=0,
          payload_bytes=None, payload_crc=None, header_crc=None, layout=LAYOUT, reserved=bytes(8), padding=None):
    """The bytes of a frame, right in every field that is not given."""
    covered = payload + (bytes(padded(len(payload)) - len(payload)) if padding is None else padding)
    payload_crc = crc32c(covered) if payload_crc is None else payload_crc
    payload_bytes = len(payload) if payload_bytes is None else payload_bytes
    fields = [magic, version, kind, flags, payload_bytes, 0, payload_crc, schema_id, first_offset, rows, layout, reserved]
    fields[5] = crc32c(HEADER.pack(*fields)) if header_crc is None else header_crc
    return HEADER.pack(*fields) + covered


def decode_header(data):
    """A header that came from a server; raises ValueError when it is none."""
    header = Header(*HEADER.unpack(data))
    unsummed = data[:12] + bytes(4) + data[16:]
    if header.magic != MAGIC or crc32c(unsummed) != header.header_crc:
        raise ValueError(f"the server sent bytes that are no header: {data.hex()}")
    if header.layout != LAYOUT:
        raise ValueError(f"the server's archive layout is {header.layout:#x}, this file's {LAYOUT:#x}")
    return header
