"""How each reader reads a whole table: what it gives is a pyarrow table, what it cannot read it refuses."""

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

from verifier.findings import CannotVerify
from verifier.report import verify
from verifier.rows import live_rows

from .other_engines import Refused


class Wrong(Exception):
    """What the verifier found wrong with a table."""


def by_spark(table, others):
    return others.read("spark", table)


def by_duckdb(table, others):
    """Through DuckDB's Delta reader."""
    return others.read("duckdb", table)


def by_delta_rs(table, others):
    try:
        return pa.table(QueryBuilder().register("rows", DeltaTable(str(table))).execute("select * from rows").read_all())
    except Exception as error:  # delta-rs has many kinds, and Rust's own
        raise Refused(str(error).strip().splitlines()[0]) from error


def by_verifier(table, others):
    """The rows as the verifier's own replay finds them, once it has found nothing wrong."""
    try:
        problems = verify(table).findings.problems
        if problems:
            raise Wrong(problems[0])
        return live_rows(table)
    except CannotVerify as error:
        raise Refused(str(error)) from error


READERS = {"Spark": by_spark, "delta-rs": by_delta_rs, "DuckDB": by_duckdb, "verifier": by_verifier}
