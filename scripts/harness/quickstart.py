"""The Python half of scripts/quickstart: makes the CSV file, and reads the tables as an outsider."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import flights, readers  # noqa: E402

QUESTIONS = {
    "flights": ("select count(*) as answer from rows", flights.ROWS),
    "flights that never left (dep_time is NULL)": (
        "select count(*) as answer from rows where dep_time is null", flights.NULL_DEPARTURES),
    **{
        f"flights from {origin}": (f"select count(*) as answer from rows where origin = '{origin}'", count)
        for origin, count in flights.BY_ORIGIN.items()
    },
}


def write_csv(path):
    path = Path(path)
    if not path.exists():
        path.write_bytes(flights.csv_bytes())
    print(f"{path}: {path.stat().st_size:,} bytes")


def read(tables):
    """True when every reader has the known answer to every question."""
    good = True
    table = Path(tables) / "flights"
    print(f"{'':46}{'known':>10}" + "".join(f"{name:>12}" for name in readers.READERS))
    for question, (query, known) in QUESTIONS.items():
        answers = [reader(table, query)["answer"][0].as_py() for reader in readers.READERS.values()]
        good &= all(answer == known for answer in answers)
        print(f"{question:46}{known:>10,}" + "".join(f"{answer:>12,}" for answer in answers))
    print("\nsome of them:")
    query = "select year, month, day, dep_time, carrier, flight, origin, dest, distance from rows limit 5"
    print_rows(readers.by_duckdb(table, query))
    for other in sorted(path.parent for path in Path(tables).rglob("_delta_log") if path.parent != table):
        name = ".".join(other.relative_to(tables).parts)
        counts = {reader: run(other, "select count(*) as n from rows")["n"][0].as_py() for reader, run in readers.READERS.items()}
        print(f"\n{name}: " + ", ".join(f"{reader} counts {count:,} rows" for reader, count in counts.items()))
        good &= len(set(counts.values())) == 1
        print_rows(readers.by_duckdb(other, "select * from rows limit 3"))
    return good


def print_rows(table):
    rows = [table.schema.names] + [["NULL" if value is None else str(value) for value in row.values()] for row in table.to_pylist()]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  " + "  ".join(value.rjust(width) for value, width in zip(row, widths)))


if __name__ == "__main__":
    if sys.argv[1] == "csv":
        write_csv(sys.argv[2])
    elif not read(sys.argv[2]):
        sys.exit("the answers differ: please report this")
