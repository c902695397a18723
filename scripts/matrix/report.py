"""The table of cells: a line for each kind and feature, a column for each reader, and below what was said."""

from .readers import READERS

MESSAGE_CHARACTERS = 400


def show(cells):
    """Prints it; gives how many cells failed."""
    kinds = max(len("table by"), *(len(cell.kind) for cell in cells))
    features = max(len("with"), *(len(cell.feature) for cell in cells))
    names = ["Lakehead", *READERS]
    print(f"\n{'table by':{kinds}}  {'with':{features}}  " + "  ".join(f"{name:8}" for name in names).rstrip())
    for cell in cells:
        words = [cell.engine, *(cell.readers.get(name, "-") for name in READERS)]
        print(f"{cell.kind:{kinds}}  {cell.feature:{features}}  " + "  ".join(f"{word:8}" for word in words).rstrip())
    print("\nLakehead appends rows, the others read all; `refused` is what has to be refused, `cannot` is what that reader does "
          "not know,\n`wrong` is what the table's maker wrote wrong.")
    seen = set()
    for cell in cells:
        for who, message in cell.said:
            if (cell.feature, who, message[:60]) not in seen:
                seen.add((cell.feature, who, message[:60]))
                print(f"  {cell.kind}, {cell.feature}: {who}: {message[:MESSAGE_CHARACTERS]}")
    words = [word for cell in cells for word in (cell.engine, *cell.readers.values())]
    failed = sum(cell.failed for cell in cells)
    print(f"\n{len(cells)} tables: {words.count('pass')} passes, {words.count('refused')} refused as they must be, "
          f"{words.count('cannot')} that a reader does not know, {words.count('wrong')} made wrong, {failed} tables failed")
    return failed
