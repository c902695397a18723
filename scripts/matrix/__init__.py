"""Tables of every kind with every feature, written by the engine and read by everybody: `scripts/table_matrix`.

A cell is a table kind (who made the table) and a feature. Its table is made with a few rows, an engine appends rows of all
columns, and each reader has to read all of them as they are. Where the engine refuses the table, the refusal is the cell, and
counts as good only where `features` expects it.

    features.py       what there is to try, and what is expected of it
    rows.py           the rows
    makers.py         how each kind makes a table
    spark_tables.py   how Spark makes one; what only Spark can do
    hand_made.py      what nobody makes any more, or not yet: written into the log by hand
    other_engines.py  Spark and DuckDB's Delta reader in a process of their own, which is started once
    others.py         that process
    readers.py        how each reader reads a table
    cells.py          one cell from the making to the verdict
    report.py         the table of cells
    run.py            the command
"""
