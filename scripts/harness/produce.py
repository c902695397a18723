#!/usr/bin/env python3
"""Many producers of verified rows as one process: streams of one table or several, a ledger for each.

    produce.py --server ADDR --table a --table b --streams 16 --rows 5000 --ledgers DIR

Stream i goes to table i modulo the number of tables. Exit code 0: every row is acknowledged.
"""

import argparse
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.producer import Producer  # noqa: E402


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--server", required=True)
    arguments.add_argument("--table", action="append", required=True)
    arguments.add_argument("--streams", type=int, default=4)
    arguments.add_argument("--prefix", default="stream", help="streams are named PREFIX-00, PREFIX-01, …")
    arguments.add_argument("--rows", type=int, default=10_000, help="of each stream")
    arguments.add_argument("--rows-per-second", type=float, help="of each stream; without: as fast as it goes")
    arguments.add_argument("--batch-rows", type=int, default=500)
    arguments.add_argument("--ledgers", type=Path, required=True, help="directory; files are named TABLE.STREAM.jsonl")
    arguments.add_argument("--patience", type=float, default=60, help="seconds without progress after which one gives up")
    options = arguments.parse_args()
    options.ledgers.mkdir(parents=True, exist_ok=True)
    failures = []

    def run(index):
        table, stream = options.table[index % len(options.table)], f"{options.prefix}-{index:02d}"
        try:
            producer = Producer(
                options.server, table, stream, options.ledgers / f"{table}.{stream}.jsonl",
                options.batch_rows, options.rows_per_second, options.patience)
            producer.run(options.rows)
        except Exception as failure:
            failures.append(f"{table}, {stream}: {type(failure).__name__}: {failure}")

    threads = [threading.Thread(target=run, args=(index,)) for index in range(options.streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"{options.streams - len(failures)} of {options.streams} streams have all {options.rows} rows acknowledged")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
