"""One table, read by three readers that know nothing of each other.

pyarrow and DuckDB read the Parquet files that the verifier's replay names (DuckDB's own Delta reader is an extension that
has to be downloaded; see docs/operations.md); delta-rs reads log and files by itself.
"""

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, QueryBuilder

from verifier.delta_log import live_files


def by_pyarrow(table):
    """Rows in commit order."""
    return pa.concat_tables(pq.read_table(path, partitioning=None) for path in live_files(table))


def by_duckdb(table, query="select * from rows"):
    """`query` over the relation `rows`."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    paths = [str(path) for path in live_files(table)]
    connection.read_parquet(paths, union_by_name=True).create_view("rows")
    return connection.execute(query).to_arrow_table()


def by_delta_rs(table, query="select * from rows"):
    """`query` over the relation `rows`, run by delta-rs's own engine."""
    answer = QueryBuilder().register("rows", DeltaTable(str(table))).execute(query)
    return pa.table(answer.read_all())


def delta_rs_table(table):
    """The whole table through delta-rs's pyarrow reader."""
    return DeltaTable(str(table)).to_pyarrow_table()


READERS = {"DuckDB": by_duckdb, "delta-rs": by_delta_rs}
