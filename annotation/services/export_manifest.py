"""What an export holds, counted while it is written: `manifest.json` beside the files."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from annotation.models import ModelVersion
from annotation.models.problems import Grade
from annotation.services.export_views import Line


@dataclass(frozen=True)
class ExportedFile:
    name: str
    sha256: str
    bytes: int
    lines: int
    finish_reasons: dict[str, int]
    ratings: dict[str, int]  # of every option, as it was given: -1, 0, 1, null


@dataclass(frozen=True)
class ExtensionsFile:
    """What labels say beyond PRM800K, a line for each label that says more: {"file", "line" (from 1), "labeler",
    "timestamp", "progress", "critiques"}."""

    name: str
    sha256: str
    bytes: int
    lines: int


@dataclass
class Shares:
    """Of one phase, what Lightman et al. 2023, Table 3, tells; good steps are those rated neutral or positive."""

    labels: int = 0
    correct_answers: int = 0  # labels of solutions whose answer was graded correct
    rated_steps: int = 0
    good_steps: int = 0


@dataclass(frozen=True)
class Manifest:
    project: str
    name: str
    view: str
    format: str
    neutral: str
    created_at: str  # the moment that the export shows, in UTC
    labels: int
    files: list[ExportedFile]
    excluded: dict[str, int]  # labels by the reason for which they were left out
    labelers: int
    instructions_versions: list[int]
    rounds: list[int]
    selectors: list[int]  # ids of the model versions that chose the solutions, or that scored the samples
    models: list[dict[str, Any]]  # what these are
    balance: dict[str, Shares]  # by phase
    undecided: dict[str, int] | None = None  # labels and solutions whose labelers disagree, and nobody has decided
    extensions: ExtensionsFile | None = None
    card: dict[str, Any] | None = None  # README.md
    contents: dict[str, Any] | None = None  # what it can be made again from
    written_with: dict[str, str] = field(default_factory=dict)  # versions that decide about bytes
    automatic: dict[str, Any] | None = None  # the source, where the lines are automatic labels; else none of them is

    @property
    def lines(self) -> int:
        return sum(file.lines for file in self.files)

    def told(self) -> dict[str, Any]:
        """For manifest.json. What is not counted has no key, so that one from before it was comes out as it was."""
        told = asdict(self)
        for name in ("undecided", "automatic"):
            if told[name] is None:
                del told[name]
        return told


@dataclass
class Tally:
    """Of one file."""

    lines: int = 0
    finish_reasons: Counter[str] = field(default_factory=Counter)
    ratings: Counter[int | None] = field(default_factory=Counter)

    def add(self, line: Line, rows: int = 1) -> None:
        self.lines += rows
        self.finish_reasons[line.row.finish_reason] += 1
        self.ratings.update(line.ratings())

    def facts(self) -> dict[str, Any]:
        ratings = {"null" if rating is None else str(rating): count for rating, count in self.ratings.items()}
        return {
            "lines": self.lines,
            "finish_reasons": dict(sorted(self.finish_reasons.items())),
            "ratings": dict(sorted(ratings.items())),
        }


class Totals:
    """Of all files."""

    def __init__(self) -> None:
        self.labels = 0
        self._labelers: set[str] = set()
        self._versions: set[int | None] = set()
        self._rounds: set[int | None] = set()
        self._selectors: set[int | None] = set()
        self._phases: dict[int, Shares] = {}

    def add(self, line: Line) -> None:
        row = line.row
        self.labels += 1
        self._labelers.add(row.labeler)
        self._versions.add(row.instructions_version)
        self._rounds.add(row.round)
        self._selectors.add(row.selector)
        phase = self._phases.setdefault(line.phase, Shares())
        phase.labels += 1
        phase.correct_answers += row.grade == Grade.CORRECT
        for rating in line.ratings():
            if rating is not None:
                phase.rated_steps += 1
                phase.good_steps += rating >= 0

    def facts(self) -> dict[str, Any]:
        """Asks for the models that are named; one query."""
        selectors = _known(self._selectors)
        return {
            "labels": self.labels,
            "labelers": len(self._labelers),
            "instructions_versions": _known(self._versions),
            "rounds": _known(self._rounds),
            "selectors": selectors,
            "models": models(selectors),
            "balance": {str(phase): shares for phase, shares in sorted(self._phases.items())},
        }


def models(selectors: list[int]) -> list[dict[str, Any]]:
    if not selectors:
        return []
    versions = ModelVersion.objects.filter(pk__in=selectors).order_by("pk")
    return [dict(version) for version in versions.values("id", "kind", "base", "sha256", "data_sha256")]


def _known(values: set[int | None]) -> list[int]:
    return sorted(value for value in values if value is not None)
