"""Tables of random schemas, nested to a depth, with the values that break things: least, greatest, empty, missing, not a number.

The same seed gives the same table.
"""

import datetime
import decimal
import json
import math
import random

import pyarrow as pa

MOMENTS = (datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59, 999_999), datetime.datetime(1970, 1, 1),
           datetime.datetime(1969, 12, 31, 23, 59, 59, 999_999), datetime.datetime(2024, 2, 29, 12, 30, 0, 1))
TEXTS = ("", "a", "Grüße", "日本語", "\x00", "'\"\\,\n", "x" * 300, "NULL", "🙂")
FLOATS = (0.0, -0.0, 1.5, float("nan"), float("inf"), float("-inf"))


class RandomTable:
    """With `for_json` without what NDJSON or a list of columns cannot say: keys that are no strings, elements that must be there."""

    def __init__(self, seed, depth=5, for_json=False):
        self.random = random.Random(seed)
        self.depth = depth
        self.for_json = for_json

    def table(self):
        """Some columns beside `row`, which counts from 0."""
        fields = [pa.field("row", pa.int64(), nullable=False)]
        fields += [self.field(f"c{place}", self.depth) for place in range(self.random.randint(1, 6))]
        rows = self.random.choice((0, 1, 7, 50, 300))
        arrays = [pa.array(range(rows), pa.int64())]
        arrays += [pa.array([self.value(field) for _ in range(rows)], field.type) for field in fields[1:]]
        return pa.table(arrays, schema=pa.schema(fields))

    def field(self, name, depth):
        return pa.field(name, self.type(depth), nullable=self.random.random() < 0.8)

    def inner(self, name, depth):
        field = self.field(name, depth - 1)
        return field.with_nullable(True) if self.for_json else field

    def type(self, depth):
        shape = self.random.choice(("flat", "struct", "list", "map")) if depth > 1 else "flat"
        if shape == "struct":
            return pa.struct([self.field(f"f{place}", depth - 1) for place in range(self.random.randint(1, 3))])
        if shape == "list":
            return pa.list_(self.inner("element", depth))
        if shape == "map":
            key = pa.string() if self.for_json else self.random.choice((pa.string(), pa.int64(), pa.int32(), pa.date32()))
            return pa.map_(pa.field("key", key, nullable=False), self.inner("value", depth))
        return self.random.choice((
            pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.float32(), pa.float64(), pa.date32(),
            pa.timestamp("us", tz="UTC"), pa.timestamp("us"), pa.string(), pa.binary(), pa.decimal128(9, 2),
            pa.decimal128(18, 0), pa.decimal128(38, 10), pa.decimal128(1, 1)))

    def value(self, field):
        if field.nullable and self.random.random() < 0.25:
            return None
        kind = field.type
        if pa.types.is_struct(kind):
            return {child.name: self.value(child) for child in kind}
        if pa.types.is_map(kind):
            keys = {self.flat(kind.key_type) for _ in range(self.random.choice((0, 1, 3)))}
            return [(key, self.value(kind.item_field)) for key in keys]
        if pa.types.is_list(kind):
            return [self.value(kind.value_field) for _ in range(self.random.choice((0, 0, 1, 4)))]
        return self.flat(kind)

    def flat(self, kind):
        choose = self.random.choice
        if pa.types.is_boolean(kind):
            return choose((True, False))
        if pa.types.is_integer(kind):
            bits = kind.bit_width
            return choose((0, -1, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)), self.random.randrange(-100, 100)))
        if pa.types.is_floating(kind):
            return choose(FLOATS + ((3.4028234663852886e38,) if kind.bit_width == 32 else (1.7976931348623157e308, 5e-324)))
        if pa.types.is_decimal(kind):
            digits = choose((0, 1, 10 ** kind.precision - 1, -(10 ** kind.precision - 1)))
            return decimal.Decimal(digits).scaleb(-kind.scale, decimal.Context(prec=76))
        if pa.types.is_date(kind):
            return choose(MOMENTS).date()
        if pa.types.is_timestamp(kind):
            return choose(MOMENTS).replace(tzinfo=datetime.timezone.utc if kind.tz else None)
        text = choose(TEXTS)
        return text if pa.types.is_string(kind) else text.encode() + bytes([255])


def ndjson(table):
    """The rows as JSON, a line each, in the forms that `lakehead write` reads exactly."""
    return "".join(json.dumps(spoken(row, pa.struct(list(table.schema))), ensure_ascii=False) + "\n" for row in table.to_pylist())


def spoken(value, kind):
    if value is None:
        return None
    if pa.types.is_struct(kind):
        return {field.name: spoken(value[field.name], field.type) for field in kind}
    if pa.types.is_map(kind):
        return {key: spoken(inner, kind.item_type) for key, inner in value}
    if pa.types.is_list(kind):
        return [spoken(inner, kind.value_type) for inner in value]
    if pa.types.is_floating(kind) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if pa.types.is_decimal(kind):
        return format(value, "f")
    if pa.types.is_date(kind):
        return value.isoformat()
    if pa.types.is_timestamp(kind):
        return value.replace(tzinfo=None).isoformat() + ("Z" if kind.tz else "")
    if pa.types.is_binary(kind):
        return value.hex()
    return value


SQL_NAMES = {
    pa.bool_(): "boolean", pa.int8(): "tinyint", pa.int16(): "smallint", pa.int32(): "int", pa.int64(): "bigint",
    pa.float32(): "float", pa.float64(): "double", pa.date32(): "date", pa.timestamp("us", tz="UTC"): "timestamp",
    pa.timestamp("us"): "timestamp_ntz", pa.string(): "string", pa.binary(): "binary",
}


def columns(fields, mark=" "):
    """Fields as `lakehead table create --columns` takes them."""
    return ", ".join(f"{field.name}{mark}{sql(field.type)}{'' if field.nullable else ' not null'}" for field in fields)


def sql(kind):
    if pa.types.is_struct(kind):
        return f"struct<{columns(kind, ': ')}>"
    if pa.types.is_map(kind):
        return f"map<{sql(kind.key_type)}, {sql(kind.item_type)}>"
    if pa.types.is_list(kind):
        return f"array<{sql(kind.value_type)}>"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    return SQL_NAMES[kind]


def in_words(table):
    """Rows by `row`, else by everything, as text: NaN equals itself there, 0.0 is not -0.0, the order of a map's entries counts."""
    if "row" not in table.schema.names:
        return sorted(repr(plain(row)) for row in table.to_pylist())
    return [repr(plain(row)) for row in sorted(table.to_pylist(), key=lambda row: row["row"])]


def plain(value):
    """Moments with a zone in UTC without it, whatever class a reader gives zones."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(inner) for inner in value)
    if isinstance(value, datetime.datetime) and value.tzinfo:
        return ("UTC", value.astimezone(datetime.timezone.utc).replace(tzinfo=None))
    return value
