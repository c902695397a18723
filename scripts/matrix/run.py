"""Runs the matrix and prints it; see scripts/table_matrix."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.engine import Engine  # noqa: E402
from matrix import features, report  # noqa: E402
from matrix.cells import Cells  # noqa: E402
from matrix.makers import COMMIT_INTERVAL_MS  # noqa: E402
from matrix.other_engines import NotInstalled, OtherEngines  # noqa: E402

CHECKPOINT_INTERVAL = 2


def wanted(options):
    """(kind, feature) of all cells."""
    for feature in features.ALL:
        if options.feature and not any(word in feature.name for word in options.feature):
            continue
        kinds = {"Spark": feature.spark, "delta-rs": feature.delta_rs, "Lakehead": feature.ours}
        kinds = ["Spark"] if feature.make else [kind for kind, made in kinds.items() if made is not None]
        yield from ((kind, feature) for kind in kinds if not options.kind or kind in options.kind)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="scripts/table_matrix", description=__doc__)
    parser.add_argument("--feature", action="append", metavar="WORDS",
                        help="only features whose names contain this; can be repeated")
    parser.add_argument("--kind", action="append", choices=("Spark", "delta-rs", "Lakehead"), help="only tables made by this")
    parser.add_argument("--keep", metavar="DIR", help="make the tables in this folder, which must not exist, and keep them")
    options = parser.parse_args(arguments)
    chosen, began = list(wanted(options)), time.monotonic()
    if not chosen:
        parser.error("no feature is called so")
    with tempfile.TemporaryDirectory(prefix="lakehead-matrix-", ignore_cleanup_errors=True) as temporary:
        folder = Path(options.keep or temporary).resolve()
        folder.mkdir(exist_ok=not options.keep)
        root = folder / "tables"
        root.mkdir()
        config = {"tables": {"root": root.as_uri() + "/", "create": False, "commit_interval_ms": COMMIT_INTERVAL_MS,
                             "checkpoint_interval": CHECKPOINT_INTERVAL}}
        cells = []
        try:
            with OtherEngines(folder) as others, Engine(folder / "engine", config=config) as server:
                for kind, feature in chosen:
                    cells.append(Cells(server, root, folder, others).judge(kind, feature))
                    print(f"{time.monotonic() - began:6.1f} s  {kind}, {feature.name}", file=sys.stderr, flush=True)
        except NotInstalled as missing:
            print(missing, file=sys.stderr)
            return 2
        failed = report.show(cells)
    print(f"in {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
