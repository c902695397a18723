"""Files' columns as the table means them: by physical names or ids where the table maps columns, in the types that it has now.

A table in the mode "name" is read by physical names, one in the mode "id" by the ids in the Parquet schema, which is what readers
go by. A column that a file lacks, because it was added later, is NULL; one that the table dropped is left out. Where the table's
types were widened (`delta.typeChanges`), narrower ones in older files are cast.
"""

import json

import pyarrow as pa

from .columns import kind_of

FIELD_ID = b"PARQUET:field_id"
FLAT = {"boolean": pa.bool_(), "byte": pa.int8(), "short": pa.int16(), "integer": pa.int32(), "long": pa.int64(),
        "float": pa.float32(), "double": pa.float64(), "date": pa.date32(), "timestamp": pa.timestamp("us", "UTC"),
        "timestamp_ntz": pa.timestamp("us"), "string": pa.string(), "binary": pa.binary()}


class Mapping:
    def __init__(self, metadata):
        configuration = metadata.get("configuration") or {}
        self.mode = configuration.get("delta.columnMapping.mode", "none")
        partitions = set(metadata.get("partitionColumns") or [])
        fields = json.loads(metadata["schemaString"])["fields"]
        self.fields = [field for field in fields if field["name"] not in partitions]
        self.partition_fields = [field for field in fields if field["name"] in partitions]
        self.widened = "delta.typeChanges" in metadata["schemaString"]

    @property
    def is_plain(self):
        """Whether files have the table's own names and types."""
        return self.mode == "none" and not self.widened

    def batch(self, batch):
        """A file's rows with the table's columns."""
        if self.is_plain:
            return batch
        found = [self.pick(field, batch.schema, batch.columns) for field in self.fields]
        named = [(field["name"], column) for field, column in zip(self.fields, found) if column is not None]
        return pa.RecordBatch.from_arrays([column for _, column in named], names=[name for name, _ in named])

    def schema(self, schema):
        """The same of a file's schema."""
        empty = pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)
        return self.batch(empty).schema

    def pick(self, field, fields, columns):
        """The column of `field` among these, with names and types of the table; None when the file has none."""
        for found, column in zip(fields, columns):
            if self.is_meant(field, found):
                return self.shaped(field["type"], column)
        return None

    def is_meant(self, field, found):
        said = field.get("metadata") or {}
        if self.mode == "id":
            return (found.metadata or {}).get(FIELD_ID) == str(said.get("delta.columnMapping.id")).encode()
        return found.name == self.physical(field)

    def physical(self, field):
        return (field.get("metadata") or {}).get("delta.columnMapping.physicalName", field["name"]) if self.mode != "none" \
            else field["name"]

    def partition_values(self, add):
        """A file's partition values under the table's own names; others under those that the log has."""
        names = {self.physical(field): field["name"] for field in self.partition_fields}
        return {names.get(name, name): value for name, value in add.partition_values.items()}

    def shaped(self, delta_type, column):
        kind = kind_of(delta_type)
        if kind == "struct":
            picked = [self.pick(field, column.type, [column.field(place) for place in range(column.type.num_fields)])
                      for field in delta_type["fields"]]
            picked = [pa.nulls(len(column), arrow_type(field["type"])) if found is None else found
                      for field, found in zip(delta_type["fields"], picked)]
            # Fields are taken as nullable: what may be NULL is judged apart.
            fields = [pa.field(field["name"], found.type) for field, found in zip(delta_type["fields"], picked)]
            return pa.StructArray.from_arrays(picked, fields=fields, mask=column.is_null())
        if kind == "array":
            values = self.shaped(delta_type["elementType"], column.values)
            return pa.ListArray.from_arrays(offsets(column), values, mask=column.is_null())
        if kind == "map":
            keys, items = self.shaped(delta_type["keyType"], column.keys), self.shaped(delta_type["valueType"], column.items)
            return pa.MapArray.from_arrays(offsets(column), keys, items, mask=column.is_null())
        wanted = arrow_type(delta_type)
        return column.cast(wanted) if self.widened and column.type != wanted else column

    def statistics(self, said):
        """A file's statistics under the table's own names."""
        if self.mode == "none" or said is None:
            return said
        return {name: self.named(self.fields, told) if isinstance(told, dict) else told for name, told in said.items()}

    def named(self, fields, told):
        by_name = {self.physical(field): field for field in fields}
        return {
            by_name[name]["name"]: self.named(by_name[name]["type"]["fields"], value) if isinstance(value, dict) else value
            for name, value in told.items() if name in by_name
        }


def offsets(column):
    """Offsets that may be used with a mask: those of a column that begins at its buffers' start."""
    return pa.concat_arrays([column.offsets]) if column.offsets.offset else column.offsets


def arrow_type(delta_type):
    kind = kind_of(delta_type)
    if kind == "struct":
        return pa.struct([pa.field(field["name"], arrow_type(field["type"])) for field in delta_type["fields"]])
    if kind == "array":
        return pa.list_(arrow_type(delta_type["elementType"]))
    if kind == "map":
        return pa.map_(arrow_type(delta_type["keyType"]), arrow_type(delta_type["valueType"]))
    if kind.startswith("decimal"):
        return pa.decimal128(*map(int, kind[len("decimal("):-1].split(",")))
    return FLAT[kind]
