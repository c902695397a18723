"""One turn of a peer: rows from an Arrow file into a table, timed; figures as JSON on stdout.

    peer.py NAME ROWS.arrow FOLDER BATCH_ROWS THREADS

All peers write zstd level 1. delta-rs commits each batch to a Delta table and syncs nothing. pyarrow and DuckDB write one Parquet
file, in row groups of a batch, and no table: they have less to do; their file is synced before the clock stops.
Exit code 3: the peer is not installed, and stdout says what is missing.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

NOT_INSTALLED = 3


def read_batches(rows_file, batch_rows):
    """Each batch in one piece, as a program that gathered its rows itself would hold them."""
    import pyarrow

    with pyarrow.OSFile(rows_file) as source:
        rows = pyarrow.ipc.open_file(source).read_all()
    starts = range(0, rows.num_rows, batch_rows)
    return [rows.slice(start, batch_rows).combine_chunks() for start in starts]


def by_delta_rs(batches, folder, _threads):
    from deltalake import DeltaTable, WriterProperties, write_deltalake

    table = DeltaTable.create(str(folder), schema=batches[0].schema)
    properties = WriterProperties(compression="ZSTD", compression_level=1)

    def write():
        for batch in batches:
            write_deltalake(table, batch, mode="append", writer_properties=properties)

    return write, lambda: [Path(uri) for uri in DeltaTable(str(folder)).file_uris()]


def by_pyarrow(batches, folder, threads):
    import pyarrow
    from pyarrow import parquet

    pyarrow.set_cpu_count(threads)
    path = folder / "rows.parquet"

    def write():
        writer = parquet.ParquetWriter(path, batches[0].schema, compression="zstd", compression_level=1)
        with writer:
            for batch in batches:
                writer.write_table(batch, row_group_size=batch.num_rows)

    return write, lambda: [path]


def by_duckdb(batches, folder, threads):
    import duckdb
    import pyarrow

    connection = duckdb.connect(config={"threads": threads})
    # After some seconds it would show how far it is, where only the figures belong.
    connection.execute("SET enable_progress_bar = false")
    rows = pyarrow.concat_tables(batches)
    connection.register("rows", rows)
    path = folder / "rows.parquet"
    options = f"format parquet, compression zstd, compression_level 1, row_group_size {batches[0].num_rows}"
    return lambda: connection.execute(f"copy rows to '{path}' ({options})"), lambda: [path]


PEERS = {"delta-rs": by_delta_rs, "pyarrow": by_pyarrow, "duckdb": by_duckdb}
PACKAGES = {"delta-rs": "deltalake", "pyarrow": "pyarrow", "duckdb": "duckdb"}


def turn(name, rows_file, folder, batch_rows, threads):
    from importlib.metadata import version

    from pyarrow import parquet

    batches = read_batches(rows_file, batch_rows)
    folder.mkdir(parents=True)
    write, files = PEERS[name](batches, folder, threads)
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    write()
    for file in files() if name != "delta-rs" else []:
        with open(file, "rb") as written:
            os.fsync(written.fileno())
    elapsed, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_SELF)
    sent = sum(batch.num_rows for batch in batches)
    read = sum(parquet.read_metadata(file).num_rows for file in files())
    if read != sent:
        sys.exit(f"{name} wrote {read} rows of {sent}")
    return {
        "version": version(PACKAGES[name]),
        "rows": sent,
        "appends": len(batches),
        "elapsed_seconds": elapsed,
        "user_seconds": after.ru_utime - before.ru_utime,
        "system_seconds": after.ru_stime - before.ru_stime,
        "memory_peak_bytes": after.ru_maxrss * 1024,
        "files": len(files()),
        "file_bytes": sum(file.stat().st_size for file in files()),
    }


def main():
    name, rows_file, folder, batch_rows, threads = sys.argv[1:]
    # Before anything is imported that reads them.
    os.environ.update(RAYON_NUM_THREADS=threads, TOKIO_WORKER_THREADS=threads, OMP_NUM_THREADS=threads)
    try:
        print(json.dumps(turn(name, rows_file, Path(folder), int(batch_rows), int(threads))))
    except ImportError as error:
        print(error)
        sys.exit(NOT_INSTALLED)


if __name__ == "__main__":
    main()
