"""What the engine is held to, figure by figure, and where in the measurements each figure is.

`Measured` has every run by its name; a goal takes its figure out of it, as a median over runs. Figures are the machine's; the
goals were set for two cores that the load generator shares.
"""

from dataclasses import dataclass
from statistics import median
from typing import Callable


@dataclass
class Measured:
    """Documents of `lakehead-bench`, by the name of what was run. `loads` has a list for each, one document a run."""
    loads: dict
    stages: dict | None = None
    peers: dict | None = None
    idle: dict | None = None

    def of_load(self, name: str, figure: Callable) -> float | None:
        """The median over the runs of a load, or nothing when it was not run."""
        figures = [figure(run) for run in self.loads.get(name, [])]
        return median(figures) if figures and None not in figures else None


@dataclass
class Goal:
    name: str
    #: How the figure is written, and its unit.
    shape: str
    figure: Callable
    #: The limit, and whether figures must stay below it.
    limit: float | None
    at_most: bool = False
    #: What the limit is, where it does not say so itself.
    note: str = ""

    def verdict(self, value: float | None) -> str:
        if value is None:
            return "not measured"
        if self.limit is None:
            return ""
        return "met" if (value <= self.limit if self.at_most else value >= self.limit) else "missed"


def rows_per_second(run: dict) -> float:
    return run["throughput"]["rows_per_second"]


def megabytes_per_second(run: dict) -> float:
    return run["throughput"]["megabytes_per_second"]


def cpu_per_gigabyte(run: dict) -> float:
    return run["engine"]["user_seconds_per_gigabyte"] + run["engine"]["system_seconds_per_gigabyte"]


def file_bytes_per_row(run: dict) -> float:
    return run["rows"]["read_back"]["file_bytes"] / run["rows"]["read_back"]["read"]


def latency(which: str, percentile: str) -> Callable:
    return lambda run: (run.get(f"{which}_latency") or {}).get(f"{percentile}_ms")


def ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None


def over_floor(measured: Measured) -> float | None:
    floor = (measured.stages or {}).get("floor_cpu_s_per_gb")
    return ratio(measured.of_load("telemetry-max", cpu_per_gigabyte), floor)


def delta_rs(measured: Measured) -> dict | None:
    peers = (measured.peers or {}).get("peers", [])
    return next((peer for peer in peers if peer["peer"] == "delta-rs"), None)


def over_delta_rs(measured: Measured) -> float | None:
    peer = delta_rs(measured)
    return peer["engine_over_peer"] if peer else None


def size_over_delta_rs(measured: Measured) -> float | None:
    """Dictionary and zstd(1) everywhere is what delta-rs writes by default."""
    peer = delta_rs(measured)
    theirs = peer["file_bytes"] / measured.peers["rows"] if peer else None
    return ratio(measured.of_load("telemetry-max", file_bytes_per_row), theirs)


def log_cost(measured: Measured) -> float | None:
    return ratio(measured.of_load("telemetry-max", cpu_per_gigabyte), measured.of_load("telemetry-max-log-off", cpu_per_gigabyte))


def of(name: str, figure: Callable) -> Callable:
    return lambda measured: measured.of_load(name, figure)


def wide_over_telemetry(measured: Measured) -> float | None:
    return ratio(measured.of_load("wide", megabytes_per_second), measured.of_load("telemetry-max", megabytes_per_second))


def memory_mb(run: dict) -> float:
    return run["engine"]["memory_peak_bytes"] / 1e6


GOALS = [
    Goal("telemetry, one connection, until committed", "{:,.0f} MB/s", of("telemetry-max", megabytes_per_second), 800),
    Goal("the same in rows", "{:,.0f} rows/s", of("telemetry-max", rows_per_second), 11_600_000),
    Goal("bytes of its files / those of dictionary and zstd(1) everywhere", "{:.2f}", size_over_delta_rs, 1.0, at_most=True),
    Goal("engine CPU", "{:.2f} s/GB", of("telemetry-max", cpu_per_gigabyte), 1.8, at_most=True),
    Goal("engine CPU / stage floor", "{:.2f}", over_floor, 1.15, at_most=True),
    Goal("rows/s / delta-rs in process, in turns", "{:.2f}", over_delta_rs, 2.8),
    Goal("durable at 100 MB/s, p50", "{:.2f} ms", of("telemetry-100", latency("durable", "p50")), 1.0, at_most=True),
    Goal("durable at 100 MB/s, p99", "{:.2f} ms", of("telemetry-100", latency("durable", "p99")), 4.0, at_most=True),
    Goal("durable at 100 MB/s, p99.9", "{:.2f} ms", of("telemetry-100", latency("durable", "p99_9")), None),
    Goal("queryable at 100 MB/s, p99", "{:,.0f} ms", of("telemetry-100-queryable", latency("queryable", "p99")), 1200, at_most=True),
    Goal("tiny, one connection", "{:,.0f} rows/s", of("tiny-1", rows_per_second), 4_000_000),
    Goal("tiny, 64 connections", "{:,.0f} rows/s", of("tiny-64", rows_per_second), 4_000_000),
    Goal("events-1k, one connection", "{:,.0f} rows/s", of("events-1k", rows_per_second), 400_000),
    Goal("wide / telemetry, MB/s", "{:.2f}", wide_over_telemetry, 0.5),
    Goal("1,000 connections of 100 kB/s, durable p99", "{:.1f} ms", of("connections-1000", latency("durable", "p99")), 20,
         at_most=True),
    Goal("telemetry with dictionaries", "{:,.0f} MB/s", of("telemetry-dictionaries", megabytes_per_second), 1000),
    Goal("log on / log off, engine CPU per GB", "{:.2f}", log_cost, 1.2, at_most=True),
    Goal("idle engine, of a core", "{:.2%}", lambda measured: (measured.idle or {}).get("of_a_core"), 0.005, at_most=True),
    Goal("memory at full speed", "{:,.0f} MB", of("telemetry-max", memory_mb), None, note="within the budget"),
]
