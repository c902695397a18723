"""What a verification found."""

from dataclasses import dataclass, field

PROBLEMS_KEPT = 200


class CannotVerify(Exception):
    """The table or a ledger cannot be judged at all: it is not there, or uses what this verifier does not read."""


@dataclass
class Findings:
    """Problems make the verdict; notes are worth knowing and no fault. Both are sentences for a person."""

    problems: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    problems_total: int = 0

    def problem(self, sentence):
        self.problems_total += 1
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(sentence)

    def include(self, others, name):
        """Takes over what was found about another table of this name."""
        self.problems_total += others.problems_total
        self.problems += [f"{name}: {sentence}" for sentence in others.problems][: PROBLEMS_KEPT - len(self.problems)]
        self.notes += [f"{name}: {sentence}" for sentence in others.notes]

    def note(self, sentence):
        self.notes.append(sentence)
