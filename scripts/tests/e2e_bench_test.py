"""lakehead-bench on a running engine: a scenario with a reader outside, its result file against the page that describes it,
a short search, and the HTML page of both."""

import json
import re
import unittest
import xml.etree.ElementTree as xml
from html.parser import HTMLParser

from harness.binaries import ROOT, binary
from tests.e2e import EndToEnd

SCENARIO = ROOT / "bench-harness" / "scenarios" / "smoke.toml"
SCHEMA = ROOT / "bench-harness" / "results.md"
SECONDS = 3
# A commit comes once a second; the rest is for a machine that others use, too.
QUERYABLE_MS_MAX = 10_000


def documented(kind):
    """The fields that the page has for all files and for this kind."""
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", SCHEMA.read_text(), re.MULTILINE | re.DOTALL))
    return set(re.findall(r"^\| `(.+?)`", sections["Every file"] + sections[f"kind: {kind}"], re.MULTILINE))


def places(value, path=""):
    """Where each value of a document lies, as the page names it."""
    if isinstance(value, dict):
        return {place for name, below in value.items() for place in places(below, f"{path}.{name}" if path else name)}
    if isinstance(value, list) and any(isinstance(entry, dict) for entry in value):
        return {place for entry in value for place in places(entry, f"{path}[]")}
    return {path}


class References(HTMLParser):
    """What a page would have to load from elsewhere."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "link", "iframe", "img", "object"):
            self.found.append(tag)
        self.found += [f"{name}={value}" for name, value in attributes if name in ("src", "href") and not value.startswith("#")]


class BenchTest(EndToEnd):
    def bench(self, *arguments, code=0):
        process = self.start(binary("lakehead-bench"), *arguments)
        output, errors = process.communicate(timeout=180)
        self.assertEqual(process.returncode, code, f"{process.args} ended with {process.returncode}:\n{output}\n{errors}")
        return output, errors

    def assert_documented(self, document):
        # A part that is null as a whole, or a list without entries, has no fields that could be compared.
        nothing = {place for place in places(document) if any(field.startswith((f"{place}.", f"{place}[]"))
                                                              for field in documented(document["kind"]))}
        self.assertEqual(places(document) - documented(document["kind"]) - nothing, set())

    def assert_page(self, page, *words):
        root = xml.fromstring(page.removeprefix("<!DOCTYPE html>"))
        text = " ".join(root.itertext())
        for word in words:
            self.assertIn(word, text)
        self.assertEqual(References(page).found, [])
        self.assertNotRegex(page, r"url\(|@import|https?:")

    def test_a_scenario_read_from_outside_and_its_page(self):
        engine = self.engine()
        place = ["--server", engine.address, "--data-dir", engine.data_dir]
        report, page = self.folder / "run.json", self.folder / "page.html"
        output, _ = self.bench("run", *place, "--scenario", SCENARIO, "--duration", SECONDS, "--table", "smoke",
                               "--json", report)
        self.assertIn("every row is in the table exactly once", output)
        run = json.loads(report.read_text())
        rows, seen = run["rows"], run["queryable"]
        self.assertGreater(rows["sent"], 0)
        self.assertEqual((rows["verdict"], rows["committed"], rows["read_back"]["read"], seen["rows"]),
                         ("exactly_once", rows["sent"], rows["sent"], rows["sent"]))
        self.assertEqual((seen["rows_unseen"], seen["rows_foreign"]), (0, 0))
        self.assertEqual(seen["files"], rows["read_back"]["files"])
        self.assertEqual(sum(second["rows_queryable"] for second in run["seconds"]), rows["sent"])
        self.check_latencies(run)
        self.assert_documented(run)
        self.assert_good(engine.table("smoke"), expect_rows=rows["sent"])

        searched = self.folder / "search.json"
        output, errors = self.bench("search", *place, "--scenario", SCENARIO, "--duration", 1, "--warm-up", 0.1,
                                    "--bound", "committed:p50:60s", "--rate", 1, "--rate-max", 2, "--confirmations", 1,
                                    "--json", searched)
        self.assertIn("no higher rate was to be tried", output)
        search = json.loads(searched.read_text())
        self.assertEqual(search["outcome"], {"state": "confirmed", "rate": 2.0, "limit": "rate_max"})
        self.assertEqual(errors.count(" kept "), 3)
        self.assert_documented(search)

        self.bench("report", report, searched, "-o", page)
        self.assert_page(page.read_text(), "telemetry, 2 connections, batches of 500 rows, open loop at 4.00 MB/s",
                         "queryable by an outside reader", "AT LEAST", run["git_revision"] or "unknown")
        self.proved(f"{rows['sent']:,} rows sent, acked, committed, read, and seen by an outside reader "
                    f"(p99 {run['queryable_latency']['p99_ms']:.0f} ms); the page of run and search stands by itself")

    def check_latencies(self, run):
        durable, committed, queryable = (run[f"{name}_latency"] for name in ("durable", "committed", "queryable"))
        self.assertEqual(durable["count"], committed["count"])
        self.assertEqual(committed["count"], queryable["count"])
        for latency in (durable, committed, queryable):
            self.assertEqual(sum(batches for _, batches in latency["histogram_us"]), latency["count"])
            self.assertLessEqual(latency["p50_ms"], latency["p99_ms"])
        # A row that can be read was committed, and was durable before.
        self.assertLess(durable["p50_ms"], queryable["p50_ms"])
        self.assertLess(queryable["max_ms"], QUERYABLE_MS_MAX)
        engine = run["engine"]
        groups = sum(group["user_seconds"] + group["system_seconds"] for group in run["engine_threads"])
        self.assertAlmostEqual(groups, engine["user_seconds"] + engine["system_seconds"], delta=0.1)
        self.assertGreater(run["reader"]["pid"], 0)
        self.assertGreaterEqual(len(run["samples"]), SECONDS)

    def test_a_scenario_with_a_slip_is_refused(self):
        scenario = self.folder / "slip.toml"
        scenario.write_text("conections = 3\n")
        _, errors = self.bench("run", "--scenario", scenario, code=2)
        self.assertIn('there is no option "conections"; did you mean connections?', errors)


if __name__ == "__main__":
    unittest.main()
