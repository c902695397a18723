"""Tables that only Spark's own builders make: each gives a table at `path` whose rows are those of the Parquet file `rows`."""

from harness.random_tables import sql

INVARIANT = '{"expression": {"expression": "size is null or size > -100"}}'


def generated(others, path, rows, schema):
    build(others, path, schema, [("twice", "bigint", {"generatedAlwaysAs": "row * 2"})])


def identity(others, path, rows, schema):
    build(others, path, schema, [("number", "bigint", {"identity": True})])


def build(others, path, schema, more):
    columns = [(field.name, sql(field.type), {}) for field in schema]
    others.ask("build", table=str(path), columns=columns + more, properties={})


def invariant(others, path, rows, schema):
    others.ask("save", table=str(path), rows=str(rows), metadata={"size": {"delta.invariants": INVARIANT}})
