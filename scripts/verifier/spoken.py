"""JSON values in the types of a table's columns.

Moments and days are texts as in ISO 8601 (or numbers: microseconds and days since 1970), decimals numbers or texts, floats that
are not numbers "NaN", "inf" and "-inf", binary {"hex": digits}, maps arrays of {"key": …, "value": …}.
"""

import datetime
from decimal import Decimal

import pyarrow as pa

EPOCH = datetime.datetime(1970, 1, 1)
MICROSECOND = datetime.timedelta(microseconds=1)


class NotSpoken(Exception):
    """A value is none of its type."""


def column_of(values, kind, name):
    """An Arrow array of these JSON values; without a type, of the one that they seem to have."""
    try:
        if kind is None:
            return pa.array([float(value) if isinstance(value, Decimal) else value for value in values])
        return pa.array([heard(value, kind) for value in values], kind)
    except (pa.ArrowException, ValueError, TypeError, AttributeError, ArithmeticError, KeyError) as error:
        raise NotSpoken(f"column {name} of a rejected row is not {kind or 'of one type'}: {error}") from error


def heard(value, kind):
    """What pyarrow takes for this JSON value."""
    if value is None:
        return None
    if pa.types.is_struct(kind):
        return {field.name: heard(value.get(field.name), field.type) for field in kind}
    if pa.types.is_map(kind):
        return [(heard(pair["key"], kind.key_type), heard(pair["value"], kind.item_type)) for pair in value]
    if pa.types.is_list(kind):
        return [heard(item, kind.value_type) for item in value]
    if pa.types.is_floating(kind):
        return float(value)
    if pa.types.is_decimal(kind):
        return Decimal(value).quantize(Decimal(1).scaleb(-kind.scale))
    if pa.types.is_timestamp(kind):
        return value if isinstance(value, int) else micros(value)
    if pa.types.is_date(kind):
        return value if isinstance(value, int) else datetime.date.fromisoformat(value)
    if pa.types.is_binary(kind):
        return bytes.fromhex(value["hex"])
    if pa.types.is_integer(kind):
        return int(value)
    return value


def micros(text):
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        moment = moment.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return (moment - EPOCH) // MICROSECOND
