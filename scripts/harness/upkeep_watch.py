"""What becomes of a kill loop's tables besides rows: merges, added columns, old log files, files that were staged for nothing.

Looks are taken while no engine runs, at the files alone. A look also makes everything of a log but its newest commits seem old,
so that the next engine cleans it up.

Left over is a data file that no commit names. What VACUUM deletes of it some day, the engine deletes at once where the log proves
that nobody will ever name it, which takes a later opening of the table by the same log (engine/src/upkeep/orphans.rs). So after
the loop an engine that merges nothing opens each table from each core; once it has ended, no file may be left whose name has a
log and a claim. Left to VACUUM are files that a commit named and another removed, and those whose names prove nothing: of engines
without a log, of a table of rejected rows, and those that were begun while a log was about to claim the table anew.
"""

import json
import os
import re
import time
from urllib.parse import unquote

# What a file is named that is bound to a claim of one of this engine's logs.
BOUND = re.compile(r"(?:^|/)part-[0-9a-f]{32}-[0-9a-f]{16}-(\d+)-\d+\.[^/]*parquet$")
COMMIT = re.compile(r"^(\d{20})\.json$")
# Newest commits that stay young, as do those that can tell what is an orphan: nobody has a log as short as that.
YOUNG_COMMITS = 20
PROBLEMS_MAX = 5
OLD_SECONDS = 40 * 86_400
# Makes an engine say when it begins a merge.
LOG_LEVELS = "info,delta_kernel=warn,lakehead_engine::upkeep=debug"
TOLD = re.compile(r": (upkeep looked|upkeep of a table was broken off|upkeep|merged|a merge is given up) table=(\S+)(.*)")
COUNT = re.compile(r" (?:merges|merged)=(\d+)")


class TableWatch:
    def __init__(self, name, folder):
        self.name, self.folder, self.log = name, folder, folder / "_delta_log"
        self.version, self.first_version, self.young = -1, 0, 0
        self.merges = self.merged_files = self.alters = self.hidden = 0
        self.columns = []
        # Paths that a commit named, those that none had named when they were seen, and those of these that are there.
        self.named, self.seen, self.unnamed = set(), set(), set()

    def read_log(self):
        """Takes in the commits that came; says whether there are any at all."""
        if not self.log.is_dir():
            return False
        versions = sorted(int(found[1]) for found in map(COMMIT.match, os.listdir(self.log)) if found)
        for version in versions:
            if version > self.version:
                self.read(version)
        if versions:
            self.first_version, self.version = versions[0], max(versions[-1], self.version)
        return bool(versions)

    def look(self):
        """While no engine runs."""
        if not self.read_log():
            return
        paths = {str(path.relative_to(self.folder)) for path in self.folder.rglob("*.parquet") if self.log not in path.parents}
        self.unnamed = paths - self.named
        self.seen |= self.unnamed
        self.hidden = sum(1 for path in self.folder.rglob(".*.tmp"))

    def read(self, version):
        text = (self.log / f"{version:020}.json").read_text(encoding="utf-8")
        actions = [next(iter(json.loads(line).items())) for line in text.splitlines()]
        removed = [body for kind, body in actions if kind == "remove"]
        if removed and not any(body["dataChange"] for kind, body in actions if kind in ("add", "remove")):
            self.merges += 1
            self.merged_files += len(removed)
        self.named.update(unquote(body["path"]) for kind, body in actions if kind == "add")
        for kind, body in actions:
            if kind == "metaData":
                self.alters += version > 0
                self.columns = [field["name"] for field in json.loads(body["schemaString"])["fields"]]

    def age(self):
        """What is in the log for commits that are not young, seems old."""
        witnesses = [int(BOUND.search(path)[1]) for path in self.bound()]
        old, until = time.time() - OLD_SECONDS, min([self.version - YOUNG_COMMITS, *witnesses])
        for path in self.log.glob("*") if until > self.young else ():
            if path.name[:20].isdigit() and self.young <= int(path.name[:20]) < until:
                os.utime(path, (old, old))
        self.young = max(self.young, until)

    def orphans_removed(self):
        """Files that an engine left which never were part of the table, and that are gone."""
        return len(self.seen - self.named - self.unnamed)

    def bound(self):
        return sorted(path for path in self.unnamed if BOUND.search(path))


class UpkeepWatch:
    def __init__(self, engine, tables):
        """`tables` are folders by name."""
        self.engine = engine
        self.tables = [TableWatch(name, folder) for name, folder in tables.items()]
        self.log_read, self.merging = 0, set()
        self.kills = self.kills_while_merging = 0

    def before_kill(self):
        """Counts whether a merge is under way."""
        self.kills += 1
        self.kills_while_merging += self.is_merging()

    def is_merging(self):
        """Whether a merge is under way, by what the engine said in its log since it was started."""
        with open(self.engine.log_path, "rb") as log:
            log.seek(self.log_read)
            new = log.read()
        whole = new[: new.rfind(b"\n") + 1]
        self.log_read += len(whole)
        for found in filter(None, map(TOLD.search, whole.decode(errors="replace").splitlines())):
            said, table, more = found.groups()
            count = COUNT.search(more)
            if said in ("upkeep looked", "upkeep") and count and count[1] != "0":
                self.merging.add(table)
            else:
                self.merging.discard(table)
        return bool(self.merging)

    def has_seen(self, merges, alters):
        """Whether there was some of both, if there should be; may be asked while an engine runs."""
        for table in self.tables:
            table.read_log()
        return (not merges or self.sum("merges")) and (not alters or self.sum("alters"))

    def look(self):
        """While no engine runs."""
        for table in self.tables:
            table.look()
            table.age()
        self.merging.clear()
        self.log_read = self.engine.log_path.stat().st_size if self.engine.log_path.exists() else 0

    def bound(self):
        """Files of this engine that no commit names and that the log proves to be orphans, or will."""
        return [table.folder / path for table in self.tables for path in table.bound()]

    def problems(self, merges, alters):
        """What should have been, and what is left over, as sentences. `merges` and `alters` tell whether there should be any."""
        if merges and not self.sum("merges"):
            yield "no merge was committed"
        if alters and not self.sum("alters"):
            yield "no column was added"
        left = self.bound()
        for path in left[:PROBLEMS_MAX]:
            yield f"{path.relative_to(self.engine.data_dir)} was staged and is left over"
        if len(left) > PROBLEMS_MAX:
            yield f"{len(left) - PROBLEMS_MAX} more files are left over"

    def sum(self, name):
        return sum(getattr(table, name) for table in self.tables)

    def story(self):
        merges = ", ".join(f"{table.name} {table.merges}" for table in self.tables if table.merges)
        yield (f"upkeep: {self.sum('merges')} merges of {self.sum('merged_files'):,} files were committed ({merges or 'none'}), "
               f"under way at {self.kills_while_merging} of {self.kills} hits of a running engine; "
               f"{sum(table.orphans_removed() for table in self.tables)} orphan files were removed, "
               f"{self.sum('first_version')} old commits cleaned up")
        others = sum(len(table.unnamed) - len(table.bound()) for table in self.tables)
        left = [f"{count} staged files that should be gone"] if (count := len(self.bound())) else []
        left += [f"{others} staged files whose names prove nothing are left to VACUUM"] if others else []
        left += [f"{hidden} hidden temporary files of puts that were cut off"] if (hidden := self.sum("hidden")) else []
        yield f"left over: {'; '.join(left) or 'nothing'}"
        if self.sum("alters"):
            yield "columns: " + "; ".join(
                f"{table.name} has {len(table.columns)} after {table.alters} changes" for table in self.tables if table.alters)
