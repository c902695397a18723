"""Holds a file's statistics against its rows.

A reader skips files by these numbers, so a wrong one is silent loss. `numRecords` and `nullCount` must be exact. Bounds
must include every value; bounds of numbers and dates must also be met exactly, unless `tightBounds` is false. Text may be
cut short, timestamps stand in the log in whole milliseconds (the maximum may be up to one millisecond low).

Columns are named by paths: statistics of fields of structs stand in objects of the same shape as the struct. A field counts
as NULL where its struct is. Nothing is said of what is inside arrays and maps.
"""

import datetime
import math
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from . import columns

EXACT_TYPES = {"byte", "short", "integer", "long", "float", "double", "date"}
BOUNDED_TYPES = EXACT_TYPES | {"string", "timestamp", "timestamp_ntz"}


class FileStatistics:
    """Gathers what the statistics of one file have to say, batch by batch."""

    def __init__(self, kinds):
        """`kinds` has the type, as a word, of each path."""
        self.kinds = kinds
        self.rows = 0
        self.nulls = {path: 0 for path in kinds}
        self.bounds = {}
        self.with_nan = set()

    def take(self, batch):
        self.rows += batch.num_rows
        for path, kind in self.kinds.items():
            column = columns.at(batch, path)
            if column is None:
                self.nulls[path] += batch.num_rows
                continue
            self.nulls[path] += column.null_count
            if kind in BOUNDED_TYPES or kind.startswith("decimal"):
                self.widen(path, kind, column)

    def widen(self, path, kind, column):
        if kind in ("float", "double"):
            nan = pc.is_nan(column)
            if pc.any(nan).as_py():
                self.with_nan.add(path)
                column = column.filter(pc.invert(nan))
        if kind.startswith("timestamp"):
            column = column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64())
        ends = pc.min_max(column).as_py()
        if ends["min"] is None:
            return
        low, high = self.bounds.get(path, (ends["min"], ends["max"]))
        self.bounds[path] = (min(low, ends["min"]), max(high, ends["max"]))

    def judge(self, stats, file):
        """Sentences about what the log's statistics get wrong."""
        if stats is None:
            return []
        wrong = []
        if stats.get("numRecords") != self.rows:
            wrong.append(f"{file}: the log says {stats.get('numRecords')} rows, the file has {self.rows}.")
        for path, said in told(stats.get("nullCount")):
            if path in self.nulls and said != self.nulls[path]:
                name = ".".join(path)
                wrong.append(f"{file}: the log says {said} nulls in {name}, the file has {self.nulls[path]}.")
        tight = stats.get("tightBounds", True)
        for side, end in (("minValues", 0), ("maxValues", 1)):
            for path, said in told(stats.get(side)):
                kind, name = self.kinds.get(path), ".".join(path)
                if said is None or kind is None or not (kind in BOUNDED_TYPES or kind.startswith("decimal")):
                    continue
                if path in self.with_nan and end == 1 and str(said) == "NaN":
                    # To Spark NaN is the greatest of all.
                    continue
                if path not in self.bounds:
                    if path not in self.with_nan:
                        wrong.append(f"{file}: the log has {side}.{name} = {said}, but no row has a value there.")
                    continue
                real = self.bounds[path][end]
                if not holds(kind, end, said, real, tight):
                    wrong.append(f"{file}: {side}.{name} is {said} in the log, {real!r} in the file.")
        return wrong


def told(stats, above=()):
    """(path, value) of all that is told, at whatever depth."""
    for name, value in (stats or {}).items():
        if isinstance(value, dict):
            yield from told(value, (*above, name))
        else:
            yield (*above, name), value


def holds(kind, side, said, real, tight):
    """Whether the bound `said` (side 0 the lower, 1 the upper) holds for the extreme value `real`."""
    if kind == "string":
        if side == 0:
            return said.encode() <= real.encode()
        return said.encode() >= real.encode()
    if kind.startswith("timestamp"):
        micros = timestamp_micros(said)
        if side == 0:
            return micros <= real and (not tight or real - micros < 1000)
        return real - micros < 1000 and (not tight or micros - real < 1000)
    if kind == "date":
        said = datetime.date.fromisoformat(said)
    elif kind.startswith("decimal"):
        said, real = Decimal(said), Decimal(real)
    elif kind in ("float", "double"):
        said = float(said)
        if kind == "float" and math.isclose(said, real, rel_tol=1e-6):
            return True
    if tight and kind in EXACT_TYPES:
        return said == real
    return said <= real if side == 0 else said >= real


def timestamp_micros(text):
    moment = datetime.datetime.fromisoformat(pad_fraction(text.replace("Z", "+00:00")))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)


def pad_fraction(text):
    """Python 3.10 reads fractions of three or six digits only."""
    head, dot, rest = text.partition(".")
    if not dot:
        return text
    digits = len(rest) - len(rest.lstrip("0123456789"))
    return f"{head}.{rest[:digits][:6].ljust(6, '0')}{rest[digits:]}"
