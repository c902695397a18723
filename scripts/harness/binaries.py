"""Where the programs under test are."""

import os
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1]
ROOT = SCRIPTS.parent


def binary(name):
    """The release build of a program of this repository; LAKEHEAD_BIN_DIR names another folder."""
    folder = Path(os.environ.get("LAKEHEAD_BIN_DIR", ROOT / "target" / "release"))
    path = folder / name
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not built: run cargo build --release")
    return str(path)
