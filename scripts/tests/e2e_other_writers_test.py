"""Two engines and other writers, which append, delete, compact and alter, all on one table: nobody loses a row."""

import shutil
import signal
import time
import unittest

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from tests.e2e import LONG, EndToEnd

from harness.deadline import wait_until
from harness.other_writer import DOOMED, OtherWriter
from harness.verified_rows import SCHEMA, verified_batch
from matrix.other_engines import OtherEngines

SECONDS = 60 if LONG else 12
TABLE, STREAMS, ROWS_PER_SECOND = "shared", 4, 400
SPARK_ROWS, LATE_ROWS, ALTERS = 50, 200, 2
FEATURES = {"delta.enableRowTracking": "true", "delta.enableDeletionVectors": "true", "delta.enableInCommitTimestamps": "true",
            "delta.columnMapping.mode": "name", "delta.checkpointPolicy": "v2"}


class OtherWritersTest(EndToEnd):
    def setUp(self):
        super().setUp()
        self.root, self.ledger_folder = self.folder / "tables", self.folder / "ledgers"
        self.table = self.root / TABLE
        self.ledger_folder.mkdir()

    def two_engines(self, **properties):
        """Two engines that write one table, each with its producers."""
        config = {"tables": {"root": self.root.as_uri() + "/", "commit_interval_ms": 250, "checkpoint_interval": 10},
                  "tables.properties": properties,
                  # delta-rs copies rows twice when anybody else merges files while it does.
                  "upkeep": {"compact": False}}
        self.root.mkdir(exist_ok=True)
        self.engines = [self.engine(name, config=config) for name in ("one", "two")]
        return self.producers("stream", anonymous=1)

    def producers(self, prefix, **options):
        return [
            self.produce(engine, [TABLE], streams=STREAMS, prefix=f"{prefix}-{place}", rows_per_second=ROWS_PER_SECOND,
                         batch_rows=50, ledgers=self.ledger_folder, **options)
            for place, engine in enumerate(self.engines)
        ]

    def end(self, producers):
        for producer in producers:
            producer.send_signal(signal.SIGTERM)
        for producer in producers:
            self.finish(producer)

    def judge(self, others, others_rows, sentence):
        report = self.assert_good(self.table, self.ledgers(self.ledger_folder, TABLE))
        streams = report.data.streams
        self.assertNotIn(DOOMED, streams.runs)
        self.assertEqual(streams.rows(others), others_rows)
        ours = report.data.rows - others_rows
        self.assertGreater(ours, 0)
        operations = sorted({commit.operation for commit in report.log.commits} - {""})
        self.proved(f"{ours:,} rows of two engines and {others_rows:,} of another writer are each there once, in "
                    f"{len(report.log.commits)} versions ({', '.join(operations)}); {sentence}")
        return report

    def test_with_delta_rs(self):
        DeltaTable.create(self.table, SCHEMA)
        producers = self.two_engines()
        with OtherWriter(self.table, "other", self.ledger_folder / f"{TABLE}.other.jsonl") as other:
            time.sleep(SECONDS)
            self.end(producers)
        if other.failure:
            raise other.failure
        self.assertGreater(min(other.appended, other.deleted, other.compacted), 0)
        self.judge("other", other.appended, f"among {other.compacted} compactions and {other.deleted:,} deleted rows delta-rs "
                   f"met {other.conflicts} conflicts")

    @unittest.skipUnless(shutil.which("java"), "Java is missing, which Spark runs on: sudo apt-get install openjdk-17-jre-headless")
    def test_with_spark_on_a_table_with_many_features(self):
        with OtherEngines(self.folder) as others:
            others.sql("select 1")
            producers = self.two_engines(**FEATURES)
            wait_until("a table", (self.table / "_delta_log" / f"{0:020}.json").exists, 60)
            until, turn = time.monotonic() + SECONDS, 0
            while time.monotonic() < until or turn < 2:
                self.by_spark(others, "spark", turn)
                self.by_spark(others, DOOMED, turn)
                others.sql(f"optimize delta.`{self.table}`")
                if turn < ALTERS:
                    others.sql(f"alter table delta.`{self.table}` add columns (note_{turn} string)")
                turn += 1
            self.end(producers)
            # Spark gives a delete up when anybody appends meanwhile.
            others.sql(f"delete from delta.`{self.table}` where stream = '{DOOMED}'")
            for producer in self.producers("late", rows=LATE_ROWS):
                self.finish(producer)
            others.sql(f"optimize delta.`{self.table}`")
            found = others.read("spark", self.table)
        report = self.judge("spark", turn * SPARK_ROWS, f"Spark compacted {turn + 1} times, deleted "
                            f"{turn * SPARK_ROWS} rows and added {ALTERS} columns")
        for engine in self.engines:
            self.assertIn("the table's columns changed", engine.log_path.read_text())
        self.assertEqual(found.num_rows, report.data.rows)

    def by_spark(self, others, stream, turn):
        path, first = self.folder / "by-spark.parquet", turn * SPARK_ROWS if stream != DOOMED else 0
        added = "".join(f", '{stream} {turn}'" for _ in range(min(turn, ALTERS)))
        pq.write_table(pa.Table.from_batches([verified_batch(stream, first, first + SPARK_ROWS)]), path)
        others.sql(f"insert into delta.`{self.table}` select *{added} from parquet.`{path}`")


if __name__ == "__main__":
    unittest.main()
