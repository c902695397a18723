#!/usr/bin/env python3
"""Many producers of verified rows as one process: streams of one table or several, a ledger for each.

    produce.py --server ADDR --table a --table b --streams 16 --rows 5000 --ledgers DIR

Stream i goes to table i modulo the number of tables, and every second one keeps its rows only until they are durable. Without
--rows they write until SIGTERM. Killed and started again with the same ledgers, named streams go on where they were. The last
line of output is JSON: the rows of each named stream, by table. Exit code 0: every row is acknowledged.
"""

import argparse
import json
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.anonymous_producer import AnonymousProducer  # noqa: E402
from harness.archives import KEEP_UNTIL_COMMITTED, KEEP_UNTIL_DURABLE  # noqa: E402
from harness.child import take_sigterm  # noqa: E402
from harness.producer import Producer  # noqa: E402
from harness.workload import Workload  # noqa: E402


class Producers:
    def __init__(self, options):
        self.options = options
        evolving = options.evolving or options.table
        self.workloads = {table: Workload(options.rows_per_column if table in evolving else 0, options.bad_rows)
                          for table in options.table}
        self.stop = threading.Event()
        self.rows = {table: {} for table in options.table}
        self.failures = []

    def run(self):
        jobs = [(self.run_named, index) for index in range(self.options.streams)]
        jobs += [(self.run_anonymous, index) for index in range(self.options.anonymous)]
        threads = [threading.Thread(target=self.guard, args=job) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def guard(self, run, index):
        options = self.options
        table = options.table[index % len(options.table)]
        try:
            run(index, table)
        except Exception as failure:
            self.failures.append(f"{table}, {run.__name__}({index}): {type(failure).__name__}: {failure}")
            self.stop.set()  # who asked for no certain number of rows hears of it soon

    def run_named(self, index, table):
        stream = f"{self.options.prefix}-{index:02d}"
        keep = KEEP_UNTIL_DURABLE if index // len(self.options.table) % 2 else KEEP_UNTIL_COMMITTED
        ledger = self.options.ledgers / f"{table}.{stream}.jsonl"
        producer = Producer(self.options.server, table, stream, ledger, *self.pace(), keep, self.workloads[table])
        self.rows[table][stream] = self.run_one(producer)

    def run_anonymous(self, index, table):
        prefix = f"{self.options.prefix}-anonymous-{index:02d}"
        self.run_one(AnonymousProducer(
            self.options.server, table, prefix, self.options.ledgers, *self.pace(), KEEP_UNTIL_COMMITTED, self.workloads[table]))

    def run_one(self, producer):
        return producer.run_until(self.stop) if self.options.rows is None else producer.run(self.options.rows)

    def pace(self):
        return self.options.batch_rows, self.options.rows_per_second, self.options.patience


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--server", required=True)
    arguments.add_argument("--table", action="append", required=True)
    arguments.add_argument("--streams", type=int, default=4, help="named ones")
    arguments.add_argument("--prefix", default="stream", help="streams are named PREFIX-00, PREFIX-01, …")
    arguments.add_argument("--anonymous", type=int, default=0, help="producers without a name, besides")
    arguments.add_argument("--rows", type=int, help="of each stream; without: until SIGTERM")
    arguments.add_argument("--rows-per-second", type=float, help="of each stream; without: as fast as it goes")
    arguments.add_argument("--batch-rows", type=int, default=500)
    arguments.add_argument("--ledgers", type=Path, required=True, help="directory; files are named TABLE.STREAM.jsonl")
    arguments.add_argument("--rows-per-column", type=int, default=0, metavar="N",
                           help="each stream announces a schema with one more column after so many rows (workload.py)")
    arguments.add_argument("--evolving", action="append", metavar="TABLE", help="streams of this table alone do so")
    arguments.add_argument("--bad-rows", type=float, default=0, metavar="SHARE",
                           help="of the rows have a NULL in a column that their table does not let be NULL")
    arguments.add_argument("--patience", type=float, default=60, help="seconds without progress after which one gives up")
    options = arguments.parse_args()
    options.ledgers.mkdir(parents=True, exist_ok=True)
    producers = Producers(options)
    take_sigterm(lambda *_: producers.stop.set())
    producers.run()
    for failure in producers.failures:
        print(failure, file=sys.stderr)
    print(json.dumps(producers.rows))
    return 1 if producers.failures else 0


if __name__ == "__main__":
    sys.exit(main())
