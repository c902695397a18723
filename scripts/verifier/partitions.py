"""Values of partition columns: text in the log, one for each file, NULL where there is none."""

import datetime
from decimal import Decimal

import pyarrow as pa

from .columns import kind_of
from .mapping import arrow_type


class WrongPartition(Exception):
    """A value in the log is none of its column's type."""


def fields_of(metadata, schema_fields):
    """The table's partition columns, in their order."""
    by_name = {field["name"]: field for field in schema_fields}
    return [by_name[name] for name in metadata.get("partitionColumns") or []]


def complete(batch, partition_values, fields):
    """The rows of a file with the partition columns behind the others."""
    if sorted(partition_values) != sorted(field["name"] for field in fields):
        raise WrongPartition(f"its partition values are {partition_values}")
    for field in fields:
        column = constant(partition_values[field["name"]], field, batch.num_rows)
        batch = batch.append_column(pa.field(field["name"], column.type, field["nullable"]), column)
    return batch


def constant(text, field, rows):
    kind = arrow_type(field["type"])
    if text is None or text == "":
        if not field["nullable"] and rows:
            raise WrongPartition(f"its partition value {field['name']} is NULL, which the column does not allow")
        return pa.nulls(rows, kind)
    try:
        value = parse(text, kind_of(field["type"]))
        return pa.repeat(pa.scalar(value, kind), rows)
    except (ValueError, ArithmeticError, pa.ArrowException) as error:
        raise WrongPartition(f"its partition value {field['name']} is {text!r}, which is no {field['type']}: {error}") from error


def parse(text, kind):
    if kind == "boolean":
        if text.lower() not in ("true", "false"):
            raise ValueError("it is neither true nor false")
        return text.lower() == "true"
    if kind in ("byte", "short", "integer", "long"):
        return int(text)
    if kind in ("float", "double"):
        return float(text)
    if kind.startswith("decimal"):
        return Decimal(text)
    if kind == "date":
        return datetime.date.fromisoformat(text)
    if kind == "timestamp":
        # Some writers leave the zone out and mean UTC.
        moment = datetime.datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)
    if kind == "timestamp_ntz":
        return datetime.datetime.fromisoformat(text)
    return text.encode() if kind == "binary" else text
