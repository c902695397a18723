"""One table, read by three readers that know nothing of each other.

pyarrow and DuckDB read the Parquet files that the verifier's replay names (DuckDB's own Delta reader is an extension that
has to be downloaded; see docs/operations.md); delta-rs reads log and files by itself. Values of partition columns stand in the
log alone: for pyarrow the verifier makes columns of them, for DuckDB they are literals that it casts itself.
"""

import json

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, QueryBuilder

from verifier import partitions
from verifier.delta_log import live_files, replay

DUCKDB_TYPES = {
    "boolean": "boolean", "byte": "tinyint", "short": "smallint", "integer": "integer", "long": "bigint", "float": "float",
    "double": "double", "date": "date", "timestamp": "timestamptz", "timestamp_ntz": "timestamp", "string": "varchar",
}


def by_pyarrow(table):
    """Rows in commit order."""
    state, fields, by = partitioning(table)
    if not by:
        return pa.concat_tables(pq.read_table(path, partitioning=None) for path in live_files(table))
    names = [field["name"] for field in fields]
    files = sorted(state.files.values(), key=lambda file: (file.version, file.path))
    read = (pq.read_table(table / file.path, partitioning=None) for file in files)
    return pa.concat_tables(
        partitions.complete(rows, file.partition_values, by).select(names) for rows, file in zip(read, files))


def by_duckdb(table, query="select * from rows"):
    """`query` over the relation `rows`."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    state, fields, by = partitioning(table)
    if by:
        names = ", ".join(quoted(field["name"], '"') for field in fields)
        files = (file_query(table / file.path, file.partition_values, names, by) for file in state.files.values())
        connection.execute("create view rows as " + " union all ".join(files))
    else:
        paths = [str(path) for path in live_files(table)]
        connection.read_parquet(paths, union_by_name=True).create_view("rows")
    return connection.execute(query).to_arrow_table()


def partitioning(table):
    """The table's state, its columns and those that it is partitioned by."""
    state = replay(table).state
    fields = json.loads(state.metadata["schemaString"])["fields"]
    return state, fields, partitions.fields_of(state.metadata, fields)


def file_query(path, values, names, fields):
    literals = ", ".join(f"{literal(values[field['name']], field['type'])} as {quoted(field['name'], chr(34))}" for field in fields)
    return f"select {names} from (select *, {literals} from read_parquet({quoted(path)}, hive_partitioning = false))"


def literal(text, kind):
    if kind == "binary":
        return "null::blob" if text is None else f"encode({quoted(text)})"
    return f"cast({'null' if text is None else quoted(text)} as {DUCKDB_TYPES.get(kind, kind)})"


def quoted(text, mark="'"):
    return mark + str(text).replace(mark, mark * 2) + mark


def by_delta_rs(table, query="select * from rows"):
    """`query` over the relation `rows`, run by delta-rs's own engine."""
    answer = QueryBuilder().register("rows", DeltaTable(str(table))).execute(query)
    return pa.table(answer.read_all())


def delta_rs_table(table):
    """The whole table through delta-rs's pyarrow reader."""
    return DeltaTable(str(table)).to_pyarrow_table()


READERS = {"DuckDB": by_duckdb, "delta-rs": by_delta_rs}
