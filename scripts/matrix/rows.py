"""The rows of the cells: of a few types and nested ones, with NULL at each level; or of all types, nested to depth 5."""

import datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from harness.random_tables import RandomTable

STANDARD = pa.schema([
    pa.field("row", pa.int64()),
    pa.field("name", pa.string()),
    pa.field("amount", pa.decimal128(12, 2)),
    pa.field("at", pa.timestamp("us", "UTC")),
    pa.field("day", pa.date32()),
    pa.field("size", pa.int32()),
    pa.field("ratio", pa.float32()),
    pa.field("place", pa.struct([
        pa.field("x", pa.float64()),
        pa.field("road", pa.struct([pa.field("number", pa.int32()), pa.field("names", pa.list_(pa.string()))])),
    ])),
    pa.field("tags", pa.list_(pa.struct([pa.field("key", pa.string()), pa.field("weight", pa.int64())]))),
    pa.field("counts", pa.map_(pa.string(), pa.list_(pa.int64()))),
])
# Partition values are written into paths by some, and always into the log as text.
NAMES = ("plain", "with space", "a=b/c%2F:d", "Grüße, 日本", "quote'\"\\", "{curly} [square] #?&+")
FLAT_TYPES = 16
NESTED_COLUMNS = 8
DEPTH = 5


def standard(first, count):
    """Rows from `first` on; of each column some are NULL, and so are fields of structs, elements and values."""
    return pa.Table.from_pylist([standard_row(row) for row in range(first, first + count)], STANDARD)


def standard_row(row):
    moment = datetime.datetime(2024, 2, 29, 12, 30, 0, row % 1000, datetime.timezone.utc) + datetime.timedelta(hours=row)
    names = None if row % 4 == 2 else [f"road {row}", None]
    road = None if row % 5 == 1 else {"number": None if row % 3 == 0 else row, "names": names}
    values = {
        "name": NAMES[row % len(NAMES)], "amount": Decimal(row * 7 - 20).scaleb(-2), "at": moment, "day": moment.date(),
        "size": row % 4 - 2, "ratio": row / 8,
        "place": {"x": None if row % 2 else row / 3, "road": road},
        "tags": [{"key": f"tag {row}", "weight": None}, None][:row % 3],
        "counts": [(f"count {row}", [row, None]), ("none", None)],
    }
    return {"row": row, **{name: None if (row + place) % 9 == 0 else value for place, (name, value) in enumerate(values.items())}}


def all_types(first, count):
    """Rows of all flat types and of random ones nested to depth 5, numbered from `first` on, the same types each time."""
    choice, values = RandomTable(1, DEPTH), RandomTable(first, DEPTH)
    flat, nested = set(), []
    while len(flat) < FLAT_TYPES:
        flat.add(choice.type(1))
    while len(nested) < NESTED_COLUMNS:
        if depth(kind := choice.type(DEPTH)) == DEPTH:
            nested.append(nullable(kind))
    fields = [pa.field(f"c{place}", kind) for place, kind in enumerate(sorted(flat, key=str) + nested)]
    arrays = [pa.array([values.value(field) for _ in range(count)], field.type) for field in fields]
    rows = pa.array(range(first, first + count), pa.int64())
    return pa.table([rows, *arrays], schema=pa.schema([pa.field("row", pa.int64()), *fields]))


def depth(kind):
    return 1 + max((depth(kind.field(place).type) for place in range(kind.num_fields)), default=0)


def nullable(kind):
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(field.name, nullable(field.type)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(kind.key_type, nullable(kind.item_type))
    if pa.types.is_list(kind):
        return pa.list_(nullable(kind.value_type))
    return kind


def save(table, path):
    pq.write_table(table, path)
    return path
