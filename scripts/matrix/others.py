#!/usr/bin/env python3
"""Spark and DuckDB in one long-lived process: requests come as JSON lines on standard input, answers go to standard output.

Runs in the environment of scripts/spark_env, which has none of our modules; rows leave it as Parquet files.
"""

import glob
import json
import os
import sys
import traceback

import duckdb
import duckdb_extension_delta
import pyarrow.parquet as pq


def spark_session(folder):
    from pyspark.sql import SparkSession

    jars = glob.glob(os.path.join(os.path.dirname(os.path.dirname(sys.executable)), "jars", "*.jar"))
    settings = {
        "spark.jars": ",".join(jars),
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.warehouse.dir": os.path.join(folder, "warehouse"),
        "spark.local.dir": folder,
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
        "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
        # Tables of a few rows: one task each.
        "spark.sql.shuffle.partitions": "1",
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.databricks.delta.properties.defaults.enableExpiredLogCleanup": "false",
        "spark.sql.adaptive.enabled": "false",
        "spark.log.level": "ERROR",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": "1g",
    }
    builder = SparkSession.builder.master("local[1]").appName("lakehead")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


class Others:
    def __init__(self, folder):
        self.folder = folder
        self.spark = None
        self.duckdb = duckdb.connect()
        home = os.path.dirname(duckdb_extension_delta.__file__)
        self.duckdb.execute(f"load '{home}/extensions/v{duckdb.__version__}/delta.duckdb_extension'")
        self.duckdb.execute("set timezone = 'UTC'")

    def start(self):
        if self.spark is None:
            self.spark = spark_session(self.folder)

    def sql(self, statements):
        """Runs them with Spark."""
        self.start()
        for statement in statements:
            self.spark.sql(statement).collect()

    def build(self, table, columns, properties):
        """A table by Spark's table builder: columns are (name, type, options)."""
        from delta.tables import DeltaTable, IdentityGenerator

        self.start()
        builder = DeltaTable.create(self.spark).location(table)
        for name, kind, options in columns:
            options = dict(options)
            if options.pop("identity", False):
                options["generatedAlwaysAs"] = IdentityGenerator()
            builder = builder.addColumn(name, kind, **options)
        for name, value in properties.items():
            builder = builder.property(name, value)
        builder.execute()

    def save(self, table, rows, metadata, mode="errorifexists"):
        """The rows of a Parquet file as a table; `metadata` has what goes with each column's field."""
        self.start()
        frame = self.spark.read.parquet(rows)
        for name, said in metadata.items():
            frame = frame.withMetadata(name, said)
        frame.write.format("delta").mode(mode).save(table)

    def spark_read(self, table, into):
        self.start()
        self.spark.read.format("delta").load(table).coalesce(1).write.mode("overwrite").parquet(into)

    def duckdb_read(self, table, into):
        # Not by DuckDB's own Parquet writer, which takes -0.0 for 0.0.
        found = self.duckdb.execute(f"select * from delta_scan('{table}')").to_arrow_table()
        os.makedirs(into, exist_ok=True)
        pq.write_table(found, f"{into}/rows.parquet")


def words(error):
    """What an engine says, without the stack it says it from: of errors from Java that of the innermost cause."""
    java = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    text = str(error)
    while java is not None and java.getCause() is not None:
        java = java.getCause()
    if java is not None:
        text = java.getMessage() or text
    return " ".join(text.split()) or repr(error)


def main():
    # Whatever Spark's processes print must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    others = Others(sys.argv[1])
    for line in sys.stdin:
        request = json.loads(line)
        try:
            getattr(others, request.pop("do"))(**request)
            answer = {}
        except Exception as error:  # whatever it is, it is the answer
            traceback.print_exc()
            answer = {"error": words(error)}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
