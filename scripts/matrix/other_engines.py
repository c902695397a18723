"""Spark and DuckDB's Delta reader, in a process of their own (`others.py`)."""

import json
import shutil
import subprocess
from pathlib import Path

import pyarrow.parquet as pq

SCRIPTS = Path(__file__).resolve().parents[1]
MESSAGE_CHARACTERS = 300


class Refused(Exception):
    """What an engine said instead of doing it."""


class NotInstalled(Exception):
    """Why there are no other engines here, in a sentence."""


class OtherEngines:
    """One process for as long as this lives; Spark starts in it when it is first needed, which takes ten seconds."""

    def __init__(self, folder):
        self.folder = Path(folder) / "other-engines"
        self.folder.mkdir(parents=True)
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start(self):
        environment = subprocess.run([str(SCRIPTS / "spark_env")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if environment.returncode != 0:
            raise NotInstalled(environment.stderr.strip())
        with open(self.folder / "output.txt", "w", encoding="utf-8") as output:
            self.process = subprocess.Popen(
                [environment.stdout.strip(), str(SCRIPTS / "matrix" / "others.py"), str(self.folder)], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=output, text=True)

    def close(self):
        """Ends the process; its Java ends with it."""
        if self.process is None:
            return
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process = None

    def ask(self, do, **request):
        """Raises Refused with what the engine said."""
        if self.process is None:
            self.start()
        self.process.stdin.write(json.dumps({"do": do, **request}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the other engines' process ended: {(self.folder / 'output.txt').read_text()[-2000:]}")
        if error := json.loads(line).get("error"):
            raise Refused(error[:MESSAGE_CHARACTERS])

    def sql(self, *statements):
        self.ask("sql", statements=statements)

    def read(self, engine, table):
        """All rows of a table, as "spark" or "duckdb" reads them."""
        into = self.folder / "read"
        shutil.rmtree(into, ignore_errors=True)
        self.ask(f"{engine}_read", table=str(table), into=str(into))
        return pq.read_table(into, partitioning=None)
