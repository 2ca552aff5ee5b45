from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from active_learning.strict_json import RecordError

MAX_REFUSED_SHOWN = 100


@dataclass(frozen=True)
class RefusedLine:
    """A line that was not taken, or is doubtful: its number from 1, where in it (a JSON path), and why."""

    number: int
    path: str
    reason: str


@dataclass
class ImportReport:
    """What became of every line of a file."""

    source: str
    dry_run: bool = False
    lines: int = 0
    created: int = 0
    already_there: int = 0
    folded: int = 0  # the same solution again in this file: counted on it, and not a row of its own
    problems_created: int = 0  # beside solutions or labels
    critiques: int = 0  # new ones, beside solutions
    blank_lines: int = 0
    left_out: int = 0  # lines in doubt that nobody wanted
    refused_count: int = 0
    refused: list[RefusedLine] = field(default_factory=list)  # the first ones only
    notes: Counter[str] = field(default_factory=Counter)  # oddities that were kept
    grades: Counter[str] = field(default_factory=Counter)  # of the solutions created
    layouts: Counter[str] = field(default_factory=Counter)  # of a check: lines by what they look like
    doubts: Counter[str] = field(default_factory=Counter)  # of a check: by kind, what a person should look at
    doubtful: list[RefusedLine] = field(default_factory=list)  # the first ones only; the lines are taken
    # Of a check: how many lines have exactly these kinds of doubt in them, by the sorted kinds; () are those without.
    lines_by_doubts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    _doubted: dict[int, Counter[str]] = field(default_factory=dict)  # of the lines that are not stored yet

    def refuse(self, number: int, error: RecordError) -> None:
        """A line that is not taken; what was doubtful in it does not matter any more."""
        if (doubts := self._doubted.pop(number, None)) is not None:
            self.doubts -= doubts
            self.lines_by_doubts -= Counter([tuple(sorted(doubts))])
            self.doubtful = [line for line in self.doubtful if line.number != number]
        self.refused_count += 1
        if len(self.refused) < MAX_REFUSED_SHOWN:
            self.refused.append(RefusedLine(number, error.path, error.reason))

    def doubt(self, number: int, path: str, kind: str, detail: str = "") -> None:
        """A line that is taken unless somebody says otherwise, though it should be looked at."""
        self.doubts[kind] += 1
        self._doubted.setdefault(number, Counter())[kind] += 1
        if len(self.doubtful) < MAX_REFUSED_SHOWN:
            self.doubtful.append(RefusedLine(number, path, f"{kind}: {detail}" if detail else kind))

    def look_at(self, number: int) -> None:
        """Before what is doubtful in this line, if anything is."""
        self._doubted[number] = Counter()

    def doubt_again(self, number: int, kind: str) -> None:
        """What is doubtful in this line was told at another one already, that of the same problem."""
        self._doubted[number][kind] += 0

    def doubts_of(self, number: int) -> set[str]:
        return set(self._doubted[number])

    def add(self, part: "ImportReport") -> None:
        """What there is to report of the next lines of the file, before any of them is stored."""
        self.lines += part.lines
        self.blank_lines += part.blank_lines
        self.left_out += part.left_out
        self.refused_count += part.refused_count
        self.refused += part.refused[: MAX_REFUSED_SHOWN - len(self.refused)]
        self.layouts += part.layouts
        self.doubts += part.doubts
        self.doubtful += part.doubtful[: MAX_REFUSED_SHOWN - len(self.doubtful)]
        self.lines_by_doubts.update(tuple(sorted(kinds)) for kinds in part._doubted.values())
        self._doubted = part._doubted

    def counts(self) -> dict[str, int]:
        names = ("created", "already_there", "folded", "problems_created", "left_out", "refused_count")
        return {name: getattr(self, name) for name in names}

    def as_json(self) -> dict[str, Any]:
        lines = {name: [vars(one) for one in getattr(self, name)] for name in ("refused", "doubtful")}
        counters = {name: dict(getattr(self, name)) for name in ("notes", "grades", "layouts", "doubts")}
        by_doubts = [[[*kinds], count] for kinds, count in sorted(self.lines_by_doubts.items()) if count]
        plain = {name: value for name, value in vars(self).items() if name != "_doubted"}
        return plain | lines | counters | {"lines_by_doubts": by_doubts}
