"""An independent witness of Delta tables.

Nothing here uses a Delta library or a line of the engine: the log is replayed by `delta_log` and `checkpoint`, Parquet is
read file by file in batches (`data`), and what the table claims about itself is held against what was read:

| file | judges |
|---|---|
| delta_log.py | versions without gaps, actions, live files, `txn` entries |
| checkpoint.py | every checkpoint says the same as the commits it stands for |
| data.py | files exist, sizes, types, rows; feeds the judges below batch by batch |
| statistics.py | numRecords, minValues, maxValues, nullCount hold for the data |
| streams.py | each stream's `seq` runs from 0 without gap or repeat, in commit order, and agrees with its `txn` entry |
| ledger.py | each row that a producer holds an ack for is there once with the content it sent |
| rejected.py, spoken.py | the rows in `<table>_rejected` are rows of the same streams, as they were sent |
| report.py | the verdict, for people and as JSON |

A problem is a sentence in `Findings.problems`; a table without problems is good. Memory is bounded by one batch, the list
of live files and, per stream, the runs of consecutive rows.
"""
