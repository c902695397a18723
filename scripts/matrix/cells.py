"""One cell: a table of a kind with a feature is made, the engine appends to it, everybody reads it."""

from dataclasses import dataclass, field

import pyarrow as pa

from harness.random_tables import in_words

from . import rows
from .makers import MAKERS, write
from .other_engines import Refused
from .readers import READERS, Wrong

ROWS = 6
# Appended in turn, so that the engine writes a checkpoint between them.
FIRST_ROWS = (100, 200, 300)

PASS, REFUSED, UNREAD, WRONG, FAIL = "pass", "refused", "cannot", "wrong", "FAIL"


@dataclass
class Cell:
    """What came of it: a word for the engine and for each reader, and what was said."""

    kind: str
    feature: str
    engine: str = ""
    readers: dict = field(default_factory=dict)
    said: list = field(default_factory=list)

    @property
    def failed(self):
        return FAIL in (self.engine, *self.readers.values())

    def fail(self, who, message):
        self.said.append((who, f"FAIL: {message}"))
        return FAIL


class Cells:
    """Makes and judges cells; `server` is an engine whose tables lie in `root`, in a folder for each kind."""

    def __init__(self, server, root, folder, others):
        self.server, self.root, self.folder, self.others = server, root, folder, others

    def judge(self, kind, feature):
        cell = Cell(kind, feature.name)
        name = feature.name.replace(" ", "_").replace(",", "").replace("-", "_").lower()
        path = self.root / kind.replace("-", "_").lower() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        first = feature.rows(0, ROWS)
        try:
            self.make(kind, feature, path, first)
        except Exception as error:  # each maker has errors of its own, and one cell must not end the others
            cell.engine = cell.fail(f"{kind} makes it", error)
            return cell
        try:
            expected = self.append(feature, f"{path.parent.name}.{name}", path, first)
        except (Refused, OSError, ValueError) as error:
            expects = feature.refused and feature.refused in str(error)
            cell.engine = REFUSED if expects else cell.fail("Lakehead", error)
            if expects:
                cell.said.append(("Lakehead", str(error)))
            return cell
        cell.engine = PASS
        if feature.refused:
            cell.engine = cell.fail("Lakehead", f"took the rows, although it cannot honour {feature.refused!r}")
        for reader, read in READERS.items():
            cell.readers[reader] = self.read(cell, feature, reader, read, path, expected)
        return cell

    def make(self, kind, feature, path, first):
        file = rows.save(first, self.folder / "first.parquet")
        if feature.make:
            feature.make(self.others, path, file, first.schema)
        else:
            MAKERS[kind](feature, path, file, first.schema, self.others)
        if feature.statements or feature.deleted_before:
            statements = [statement.format(table=f"delta.`{path}`") for statement in feature.statements]
            self.others.sql(*statements, *deletions(path, feature.deleted_before))

    def append(self, feature, name, path, first):
        """The rows that the table has to have then."""
        parts = [altered(first, feature)]
        for place, start in enumerate(FIRST_ROWS):
            if place == 1 and feature.deleted_between:
                self.others.sql(*deletions(path, feature.deleted_between))
            parts.append(altered(feature.rows(start, ROWS), feature))
            write(self.server.address, name, rows.save(parts[-1], self.folder / "next.parquet"))
        gone = {*feature.deleted_before, *feature.deleted_between}
        expected = pa.concat_tables(parts)
        return expected.filter(pa.array([row not in gone for row in expected["row"].to_pylist()]))

    def read(self, cell, feature, reader, read, path, expected):
        try:
            found = read(path, self.others)
        except Refused as error:
            if reader in feature.unread and feature.unread[reader] in str(error):
                cell.said.append((reader, str(error)))
                return UNREAD
            return cell.fail(reader, error)
        except Wrong as error:
            if feature.wrong.get(cell.kind) and feature.wrong[cell.kind] in str(error):
                cell.said.append((reader, str(error)))
                return WRONG
            return cell.fail(reader, error)
        blank = feature.blank.get(reader, [])
        for name in blank:
            place = expected.schema.get_field_index(name)
            expected = expected.set_column(place, name, pa.nulls(expected.num_rows, expected.schema.field(name).type))
        if sorted(found.schema.names) != sorted(expected.schema.names):
            return cell.fail(reader, f"finds the columns {found.schema.names}, not {expected.schema.names}")
        for said, wanted in zip(in_words(found.select(expected.schema.names)), in_words(expected)):
            if said != wanted:
                return cell.fail(reader, f"finds {said}, not {wanted}")
        if found.num_rows != expected.num_rows:
            return cell.fail(reader, f"finds {found.num_rows} rows, not {expected.num_rows}")
        if blank:
            cell.said.append((reader, f"finds NULL in {', '.join(blank)}, in the maker's own files, too; all else is right"))
            return UNREAD
        return PASS


def deletions(path, numbers):
    named = ", ".join(map(str, numbers))
    return [f"delete from delta.`{path}` where row in ({named})"] if numbers else []


def altered(table, feature):
    """The rows with the columns that the feature leaves."""
    if not feature.renamed and not feature.types and not feature.not_null:
        return table
    fields = [field for field in table.schema if feature.renamed.get(field.name, "") is not None]
    values = [[renamed(row[field.name], field.type, feature) for row in table.to_pylist()] for field in fields]
    if feature.not_null:
        return table.cast(pa.schema([field.with_nullable(field.name not in feature.not_null) for field in table.schema]))
    fields = [altered_field(field, feature) for field in fields]
    return pa.table([pa.array(column, field.type) for column, field in zip(values, fields)], schema=pa.schema(fields))


def altered_field(field, feature):
    kind = pa.type_for_alias(feature.types[field.name]) if field.name in feature.types else field.type
    if pa.types.is_struct(kind):
        kind = pa.struct([altered_field(inner, feature) for inner in kind])
    return pa.field(feature.renamed.get(field.name, field.name), kind, field.nullable)


def renamed(value, kind, feature):
    if not pa.types.is_struct(kind) or value is None:
        return value
    return {feature.renamed.get(field.name, field.name): renamed(value[field.name], field.type, feature) for field in kind}
