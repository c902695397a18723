"""Schemas and batches with structs, arrays, maps and dictionaries, from pyarrow, as archives.

Like `archives`, written from the protocol's words and not from the engine's code.
"""

import struct
from dataclasses import dataclass, field

import pyarrow as pa

from .archives import DATA_TYPES, Writer, text_at, vector_at

STRUCT, ARRAY, MAP = 14, 15, 16
DICTIONARY = 1


@dataclass
class Field:
    name: str
    kind: int
    nullable: bool
    precision: int = 0
    scale: int = 0
    children: list = field(default_factory=list)


@dataclass
class Column:
    length: int
    values: bytes = b""
    offsets: bytes = b""
    validity: bytes = b""
    encoding: int = 0
    children: list = field(default_factory=list)


def below(kind):
    """The fields below a type."""
    if pa.types.is_struct(kind):
        return [kind.field(index) for index in range(kind.num_fields)]
    if pa.types.is_map(kind):
        return [kind.key_field, kind.item_field]
    return [kind.value_field] if pa.types.is_list(kind) else []


def wire_field(name, kind, nullable):
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_decimal(kind):
        return Field(name, 8, nullable, kind.precision, kind.scale)
    nested = ((pa.types.is_struct, STRUCT), (pa.types.is_map, MAP), (pa.types.is_list, ARRAY))
    number = next((number for test, number in nested if test(kind)), None)
    return Field(name, number or DATA_TYPES[kind], nullable)


def wire_fields(schema):
    """All fields of a pyarrow schema, the columns first, children behind their parents."""
    fields = [wire_field(column.name, column.type, column.nullable) for column in schema]
    waiting = list(zip(fields, [column.type for column in schema]))
    while waiting:
        parent, kind = waiting.pop(0)
        for child in below(kind):
            parent.children.append(len(fields))
            fields.append(wire_field(child.name, child.type, child.nullable))
            waiting.append((fields[-1], child.type))
    return fields


def schema_archive(schema):
    out, fields = Writer(), wire_fields(schema)
    columns = out.put(struct.pack(f"<{len(schema)}I", *range(len(schema))), 4)
    parts = [
        (out.text(one.name), out.put(struct.pack(f"<{len(one.children)}I", *one.children), 4), one) for one in fields
    ]
    out.align(4)
    start = len(out.bytes)
    for name, children, one in parts:
        here = len(out.bytes)
        out.bytes += text_at(name, here) + struct.pack("<BBBB", one.kind, one.nullable, one.precision, one.scale)
        out.bytes += vector_at(children, len(one.children), here + 12)
    root = len(out.bytes)
    out.bytes += vector_at(columns, len(schema), root) + vector_at(start, len(fields), root + 8)
    return bytes(out.bytes)


def columns_of(batch):
    """The columns of a RecordBatch whose arrays are no slices: top-level ones first, children behind their parents."""
    columns = [column_of(array) for array in batch.columns]
    waiting = list(zip(columns, batch.columns))
    while waiting:
        parent, array = waiting.pop(0)
        for child in children_of(array):
            parent.children.append(len(columns))
            columns.append(column_of(child))
            waiting.append((columns[-1], child))
    return columns


def children_of(array):
    if pa.types.is_dictionary(array.type):
        return [array.dictionary]
    if pa.types.is_struct(array.type):
        return [array.field(index) for index in range(array.type.num_fields)]
    if pa.types.is_map(array.type):
        return [array.keys, array.items]
    return [array.values] if pa.types.is_list(array.type) else []


def column_of(array):
    kind, length = array.type, len(array)
    bitmap = array.buffers()[0]
    column = Column(length, validity=bitmap.to_pybytes()[: -(-length // 8)] if array.null_count else b"")
    if pa.types.is_dictionary(kind):
        column.encoding = DICTIONARY
        column.values = struct.pack(f"<{length}I", *(key or 0 for key in array.indices.to_pylist()))
    elif pa.types.is_list(kind) or pa.types.is_map(kind):
        column.offsets = array.buffers()[1].to_pybytes()[: 4 * length + 4]
    elif pa.types.is_string(kind) or pa.types.is_binary(kind):
        column.offsets = array.buffers()[1].to_pybytes()[: 4 * length + 4]
        end = struct.unpack_from("<I", column.offsets, 4 * length)[0]
        column.values = array.buffers()[2].to_pybytes()[:end] if end else b""
    elif not pa.types.is_struct(kind):
        column.values = array.buffers()[1].to_pybytes()[: -(-length * kind.bit_width // 8)]
    return column


def batch_archive(batch):
    out, columns, places = Writer(), columns_of(batch), []
    for column in columns:
        places.append((
            out.put(column.validity),
            out.put(column.offsets, 4),
            out.put(column.values, 8),
            out.put(struct.pack(f"<{len(column.children)}I", *column.children), 4),
        ))
    out.align(4)
    start = len(out.bytes)
    for column, (validity, offsets, values, children) in zip(columns, places):
        here = len(out.bytes)
        out.bytes += struct.pack("<B3xI", column.encoding, column.length)
        out.bytes += vector_at(validity, len(column.validity), here + 8)
        out.bytes += vector_at(offsets, len(column.offsets) // 4, here + 16)
        out.bytes += vector_at(values, len(column.values), here + 24)
        out.bytes += vector_at(children, len(column.children), here + 32)
    root = len(out.bytes)
    out.bytes += vector_at(start, len(columns), root)
    return bytes(out.bytes)
