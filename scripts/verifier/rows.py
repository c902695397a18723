"""All rows of a table as it means them: columns under their own names, deleted rows left out, partition values beside them."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from . import delta_log
from .deletion_vectors import deleted_rows
from .mapping import Mapping, arrow_type
from .partitions import constant


def live_rows(table):
    """The newest version as a pyarrow table, file by file in the order in which they were committed."""
    state = delta_log.replay(table).state
    mapping, found = Mapping(state.metadata), []
    fields = json.loads(state.metadata["schemaString"])["fields"]
    for add in sorted(state.files.values(), key=lambda file: (file.version, file.path)):
        deleted, position = deletions(table, add), 0
        with pq.ParquetFile(Path(table) / add.path) as file:
            for batch in file.iter_batches():
                kept = live(mapping.batch(batch), deleted, position)
                position += batch.num_rows
                found.append(whole(kept, fields, mapping, add))
    schema = pa.schema([(field["name"], arrow_type(field["type"])) for field in fields])
    return pa.Table.from_batches(found, schema) if found else schema.empty_table()


def whole(batch, fields, mapping, add):
    """The batch with all columns of the table, in its order and types."""
    columns = []
    for field in fields:
        wanted, index = arrow_type(field["type"]), batch.schema.get_field_index(field["name"])
        if index >= 0:
            columns.append(batch.column(index).cast(wanted))
        else:
            columns.append(constant(add.partition_values.get(mapping.physical(field)), field, batch.num_rows))
    return pa.RecordBatch.from_arrays(columns, names=[field["name"] for field in fields])


def deletions(table, add):
    return deleted_rows(table, add.deletion_vector) if add.deletion_vector else frozenset()


def live(batch, deleted, position):
    """The rows of a batch, whose first one is the file's row `position`, that are not deleted."""
    if not deleted:
        return batch
    return batch.filter(pa.array([position + row not in deleted for row in range(batch.num_rows)], pa.bool_()))
