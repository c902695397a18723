"""How each kind of table is made, with its first rows in it."""

import json
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake

from harness.binaries import binary
from harness.engine import Engine
from harness.random_tables import columns

from .other_engines import Refused

COMMIT_INTERVAL_MS = 50


def run(*command, seconds=120):
    """What a program prints; raises Refused with what it says when it fails."""
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds)
    if done.returncode != 0:
        raise Refused(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit code {done.returncode}")
    return done.stdout


def write(server, name, path):
    return json.loads(run(binary("lakehead"), "write", name, path, "--server", server))


def by_spark(feature, path, rows, schema, others):
    properties = ", ".join(f"'{name}' = '{value}'" for name, value in feature.spark.items())
    properties = f"tblproperties ({properties})" if properties else ""
    clause = f"partitioned by ({', '.join(feature.partitions)})" if feature.partitions else feature.clause
    # Spark puts the columns that a table is partitioned by behind the others.
    names = ", ".join([field.name for field in schema if field.name not in feature.partitions] + list(feature.partitions))
    others.sql(f"create table delta.`{path}` ({columns(required(schema, feature))}) using delta {clause} {properties}",
               f"insert into delta.`{path}` ({names}) select {names} from parquet.`{rows}`")


def by_delta_rs(feature, path, rows, schema, others):
    schema = required(schema, feature)
    DeltaTable.create(path, schema, configuration=feature.delta_rs, partition_by=list(feature.partitions))
    write_deltalake(path, pq.read_table(rows).cast(schema), mode="append")


def by_us(feature, path, rows, schema, others):
    """By an engine of its own, whose configuration gives its new tables the properties."""
    config = {"tables": {"root": path.parent.as_uri() + "/", "commit_interval_ms": COMMIT_INTERVAL_MS},
              "tables.properties": feature.ours}
    pq.write_table(pq.read_table(rows).cast(required(schema, feature)), rows)
    with Engine(path.parents[2] / f"maker-{path.name}", config=config) as engine:
        write(engine.address, path.name, rows)
        engine.terminate()
        engine.wait()


def required(schema, feature):
    """The columns, those NOT NULL that the feature wants so."""
    return pa.schema([field.with_nullable(field.nullable and field.name not in feature.not_null) for field in schema])


MAKERS = {"Spark": by_spark, "delta-rs": by_delta_rs, "Lakehead": by_us}
