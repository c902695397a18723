#!/usr/bin/env python3
"""Verifies a Delta table on this machine without any Delta library: see scripts/verifier/__init__.py for what is judged.

Needs pyarrow; `$(scripts/python_env) scripts/verify_table.py TABLE_DIR` always has it.
Exit code: 0 the table is good, 1 it has problems, 2 it could not be judged.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

try:
    from verifier import delta_log, report
    from verifier.findings import CannotVerify
except ModuleNotFoundError as missing:
    sys.exit(f"{missing.name} is not installed for {sys.executable}: run $(scripts/python_env) {' '.join(sys.argv)}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("table", metavar="TABLE_DIR", help="the table's directory, which holds _delta_log")
    arguments.add_argument("--json", action="store_true", help="print everything that was found as one JSON object")
    arguments.add_argument("--files", action="store_true", help="print the live files in commit order, one a line, and judge nothing")
    arguments.add_argument("--commits", action="store_true", help="print one line per commit as well")
    arguments.add_argument("--ledger", nargs="+", default=[], metavar="FILE", help="producers' ledgers (verifier/ledger.py)")
    arguments.add_argument("--expect-rows", type=int, metavar="N", help="a problem unless the table has N rows")
    arguments.add_argument("--named", action="store_true", help="every stream must have its txn entry")
    arguments.add_argument("--durable", action="store_true", help="rows that ledgers name as durable must be there, too")
    options = arguments.parse_args()
    try:
        if options.files:
            for path in delta_log.live_files(options.table):
                print(path)
            return 0
        found = report.verify(options.table, options.ledger, options.expect_rows, options.named, options.durable)
    except (CannotVerify, OSError, ValueError) as error:
        print(f"cannot verify: {error}", file=sys.stderr)
        return 2
    if options.json:
        json.dump(found.as_json(), sys.stdout, indent=1)
        print()
    else:
        if options.commits:
            report.print_commits(found)
        report.print_summary(found)
    return 0 if found.good else 1


if __name__ == "__main__":
    sys.exit(main())
