"""The command line against a real engine: every format, broken-off runs, tables, streams, configuration, exit codes."""

import csv
import io
import json
import os
import signal
import subprocess
import unittest

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from tests.e2e import EndToEnd

from harness import readers
from harness.binaries import binary
from harness.deadline import wait_until

SUCCESS, FAILURE, USAGE, DATA, TRY_LATER, CONFIGURATION = 0, 1, 2, 65, 75, 78


def ndjson(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def numbered(start, end):
    return [{"n": n, "word": f"word {n % 7}", "half": n / 2} for n in range(start, end)]


class CliTest(EndToEnd):
    def run_cli(self, *arguments, stdin="", environment=None, expect=SUCCESS):
        """(standard output, standard error) of a run that ends with the code that is expected."""
        process = subprocess.run(
            [binary("lakehead"), *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=120,
            env={**os.environ, **(environment or {})})
        self.assertEqual(process.returncode, expect, f"{arguments}\n{process.stdout}\n{process.stderr}")
        return process.stdout, process.stderr

    def say(self, *arguments, **options):
        """What a run said as JSON."""
        return json.loads(self.run_cli(*arguments, **options)[0])

    def write(self, engine, *arguments, **options):
        return self.say("write", *arguments, "--server", engine.address, **options)

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def read(self, engine, table):
        """The rows of a table, in commit order."""
        return readers.by_pyarrow(engine.table(table)).to_pylist()


class WriteTest(CliTest):
    def test_the_same_rows_come_from_every_format(self):
        engine = self.engine()
        rows = numbered(0, 1000)
        table = pa.Table.from_pylist(rows)
        text = io.StringIO()
        writer = csv.DictWriter(text, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
        sources = {"csv": self.file("rows.csv", text.getvalue()), "ndjson": self.file("rows.jsonl", ndjson(rows))}
        for name, new in {"arrow": pa.ipc.new_file, "feather": pa.ipc.new_stream}.items():
            sources[name] = self.folder / f"rows.{name}"
            with new(sources[name], table.schema) as out:
                out.write_table(table, max_chunksize=100)
        sources["parquet"] = self.folder / "rows.parquet"
        pq.write_table(table, sources["parquet"])
        for name, path in sources.items():
            for skipped in (0, 1000):
                said = self.write(engine, f"from_{name}", path, "--stream", "s")
                self.assertEqual((said["rows"], said["skipped"]), (1000 - skipped, skipped), name)
            self.assertEqual(self.read(engine, f"from_{name}"), rows, name)
            self.assert_good(engine.table(f"from_{name}"), expect_rows=1000)
        for name in ("csv", "ndjson", "feather"):
            command = [binary("lakehead"), "write", f"piped_{name}", "-", "--server", engine.address, "--stream", "s",
                       "--format", "arrow" if name == "feather" else name]
            for skipped in (0, 1000):
                with open(sources[name], "rb") as stdin:
                    done = subprocess.run(command, stdin=stdin, capture_output=True, timeout=120, check=True)
                self.assertEqual(json.loads(done.stdout)["skipped"], skipped)
            self.assertEqual(self.read(engine, f"piped_{name}"), rows, name)
        self.proved("the same 1,000 rows come from CSV, NDJSON, Parquet, Arrow files and streams, and from standard input")

    def test_piped_rows_are_committed_before_the_pipe_ends(self):
        engine = self.engine()
        process = subprocess.Popen(
            [binary("lakehead"), "write", "live", "--format", "ndjson", "--server", engine.address, "--stream", "tail"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)

        def committed():
            if not (engine.table("live") / "_delta_log").is_dir():
                return 0
            listed = self.say("stream", "list", "live", "--data-dir", engine.data_dir, "--json")["streams"]
            return listed[0]["committed"] if listed else 0

        for end in (3, 5):
            process.stdin.write(ndjson(numbered(committed(), end)))
            process.stdin.flush()
            wait_until(f"{end} rows are committed", lambda: committed() == end, 30)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
        self.assertEqual((process.returncode, json.loads(output)["rows"]), (0, 5))
        # Piped again from the beginning, only the rest is written.
        said = self.write(engine, "live", "--format", "ndjson", "--stream", "tail", stdin=ndjson(numbered(0, 9)))
        self.assertEqual((said["rows"], said["skipped"]), (4, 5))
        self.assertEqual(self.read(engine, "live"), numbered(0, 9))
        self.proved("rows of a pipe that stays open are in the table; the same pipe again adds only what is new")

    def test_a_killed_run_goes_on_where_the_table_ends(self):
        engine = self.engine(config={"tables": {"commit_interval_ms": 50}})
        rows = 100_000
        path = self.file("rows.ndjson", ndjson(numbered(0, rows)))
        command = ("--server", engine.address, "--stream", "s", "--batch-rows", "500")
        # It gets half of the rows, and the middle of one, and is killed while it waits for the rest.
        process = subprocess.Popen(
            [binary("lakehead"), "write", "killed", "-", "--format", "ndjson", *command], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        process.stdin.write(ndjson(numbered(0, rows // 2)).encode() + b'{"n": 5')
        process.stdin.flush()

        def some_commits():
            self.assertIsNone(process.poll(), "the run ended before it could be killed")
            log = engine.table("killed") / "_delta_log"
            return log.is_dir() and len(list(log.glob("*.json"))) > 2

        wait_until("some commits", some_commits, 60)
        process.kill()
        process.wait()
        said = self.say("write", "killed", path, *command)
        self.assertGreater(said["skipped"], 0)
        self.assertLessEqual(said["skipped"], rows // 2)
        self.assertEqual(said["rows"] + said["skipped"], rows)
        self.assertEqual([row["n"] for row in self.read(engine, "killed")], list(range(rows)))
        self.proved(f"a run that was killed after {said['skipped']:,} rows was continued: {rows:,} rows, each once")

    def test_wrong_rows_are_named_and_the_rest_can_follow(self):
        engine = self.engine()
        good = ndjson(numbered(0, 10))
        path = self.file("rows.jsonl", good + '{"n": "ten", "word": "x"}\n')
        # The type is chosen: inference over the whole file would have made n a text.
        self.say("table", "create", "wrong", "--columns", "n bigint not null, word string, half double", "--server",
                 engine.address)
        command = ("write", "wrong", path, "--server", engine.address, "--stream", "s", "--batch-rows", "5")
        _, said = self.run_cli(*command, expect=DATA)
        for part in ("line 11", 'column "n"', '"ten" is not a long', "The first 10 rows", "same command again"):
            self.assertIn(part, said)
        self.file("rows.jsonl", good + '{"n": 10}\n')
        done = self.say(*command)
        self.assertEqual((done["rows"], done["skipped"]), (1, 10))
        self.assertEqual(self.read(engine, "wrong")[10], {"n": 10, "word": None, "half": None})
        self.assertIn("column \"m\"", self.run_cli("write", "wrong", "--server", engine.address, "--format", "ndjson",
                                                   stdin='{"n": 1, "m": 2}\n', expect=DATA)[1])

    def test_exit_codes_say_what_to_do(self):
        engine = self.engine()
        address = ("--server", engine.address)
        path = self.file("rows.csv", "n\n1\n")
        self.assertIn("--format", self.run_cli("write", "t", *address, stdin="n\n1\n", expect=USAGE)[1])
        self.assertIn("Parquet", self.run_cli("write", "t", "-", "--format", "parquet", *address, expect=USAGE)[1])
        self.run_cli("write", "t", self.folder / "none.csv", *address, expect=FAILURE)
        self.run_cli("write", "t", path, expect=USAGE, environment={"LAKEHEAD_SERVER": "no-port"})
        self.run_cli("write", "t", self.file("bad.csv", 'n\n"1\n'), *address, expect=DATA)
        self.run_cli("write", "t", path, "--server", "127.0.0.1:1", "--give-up-after", "1", expect=TRY_LATER)
        self.run_cli("write", "a/b", path, *address, expect=FAILURE)
        self.assertEqual(self.say("write", "t", path, environment={"LAKEHEAD_SERVER": engine.address})["rows"], 1)


class TableTest(CliTest):
    COLUMNS = "id bigint not null, price decimal(10,2), at timestamp, word string"

    def test_tables_are_made_described_and_compared(self):
        engine = self.engine()
        address = ("--server", engine.address)
        made = self.say("table", "create", "shop.orders", "--columns", self.COLUMNS, *address)
        self.assertTrue(made["created"])
        again = ("table", "create", "shop.orders", *address)
        self.assertIn("--if-not-exists", self.run_cli(*again, "--columns", self.COLUMNS, expect=DATA)[1])
        same = self.say(*again, "--columns", self.COLUMNS.upper(), "--if-not-exists")
        self.assertEqual((same["created"], same["id"]), (False, made["id"]))
        other = self.run_cli(*again, "--columns", "id int", "--if-not-exists", expect=DATA)[1]
        self.assertIn('"id long not null" where "id integer" is wanted', other)
        wrong = self.run_cli(*again, "--columns", "id bigit", expect=USAGE)[1]
        self.assertIn("character 4: expected a type", wrong)
        like = self.file("like.csv", "a,b\n1,x\n")
        self.assertEqual(self.say("table", "create", "like", "--like", like, *address)["columns"], "a long, b string")

        row = {"id": 1, "price": "12.50", "at": "2024-02-29T12:00:00Z", "word": "x"}
        self.write(engine, "shop.orders", "--format", "ndjson", "--stream", "s", stdin=ndjson([row]))
        served = self.say("table", "describe", "shop.orders", "--json", *address)
        local = self.say("table", "describe", "shop.orders", "--json", "--data-dir", engine.data_dir)
        for said in (served, local):
            self.assertEqual(said["id"], made["id"])
            self.assertEqual(", ".join(column["definition"] for column in said["columns"]), made["columns"])
        self.assertEqual((local["rows"], local["streams"][0]["stream"]), (1, "s"))
        self.assertIn("decimal(10,2)", self.run_cli("table", "describe", "shop.orders", *address)[0])
        self.run_cli("table", "describe", "none", *address, expect=FAILURE)
        self.run_cli("table", "describe", "none", "--data-dir", engine.data_dir, expect=FAILURE)

    def test_how_a_table_is_encoded_is_chosen_and_shown(self):
        engine = self.engine()
        place = ("--data-dir", engine.data_dir)
        create = ("table", "create", "kept", "--columns", "n bigint, word string, half double", "--encoding")
        self.assertIn("--data-dir", self.run_cli(*create, "size", "--server", engine.address, expect=USAGE)[1])
        self.assertIn("speed, balanced, size", self.run_cli(*create, "fast", *place, expect=USAGE)[1])
        self.assertEqual(self.say(*create, "size", *place)["encoding"], "size")
        self.assertIn("its encoding is size where speed is wanted",
                      self.run_cli(*create, "speed", "--if-not-exists", *place, expect=DATA)[1])
        self.assertFalse(self.say(*create, "size", "--if-not-exists", *place)["created"])
        describe = ("table", "describe", "kept", *place)
        self.assertIsNone(self.say(*describe, "--json")["newest_file"])
        self.assertIn("once there are rows", self.run_cli(*describe)[0])

        path = self.file("rows.ndjson", ndjson(numbered(0, 20_000)))
        for table in ("kept", "plain"):
            self.write(engine, table, path, "--stream", "s")
            said = self.say("table", "describe", table, "--json", *place)
            size = {"policy": "size", "from": "lakehead.encoding", "ignored": None}
            default = {"policy": None, "from": "tables.encoding", "ignored": None}
            self.assertEqual(said["encoding"], size if table == "kept" else default)
            newest = said["newest_file"]
            columns = {column["column"]: column for column in newest["columns"]}
            self.assertEqual(list(columns), ["n", "word", "half"])
            self.assertEqual((columns["n"]["encodings"], columns["word"]["encodings"]), (["delta"], ["dictionary"]))
            # What pyarrow finds in the same footer.
            footer = pq.read_metadata(engine.table(table) / newest["path"])
            self.assertEqual((newest["rows"], newest["row_groups"]), (footer.num_rows, footer.num_row_groups))
            for index, column in enumerate(columns.values()):
                found = [footer.row_group(group).column(index) for group in range(footer.num_row_groups)]
                self.assertEqual(column["bytes"], sum(chunk.total_compressed_size for chunk in found))
            self.assertLess(sum(column["share_of_file"] for column in columns.values()), 1)
            text, _ = self.run_cli("table", "describe", table, *place)
            self.assertIn("encoding   size (table property lakehead.encoding)" if table == "kept" else
                          "unless the engine is configured otherwise", text)
            self.assertRegex(text, r"word +dictionary +\w+ +[0-9.]+ +[0-9.]+ %")
        (engine.table("kept") / self.say(*describe, "--json")["newest_file"]["path"]).write_bytes(b"gone")
        self.assertIn("error", self.say(*describe, "--json")["newest_file"])
        self.assertIn("cannot be looked into", self.run_cli(*describe)[0])

    def test_a_policy_that_is_none_is_named_and_ignored(self):
        folder = self.folder / "data" / "tables" / "odd"
        self.say("table", "create", "odd", "--columns", "n bigint", "--encoding", "size", "--data-dir", self.folder / "data")
        first = folder / "_delta_log" / f"{0:020}.json"
        first.write_text(first.read_text(encoding="utf-8").replace('"size"', '"fast"'), encoding="utf-8")
        engine = self.engine()
        self.write(engine, "odd", "--format", "ndjson", stdin=ndjson([{"n": 1}]))
        said = self.say("table", "describe", "odd", "--json", "--data-dir", engine.data_dir)["encoding"]
        self.assertEqual((said["policy"], said["ignored"]), (None, "fast"))
        self.assertIn('"fast" is no encoding policy', self.run_cli("table", "describe", "odd", "--data-dir", engine.data_dir)[0])

    def test_a_file_is_asked_how_it_would_be_encoded(self):
        path = self.file("rows.ndjson", ndjson(numbered(0, 20_000)))
        said = self.say("table", "encodings", path, "--json")
        self.assertEqual((said["rows"], said["codec"]), (20_000, "zstd"))
        self.assertEqual([policy["policy"] for policy in said["policies"]], ["speed", "balanced", "size"])
        sizes = {policy["policy"]: policy["bytes_per_row"] for policy in said["policies"]}
        self.assertLessEqual(sizes["size"], 1.02 * min(sizes.values()))
        self.assertLessEqual(sizes["size"], said["dictionary_and_codec_everywhere"]["bytes_per_row"])
        for column in said["columns"]:
            chosen = [policy for way in column["ways"] for policy in way["chosen_for"]]
            self.assertEqual(sorted(chosen), ["balanced", "size", "speed"], column)
            known = {"n": {"plain", "delta", "dictionary"}, "word": {"plain", "dictionary"}, "half": {"plain", "dictionary"}}
            self.assertEqual({way["encoding"] for way in column["ways"]}, known[column["column"]])
        text, _ = self.run_cli("table", "encodings", path, "--compression", "none")
        self.assertRegex(text, r"delta +[0-9.]+ +[0-9.]+   <- .*size")
        self.assertNotIn("+ zstd", text)
        # Keys into a dictionary stay so; columns of all types can be asked, and no rows at all.
        table = pa.table({"word": pa.array(["a", "b", None] * 50).dictionary_encode(), "list": [[{"x": 1}], []] * 75,
                          "yes": [True, False] * 75})
        for name, rows in (("some", table), ("none", table.slice(0, 0))):
            with pa.ipc.new_file(self.folder / f"{name}.arrow", rows.schema) as out:
                out.write_table(rows)
            columns = self.say("table", "encodings", self.folder / f"{name}.arrow", "--json")["columns"]
            self.assertEqual([column["column"] for column in columns][::2], ["word", "yes"])
            self.assertTrue(columns[1]["column"].startswith("list.") and columns[1]["column"].endswith(".x"))
            self.assertEqual({way["encoding"] for way in columns[0]["ways"]}, {"dictionary"} if name == "some" else {"plain", "dictionary"})
        self.run_cli("table", "encodings", self.file("bad.csv", 'n\n"1\n'), expect=DATA)
        self.run_cli("table", "encodings", self.folder / "none.csv", expect=FAILURE)
        self.run_cli("table", "encodings", self.file("unknown", "x"), expect=USAGE)
        self.run_cli("table", "encodings", path, "--compression", "gzip", expect=USAGE)

    def test_a_table_that_the_engine_may_not_make(self):
        engine = self.engine(config={"tables": {"create": False}})
        said = self.run_cli("table", "create", "t", "--columns", "a int", "--server", engine.address, expect=FAILURE)[1]
        self.assertIn("UNKNOWN_TABLE", said)


class StreamTest(CliTest):
    def test_a_stream_is_forgotten_while_its_engine_runs(self):
        engine = self.engine(config={"tables": {"streams_max": 1, "commit_interval_ms": 50}})
        place = ("--data-dir", engine.data_dir)
        path = self.file("rows.jsonl", ndjson({"stream": "s", "seq": n} for n in range(100)))
        self.write(engine, "t", path, "--stream", "s")
        listed = self.say("stream", "list", "t", "--json", *place)["streams"]
        self.assertEqual([(s["stream"], s["committed"], s["epoch"]) for s in listed], [("s", 100, 1)])
        self.assertTrue(listed[0]["updated"].startswith("20"))
        self.assertIn("100", self.run_cli("stream", "describe", "t", "s", *place)[0])
        self.run_cli("stream", "describe", "t", "other", *place, expect=FAILURE)
        full = self.run_cli("write", "t", path, "--stream", "other", "--server", engine.address, expect=FAILURE)[1]
        self.assertIn("TOO_MANY_STREAMS", full)

        # A producer has the stream when it is forgotten.
        producer = subprocess.Popen(
            [binary("lakehead"), "write", "t", "--format", "ndjson", "--stream", "s", "--server", engine.address],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(producer.kill)
        producer.stdin.write(ndjson({"stream": "s", "seq": n} for n in range(110)))
        producer.stdin.flush()

        def committed():
            return self.say("stream", "describe", "t", "s", "--json", *place)["committed"]

        wait_until("110 rows are committed", lambda: committed() == 110, 30)
        self.run_cli("stream", "forget", "t", "s", *place, expect=USAGE)
        forgotten = self.say("stream", "forget", "t", "s", "--yes", *place)
        self.assertEqual((forgotten["forgotten_rows"], forgotten["epoch"]), (110, 3))
        self.assertEqual(self.say("stream", "list", "t", "--json", *place)["streams"], [])
        self.run_cli("stream", "forget", "t", "s", "--yes", *place, expect=FAILURE)
        producer.stdin.write(ndjson([{"stream": "s", "seq": 110}]))
        _, said = producer.communicate(timeout=60)
        self.assertEqual(producer.returncode, FAILURE, said)
        self.assertIn("FENCED", said)
        self.assert_good(engine.table("t"), expect_rows=110)

        # The name is free: it begins at row 0, under a higher epoch, and its place can be another's.
        again = self.write(engine, "t", path, "--stream", "s")
        self.assertEqual((again["rows"], again["skipped"]), (100, 0))
        self.assertEqual(self.write(engine, "t", path, "--stream", "s")["skipped"], 100)
        listed = self.say("stream", "list", "t", "--json", *place)["streams"]
        self.assertEqual([(s["committed"], s["epoch"]) for s in listed], [(100, 5)])
        self.assert_good(engine.table("t"), expect_rows=210)
        self.run_cli("stream", "forget", "t", "s", "--yes", *place)
        self.write(engine, "t", self.file("other.jsonl", ndjson([{"stream": "o", "seq": 0}])), "--stream", "o")
        self.assertEqual(len(self.say("stream", "list", "t", "--json", *place)["streams"]), 1)

        # Another engine that never saw the stream alive takes it from the table.
        engine.terminate()
        self.assertEqual(engine.wait(), 0)
        engine.start()
        self.run_cli("stream", "forget", "t", "o", "--yes", *place)
        self.assertEqual(self.write(engine, "t", path, "--stream", "s")["skipped"], 0)
        self.assert_good(engine.table("t"), expect_rows=311)
        self.proved("a forgotten stream fences its producer, frees its place and begins anew, with its engine running")


class ConfigurationTest(CliTest):
    def show(self, *arguments, **options):
        return self.say("config", "show", "--effective", "--json", *arguments, **options)

    def test_flags_overrule_the_environment_overrules_the_file(self):
        file = self.file("lakehead.toml", "[tables]\nstreams_max = 5\ncommit_interval_ms = 6\ncheckpoint_interval = 7\n")
        environment = {"LAKEHEAD_TABLES_COMMIT_INTERVAL_MS": "16", "LAKEHEAD_TABLES_STREAMS_MAX": "15"}
        tables = self.show("--config", file, "--commit-interval-ms", "26", environment=environment)["tables"]
        found = {name: (held["value"], held["origin"]) for name, held in tables.items()}
        self.assertEqual(found["commit_interval_ms"], (26, "flag --commit-interval-ms"))
        self.assertEqual(found["streams_max"], (15, "environment LAKEHEAD_TABLES_STREAMS_MAX"))
        self.assertEqual(found["checkpoint_interval"], (7, f"{file}:4"))
        self.assertEqual(found["create"], (True, "default"))
        # What is shown is a file that says the same.
        text, _ = self.run_cli("config", "show", "--effective", "--config", file, environment=environment)
        again = self.show("--config", self.file("shown.toml", text))["tables"]
        self.assertEqual(again["streams_max"]["value"], 15)
        own, _ = self.run_cli("config", "show", "--config", file)
        self.assertEqual(len(own.splitlines()), 4)
        self.assertIn("# commit_interval_ms = 1000", self.run_cli("config", "show")[0])

    def test_slips_are_named(self):
        show = ("config", "show", "--effective")
        said = self.run_cli(*show, environment={"LAKEHEAD_TABLES_STREAM_MAX": "5"}, expect=CONFIGURATION)[1]
        self.assertIn("LAKEHEAD_TABLES_STREAMS_MAX", said)
        file = self.file("lakehead.toml", "[tables]\n\ncommit_interval = 5\n")
        said = self.run_cli(*show, "--config", file, expect=CONFIGURATION)[1]
        self.assertIn("lakehead.toml:3", said)
        self.assertIn("commit_interval_ms", said)
        self.assertIn("--data-dir", self.run_cli("serve", expect=CONFIGURATION)[1])
        self.run_cli("serve", "--data-dir", self.folder / "d", "--compression", "gzip", expect=CONFIGURATION)

    def test_an_engine_goes_by_its_environment(self):
        os.environ["LAKEHEAD_TABLES_CREATE"] = "false"
        self.addCleanup(os.environ.pop, "LAKEHEAD_TABLES_CREATE", None)
        engine = self.engine()
        self.run_cli("write", "t", self.file("rows.csv", "n\n1\n"), "--server", engine.address, expect=FAILURE)

    def test_completions_and_help(self):
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("forget", self.run_cli("completions", shell)[0])
        for command in (["write"], ["table", "create"], ["stream", "forget"], ["config", "show"], ["serve"]):
            self.assertIn("Example", self.run_cli(*command, "--help")[0], command)
        # A reader that goes away is no fault.
        process = subprocess.Popen([binary("lakehead"), "config", "show"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        self.assertEqual(process.wait(30), 0)
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()


if __name__ == "__main__":
    unittest.main()
