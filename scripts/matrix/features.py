"""What tables can have, how each kind of table gets it, and what is expected of the engine and of the readers.

A feature that is not listed as refused must pass in every kind that can have it: the engine writes and every reader reads, but
for the readers that are named here as ones that cannot. A refusal counts only when it is listed, with a part of what has to be
said.
"""

from dataclasses import dataclass, field

from . import hand_made, spark_tables
from .rows import all_types, standard


@dataclass(frozen=True)
class Feature:
    name: str
    # Properties of the table as Spark, delta-rs and the engine take them; None where that kind cannot have the feature.
    spark: dict = None
    delta_rs: dict = None
    ours: dict = None
    # What else makes it: columns that it is partitioned by; in Spark's words a clause behind the columns, statements afterwards.
    partitions: tuple = ()
    clause: str = ""
    statements: tuple = ()
    # Instead of all that: makes the table by itself, given (other engines, folder of the table, file with its rows, its columns).
    make: object = None
    # Columns by another name in the end, columns of another type.
    renamed: dict = field(default_factory=dict)
    types: dict = field(default_factory=dict)
    not_null: tuple = ()
    # Makes the rows: so many, from that number on.
    rows: object = standard
    # Rows that are deleted: of the table as it was made, and while the engine has the table open.
    deleted_before: tuple = ()
    deleted_between: tuple = ()
    # Part of what the engine says when it refuses the table, as it must.
    refused: str = ""
    # Readers that do not know the feature, with a part of what they say.
    unread: dict = field(default_factory=dict)
    # Readers that find NULL in some columns whoever wrote the files, with these columns.
    blank: dict = field(default_factory=dict)
    # What the verifier finds wrong with the rows that a kind of table was made with: part of what it says.
    wrong: dict = field(default_factory=dict)


def same(name, properties=None, **more):
    """One that all three kinds can have by properties."""
    properties = properties or {}
    return Feature(name, spark=properties, delta_rs=properties, ours=properties, **more)


WIDENED_UNREAD = {"delta-rs": "Unsupported table features required: [TypeWidening]"}

ALL = (
    same("plain"),
    same("all types, nested to depth 5", rows=all_types, wrong={"delta-rs": "minValues.c5 is"}),
    same("NOT NULL", not_null=("row",)),
    Feature("column mapping by name", spark={"delta.columnMapping.mode": "name"}, ours={"delta.columnMapping.mode": "name"}),
    Feature("column mapping, renamed", spark={"delta.columnMapping.mode": "name"}, ours={"delta.columnMapping.mode": "name"},
            statements=("alter table {table} rename column name to label",
                        "alter table {table} rename column place.road to street",
                        "alter table {table} drop column size"),
            renamed={"name": "label", "road": "street", "size": None}),
    Feature("column mapping by id", spark={"delta.columnMapping.mode": "id"}, ours={"delta.columnMapping.mode": "id"}),
    Feature("row tracking", spark={"delta.enableRowTracking": "true"}, ours={"delta.enableRowTracking": "true"},
            deleted_before=(1,), deleted_between=(101,)),
    Feature("deletion vectors", spark={"delta.enableDeletionVectors": "true"}, ours={"delta.enableDeletionVectors": "true"},
            deleted_before=(1, 3), deleted_between=(2, 101)),
    Feature("in-commit timestamps", spark={"delta.enableInCommitTimestamps": "true"},
            ours={"delta.enableInCommitTimestamps": "true"}),
    same("v2 checkpoints", {"delta.checkpointPolicy": "v2"}),
    same("append-only", {"delta.appendOnly": "true"}),
    same("change data feed", {"delta.enableChangeDataFeed": "true"}),
    Feature("widened types", spark={"delta.enableTypeWidening": "true"}, ours={"delta.enableTypeWidening": "true"},
            statements=("alter table {table} alter column size type bigint", "alter table {table} alter column ratio type double",
                        "alter table {table} alter column place.road.number type bigint"),
            types={"size": "int64", "ratio": "double", "number": "int64"}, unread=WIDENED_UNREAD),
    Feature("clustered", spark={}, clause="cluster by (name, ratio)"),
    Feature("clustered, mapped", spark={"delta.columnMapping.mode": "name"}, clause="cluster by (day, place.x)"),
    same("statistics of some columns", {"delta.dataSkippingStatsColumns": "row,place.x"}),
    same("statistics of two columns", {"delta.dataSkippingNumIndexedCols": "2"}),
    Feature("many at once", spark={
        "delta.columnMapping.mode": "name", "delta.enableRowTracking": "true", "delta.enableDeletionVectors": "true",
        "delta.enableInCommitTimestamps": "true", "delta.checkpointPolicy": "v2", "delta.enableTypeWidening": "true",
        "delta.enableChangeDataFeed": "true"}, clause="cluster by (row)", deleted_before=(2,),
        statements=("alter table {table} alter column size type bigint", "alter table {table} rename column day to date"),
        renamed={"day": "date"}, types={"size": "int64"}, unread=WIDENED_UNREAD),
    Feature("writer version 4", spark={"delta.minReaderVersion": "1", "delta.minWriterVersion": "4"}),
    Feature("writer version 5, mapped", spark={
        "delta.minReaderVersion": "2", "delta.minWriterVersion": "5", "delta.columnMapping.mode": "name"}),
    Feature("CHECK constraints, none used", spark={"delta.feature.checkConstraints": "supported",
                                                   "delta.feature.generatedColumns": "supported"}),
    Feature("partitioned", spark={}, delta_rs={}, partitions=("day",)),
    Feature("partitioned by several", spark={}, delta_rs={}, partitions=("name", "size")),
    # In files of Spark, too.
    Feature("partitioned, mapped", spark={"delta.columnMapping.mode": "name"}, partitions=("amount",), blank={"DuckDB": ["amount"]}),
    Feature("CHECK constraint", spark={}, statements=("alter table {table} add constraint positive check (row >= 0)",),
            refused='CHECK constraint "positive"'),
    Feature("generated column", make=spark_tables.generated, refused='column "twice" is generated (generatedColumns)'),
    Feature("identity column", make=spark_tables.identity, refused='column "number" is an identity column (identityColumns)'),
    Feature("invariant", make=spark_tables.invariant, refused='column "size" is under an invariant (delta.invariants)'),
    Feature("default values", spark={"delta.feature.allowColumnDefaults": "supported"},
            statements=("alter table {table} alter column name set default 'none'",),
            refused='column "name" has a default value (allowColumnDefaults)'),
    Feature("forgetting transactions", spark={"delta.setTransactionRetentionDuration": "interval 7 days"},
            refused="delta.setTransactionRetentionDuration"),
    Feature("unknown writer feature", make=hand_made.unknown_writer_feature, refused="levitation"),
    Feature("unknown reader feature", make=hand_made.unknown_reader_feature, refused="levitation"),
)
