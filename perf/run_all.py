"""Every figure that the project is held to, measured on this machine: the goals are in perf/goals.py.

Each load is a scenario of bench-harness/scenarios on a fresh engine and a fresh table, read back afterwards; a run in which a row
is not there exactly once ends everything. Full speed with and without the log takes turns (on, off, off, on, ...). The stages
alone and the peers come from the same minutes. What is left in the folder of --out: each run's document, summary.json,
summary.md (the table that the README shows) and report.html, which has all of them.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from engine_turn import ROOT, add_places, binaries, config_options, run, running
from goals import GOALS, Measured
from idle import idle

SCENARIOS = ROOT / "bench-harness" / "scenarios"
#: Name, scenario, options of the engine. Those with one scenario take turns.
LOADS = [
    [("telemetry-max", "telemetry-max", ()), ("telemetry-max-log-off", "telemetry-max-committed", ("--log", "off"))],
    [("telemetry-100", "telemetry-100", ())],
    [("telemetry-100-queryable", "telemetry-100-queryable", ())],
    [("telemetry-dictionaries", "telemetry-dictionaries", ())],
    [("tiny-1", "tiny-1", ())],
    [("tiny-64", "tiny-64", ())],
    [("events-1k", "events-1k", ())],
    [("wide", "wide", ())],
    [("connections-1000", "connections-1000", ())],
]
#: Enough that the wait for the last commit is a small part.
PEERS_ROWS = 32_000_000
NAMES = [name for turns in LOADS for name, *_ in turns] + ["stages", "peers", "idle"]
#: Seconds until an engine has come to rest, and seconds that are counted then.
REST, IDLE = 12, 20


def main() -> int:
    arguments = parse_arguments()
    engine, bench = binaries(arguments)
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    if not arguments.go_on:
        for old in out.glob("*.json"):
            old.unlink()
    work = Path(tempfile.mkdtemp(prefix="run-all-", dir=arguments.work_dir))
    measured = Measured(loads={})
    try:
        if wanted(arguments, "stages"):
            measured.stages = document(arguments, bench, out / "stages.json", "stages", "--work-dir", work)
        for turns in LOADS:
            for name, number, scenario, serve in in_turns(arguments, turns):
                report = load(arguments, engine, bench, work / name, out / f"{name}-{number}.json", scenario, serve)
                measured.loads.setdefault(name, []).append(report)
                tell(name, number, report)
        if wanted(arguments, "peers"):
            options = ["--work-dir", work, "--turns", arguments.runs, "--rows", PEERS_ROWS, "--engine", engine]
            measured.peers = document(arguments, bench, out / "peers.json", "peers", *options)
        if wanted(arguments, "idle"):
            measured.idle = at_rest(arguments, engine, bench, work / "idle", out / "idle.figures")
    finally:
        shutil.rmtree(work)
    summarise(arguments, bench, out, measured)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="perf/run_all", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="of each load, and turns of the peers (default: %(default)s)")
    parser.add_argument("--seconds", type=float, help="of each run, instead of the scenario's")
    parser.add_argument("--go-on", action="store_true", help="keep the runs that the folder of --out has, and make those it lacks")
    parser.add_argument("--only", action="append", choices=NAMES, help="only this; may be repeated")
    add_places(parser)
    parser.set_defaults(out=ROOT / "target" / "run_all")
    return parser.parse_args()


def wanted(arguments: argparse.Namespace, name: str) -> bool:
    return not arguments.only or name in arguments.only


def in_turns(arguments: argparse.Namespace, turns: list):
    """Each load's runs, first and last changing places so that a machine that grows slower meets all alike."""
    for number in range(1, arguments.runs + 1):
        for name, scenario, serve in turns if number % 2 else reversed(turns):
            if wanted(arguments, name):
                yield name, number, scenario, serve


def load(arguments, engine: Path, bench: Path, data_dir: Path, report_file: Path, scenario: str, serve: tuple) -> dict:
    if arguments.go_on and report_file.exists():
        return json.loads(report_file.read_text())
    data_dir.mkdir()
    options = ["--scenario", SCENARIOS / f"{scenario}.toml", "--table", "bench"]
    if arguments.seconds:
        options += ["--duration", arguments.seconds]
    with running(engine, data_dir, *config_options(arguments), *serve) as address:
        run([bench, "run", "--server", address, "--data-dir", data_dir, "--json", report_file, *options])
    shutil.rmtree(data_dir)
    return json.loads(report_file.read_text())


def document(arguments, bench: Path, file: Path, command: str, *options) -> dict:
    if not (arguments.go_on and file.exists()):
        run([bench, command, "--json", file, *options])
    print(f"{command:24} done", flush=True)
    return json.loads(file.read_text())


def at_rest(arguments, engine: Path, bench: Path, data_dir: Path, file: Path) -> dict:
    if not (arguments.go_on and file.exists()):
        file.write_text(json.dumps(idle(engine, bench, data_dir, config_options(arguments), REST, IDLE)))
    print(f"{'idle':24} done", flush=True)
    return json.loads(file.read_text())


def tell(name: str, number: int, report: dict) -> None:
    throughput, durable = report["throughput"], report["durable_latency"]
    cost = report["engine"]["user_seconds_per_gigabyte"] + report["engine"]["system_seconds_per_gigabyte"]
    print(f"{name:24} {number}  {throughput['rows_per_second']:>12,.0f} rows/s {throughput['megabytes_per_second']:>8.1f} MB/s"
          f"  engine {cost:.2f} CPU s/GB  durable p50 {durable['p50_ms']:.2f} p99 {durable['p99_ms']:.2f} ms"
          + ("" if report["validity"]["state"] == "valid" else f"  NOT VALID: {report['validity']['reason']}"), flush=True)


def summarise(arguments, bench: Path, out: Path, measured: Measured) -> None:
    lines = ["| figure | measured | goal | |", "|---|---|---|---|"]
    summary = []
    for goal in GOALS:
        value = goal.figure(measured)
        limit = "" if goal.limit is None else f"{'at most' if goal.at_most else 'at least'} {goal.shape.format(goal.limit)}"
        shown = "–" if value is None else goal.shape.format(value)
        lines.append(f"| {goal.name} | {shown} | {limit or goal.note} | {goal.verdict(value)} |")
        summary.append({"figure": goal.name, "value": value, "limit": goal.limit, "at_most": goal.at_most,
                        "measured": shown, "goal": limit or goal.note, "verdict": goal.verdict(value)})
    invalid = [f"{name}, run {number}: {report['validity']['reason']}" for name, reports in measured.loads.items()
               for number, report in enumerate(reports, 1) if report["validity"]["state"] != "valid"]
    text = "\n".join(lines) + "".join(f"\n\nNot valid: {line}" for line in invalid) + "\n"
    (out / "summary.md").write_text(text)
    command = ["perf/run_all", *sys.argv[1:]]
    (out / "summary.json").write_text(json.dumps({"kind": "summary", "command": command, "figures": summary}, indent=2) + "\n")
    print(f"\n{text}", flush=True)
    documents = sorted(out.glob("*.json"))
    if len(documents) > 1:
        subprocess.run([str(bench), "report", *map(str, documents), "-o", str(out / "report.html")], check=True)


if __name__ == "__main__":
    sys.exit(main())
