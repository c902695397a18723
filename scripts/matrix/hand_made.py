"""Tables with what no writer makes: the protocol of a small table is written by hand."""

import json

from deltalake import write_deltalake

import pyarrow.parquet as pq

FEATURE = "levitation"


def unknown_writer_feature(others, path, rows, schema):
    table_with(path, rows, {"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": [FEATURE]})


def unknown_reader_feature(others, path, rows, schema):
    features = {"readerFeatures": [FEATURE], "writerFeatures": [FEATURE]}
    table_with(path, rows, {"minReaderVersion": 3, "minWriterVersion": 7, **features})


def table_with(path, rows, protocol):
    write_deltalake(path, pq.read_table(rows))
    info = {"timestamp": 0, "operation": "UPGRADE PROTOCOL", "operationParameters": {}}
    actions = [{"commitInfo": info}, {"protocol": protocol}]
    text = "".join(json.dumps(action) + "\n" for action in actions)
    (path / "_delta_log" / f"{1:020}.json").write_text(text, encoding="utf-8")
