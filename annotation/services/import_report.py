from collections import Counter
from dataclasses import dataclass, field

from active_learning.strict_json import RecordError

MAX_REFUSED_SHOWN = 100


@dataclass(frozen=True)
class RefusedLine:
    """A line that was not taken: its number from 1, where in it (a JSON path), and why."""

    number: int
    path: str
    reason: str


@dataclass
class ImportReport:
    """What became of every line of a file."""

    source: str
    dry_run: bool = False
    created: int = 0
    already_there: int = 0
    folded: int = 0  # the same solution again in this file: counted on it, and not a row of its own
    problems_created: int = 0  # beside solutions or labels
    critiques: int = 0  # new ones, beside solutions
    blank_lines: int = 0
    refused_count: int = 0
    refused: list[RefusedLine] = field(default_factory=list)  # the first ones only
    notes: Counter[str] = field(default_factory=Counter)  # oddities that were kept
    grades: Counter[str] = field(default_factory=Counter)  # of the solutions created

    def refuse(self, number: int, error: RecordError) -> None:
        self.refused_count += 1
        if len(self.refused) < MAX_REFUSED_SHOWN:
            self.refused.append(RefusedLine(number, error.path, error.reason))

    def counts(self) -> dict[str, int]:
        names = ("created", "already_there", "folded", "problems_created", "refused_count")
        return {name: getattr(self, name) for name in names}
