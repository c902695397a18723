"""What a run with a stalling store comes to, from the load generator's reports and the store's stalls. Nothing is done here."""

from dataclasses import dataclass, field
from statistics import median

ROW_BYTES = 69
# A second with less than this share of the usual rows is one in which producers were held back.
HELD_BACK_SHARE = 0.1


@dataclass
class Stalls:
    """A store's stalls: from `first` (seconds since 1970) on, `seconds` of every `period`."""

    first: float
    seconds: float
    period: float

    def overlap(self, begin, end):
        """Seconds between these two in which the store stalled."""
        if end <= self.first:
            return 0.0
        number = max(0, int((begin - self.first) // self.period))
        overlap = 0.0
        while (start := self.first + number * self.period) < end:
            overlap += max(0.0, min(end, start + self.seconds) - max(begin, start))
            number += 1
        return overlap

    def is_stalled(self, begin):
        """Whether the second that begins there is mostly one of a stall."""
        return self.overlap(begin, begin + 1) >= 0.5


@dataclass
class Phase:
    """Seconds in which the store stalled, or went."""

    seconds: int = 0
    rows_durable: int = 0
    rows_committed: int = 0
    held_back: int = 0
    durable_us: dict = field(default_factory=dict)
    committed_us: dict = field(default_factory=dict)

    def add(self, second):
        self.seconds += 1
        self.rows_durable += second["rows_durable"]
        self.rows_committed += second["rows_committed"]
        for histogram, pairs in ((self.durable_us, second["durable_us"]), (self.committed_us, second["committed_us"])):
            for microseconds, batches in pairs:
                histogram[microseconds] = histogram.get(microseconds, 0) + batches

    def megabytes_per_second(self, rows):
        return rows * ROW_BYTES / 1e6 / max(1, self.seconds)


def phases(reports, stalls):
    """The seconds of these reports as (stalled, going). A run's last second is seldom a whole one, and left out."""
    stalled, going = Phase(), Phase()
    for report in reports:
        began = report["sending_started_unix_ms"] / 1000
        for second in report["seconds"][:-1]:
            (stalled if stalls.is_stalled(began + second["second"]) else going).add(second)
    return stalled, going


def held_back(report, stalls):
    """Seconds with few durable rows while there were rows to send, as (in stalls, otherwise), and the limit in rows."""
    began, seconds = report["sending_started_unix_ms"] / 1000, report["seconds"]
    sending = seconds[:max((second["second"] for second in seconds if second["rows_sent"]), default=0)]
    usual = [second["rows_durable"] for second in sending if not stalls.is_stalled(began + second["second"])]
    limit = HELD_BACK_SHARE * median(usual) if usual else 0
    found = [stalls.is_stalled(began + second["second"]) for second in sending if second["rows_durable"] < limit]
    return sum(found), len(found) - sum(found), int(limit)


def only_durable_max(report):
    """The most rows that were durable and not committed at the end of a second."""
    durable = committed = most = 0
    for second in report["seconds"]:
        durable, committed = durable + second["rows_durable"], committed + second["rows_committed"]
        most = max(most, durable - committed)
    return most


def quantile_ms(histogram, quantile):
    """None without batches."""
    wanted, seen = quantile * sum(histogram.values()), 0
    for microseconds, batches in sorted(histogram.items()):
        seen += batches
        if seen >= wanted:
            return microseconds / 1000
    return None
