"""A table's columns, nested ones included: the shape that the Delta schema gives, and what of it an Arrow column has.

A type in a Delta schema is a word ("long", "decimal(7,2)") or, for structs, arrays and maps, an object.
"""

import pyarrow as pa

ARROW_TYPES = {
    "boolean": pa.types.is_boolean,
    "byte": pa.types.is_int8,
    "short": pa.types.is_int16,
    "integer": pa.types.is_int32,
    "long": pa.types.is_int64,
    "float": pa.types.is_float32,
    "double": pa.types.is_float64,
    "date": pa.types.is_date32,
    "timestamp": lambda found: pa.types.is_timestamp(found) and found.tz is not None,
    "timestamp_ntz": lambda found: pa.types.is_timestamp(found) and found.tz is None,
    "string": lambda found: pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_string_view(found),
    "binary": lambda found: pa.types.is_binary(found) or pa.types.is_large_binary(found) or pa.types.is_binary_view(found),
}
# What some writers note as the Arrow type of texts; not everything can be done with them.
VIEWS = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}


def kind_of(delta_type):
    """The word for a type: its own, or "struct", "array", "map"."""
    return delta_type if isinstance(delta_type, str) else delta_type["type"]


def wrong_types(name, delta_type, found):
    """(path, Arrow type, Delta type) wherever an Arrow type is not what the schema says."""
    kind = kind_of(delta_type)
    if kind == "struct" and pa.types.is_struct(found):
        yield from wrong_fields(name, delta_type, found)
    elif kind == "array" and (pa.types.is_list(found) or pa.types.is_large_list(found)):
        yield from wrong_types(f"{name}.element", delta_type["elementType"], found.value_type)
    elif kind == "map" and pa.types.is_map(found):
        yield from wrong_types(f"{name}.key", delta_type["keyType"], found.key_type)
        yield from wrong_types(f"{name}.value", delta_type["valueType"], found.item_type)
    elif kind.startswith("decimal"):
        if str(found).partition("(")[2].replace(" ", "") != kind.partition("(")[2].replace(" ", ""):
            yield name, found, kind
    elif kind not in ARROW_TYPES or not ARROW_TYPES[kind](found):
        yield name, found, kind


def wrong_fields(name, struct, found):
    fields = {found.field(index).name: found.field(index).type for index in range(found.num_fields)}
    for field in struct["fields"]:
        if field["name"] in fields:
            yield from wrong_types(f"{name}.{field['name']}", field["type"], fields.pop(field["name"]))
    for stranger, its_type in fields.items():
        yield f"{name}.{stranger}", its_type, "nothing"


def leaves(fields, above=()):
    """(path, kind) of all that statistics may speak of: columns and fields of structs, down to arrays and maps."""
    for field in fields:
        path, kind = (*above, field["name"]), kind_of(field["type"])
        if kind == "struct":
            yield from leaves(field["type"]["fields"], path)
        else:
            yield path, kind


def without_views(batch):
    """The same rows, texts as everybody has them."""
    if not any(kind in VIEWS for kind in batch.schema.types):
        return batch
    return pa.RecordBatch.from_arrays(
        [column.cast(VIEWS.get(column.type, column.type)) for column in batch.columns], names=batch.schema.names)


def at(batch, path):
    """The column of a path, NULL wherever a struct around it is; None when the batch does not have it."""
    index = batch.schema.get_field_index(path[0])
    if index < 0:
        return None
    column = batch.column(index)
    for name in path[1:]:
        index = column.type.get_field_index(name)
        if index < 0:
            return None
        column = column.flatten()[index]
    return column


def pairs(column):
    """Keys and values of a map column's rows that are not NULL, end to end."""
    # Taken apart by hand: a cast stumbles over fields that must not be NULL where a struct around them is.
    present = column.drop_null()
    first, end = (present.offsets[0].as_py(), present.offsets[-1].as_py()) if len(present) else (0, 0)
    keys, values = present.keys.slice(first, end - first), present.items.slice(first, end - first)
    return pa.StructArray.from_arrays([keys, values], fields=[pa.field("key", keys.type), pa.field("value", values.type)])


def forbidden_nulls(name, delta_type, nullable, column):
    """Paths at which a column has NULLs that the schema does not allow. Below a NULL anything may stand."""
    if not nullable and column.null_count:
        yield name
    kind = kind_of(delta_type)
    if kind == "struct":
        present = column.drop_null()
        for field, below in zip(map(present.type.field, range(present.type.num_fields)), present.flatten()):
            said = next((said for said in delta_type["fields"] if said["name"] == field.name), None)
            if said is not None:
                yield from forbidden_nulls(f"{name}.{field.name}", said["type"], said["nullable"], below)
    elif kind == "array":
        elements = column.flatten()
        yield from forbidden_nulls(f"{name}.element", delta_type["elementType"], delta_type["containsNull"], elements)
    elif kind == "map":
        keys, values = pairs(column).flatten()
        yield from forbidden_nulls(f"{name}.key", delta_type["keyType"], False, keys)
        nullable = delta_type["valueContainsNull"]
        yield from forbidden_nulls(f"{name}.value", delta_type["valueType"], nullable, values)
