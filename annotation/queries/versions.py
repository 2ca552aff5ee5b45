"""Model versions as ML staff and leads see them: the list, some side by side, and what one was used for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from annotation.models import ModelVersion, Project, Round
from annotation.models.scoring import ModelState
from annotation.queries.calibration import Calibration, calibration
from annotation.queries.rounds import Comparison, Metrics, Report
from annotation.queries.version_scores import Scores, scores

VERSIONS_SHOWN = 200
MOST_COMPARED = 6

# What there is to compare, in words; the unit tells how it is written.
FIGURES = {
    "step_auc": (_("Step AUC"), "figure"),
    "first_error_f1": (_("First-error F1"), "figure"),
    "first_error_error": (_("First error found"), "figure"),
    "first_error_correct": (_("Seen to be without error"), "figure"),
    "ece": (_("Calibration error"), "figure"),
    "threshold": (_("Threshold"), "figure"),
    "solutions": (_("Solutions measured on"), "count"),
    "steps": (_("Steps measured on"), "count"),
    "labels": (_("Labels used"), "count"),
    "train_seconds": (_("Seconds of training"), "count"),
}
# Why a record taught nothing: active_learning/targets.py.
LEFT_OUT = {
    "left_out_quality_control": _("quality control"),
    "left_out_screening": _("screening"),
    "left_out_give_up": _("given up"),
    "left_out_bad_problem": _("bad problem"),
    "left_out_blank_step": _("a step is blank"),
    "left_out_ungraded": _("not graded"),
    "left_out_chosen_by_selector": _("chosen by a selector"),
    "left_out_more_than_wanted": _("more of a problem than wanted"),
}


@dataclass(frozen=True)
class Version:
    """One model with what its round told of it. `version.round` is loaded."""

    version: ModelVersion

    @property
    def pk(self) -> int:
        return self.version.pk

    @cached_property
    def metrics(self) -> Metrics:
        return Metrics.read(self.version.metrics)

    @cached_property
    def report(self) -> Report:
        return Report.read(self.version.round.report if self.version.round else {})

    @property
    def compared(self) -> Comparison:
        return self.report.compared

    @property
    def is_held_back(self) -> bool:
        return self.version.state == ModelState.CANDIDATE and not self.compared.promote

    @property
    def held_back_because(self) -> str | None:
        return self.compared.because if self.is_held_back else None

    @property
    def mode(self) -> str:
        return str(self.version.config.get("mode", ""))

    @property
    def counts(self) -> dict[str, int]:
        found: dict[str, int] = self.version.metrics.get("counts", {})
        return found

    @property
    def labels(self) -> int | None:
        """That it was trained on; of a round that did not end, the records of its file."""
        return self.report.labels if self.report.labels is not None else self.counts.get("records")

    @property
    def losses(self) -> list[tuple[float, float]]:
        """(step, mean loss since the point before); none where an older worker did not store them."""
        return [(step, loss) for step, loss in self.version.metrics.get("losses", [])]

    @property
    def train_seconds(self) -> int | None:
        found: float | None = self.version.metrics.get("train_seconds")
        return None if found is None else round(found)

    @property
    def train_ms(self) -> int | None:
        return None if self.train_seconds is None else 1000 * self.train_seconds

    @property
    def left_out(self) -> list[tuple[str, int]]:
        """Why records taught nothing, and how many."""
        counted = self.counts.items()
        return [
            (str(LEFT_OUT.get(name, name.removeprefix("left_out_"))), number)
            for name, number in counted
            if name.startswith("left_out_")
        ]

    @property
    def rival(self) -> int | None:
        """The version that it was to replace."""
        found: int | None = self.report.comparison.get("active")
        return found

    def value(self, name: str) -> float | None:
        found: float | None = getattr(self if name in ("labels", "train_seconds") else self.metrics, name)
        return found


@dataclass(frozen=True)
class Cell:
    value: float | None
    change: float | None  # of a figure, against the oldest of those compared; None for that one itself


@dataclass(frozen=True)
class Row:
    """A figure of all versions that are compared."""

    name: str
    unit: str  # figure | count
    cells: list[Cell]


@dataclass(frozen=True)
class Side:
    """Versions side by side, oldest first."""

    versions: list[Version]
    rows: list[Row]
    settings: list[tuple[str, list[str]]]  # those that differ, as written in the configuration


@dataclass(frozen=True)
class VersionsPage:
    versions: list[Version]  # newest first
    side: Side | None  # None unless at least two of them are asked for


@dataclass(frozen=True)
class Use:
    """A round that chose by a version, and how many solutions it queued."""

    number: int
    picks: int


@dataclass(frozen=True)
class VersionPage:
    one: Version
    uses: list[Use]  # newest round first
    scores: Scores
    calibration: Calibration


def versions_page(project: Project, *, asked: Sequence[int]) -> VersionsPage:
    """One query, however many versions there are."""
    found = versions(project)
    chosen = [one for one in reversed(found) if one.pk in asked][-MOST_COMPARED:]
    return VersionsPage(versions=found, side=side_by_side(chosen) if len(chosen) > 1 else None)


def versions(project: Project) -> list[Version]:
    """The newest ones first. One query."""
    return [Version(one) for one in _of(project).order_by("-pk")[:VERSIONS_SHOWN]]


def version_page(project: Project, *, pk: int) -> VersionPage | None:
    """None where the project has no such version. Nine queries, however many scores there are; six where
    a run of tallies has counted them."""
    found = _of(project).filter(pk=pk).first()
    return VersionPage(Version(found), _uses(found), scores(found), calibration(found)) if found else None


def _uses(version: ModelVersion) -> list[Use]:
    found = Round.objects.filter(project=version.project_id, selector=version).annotate(picks=Count("slot"))
    return [Use(number, picks) for number, picks in found.order_by("-number").values_list("number", "picks")]


def side_by_side(chosen: list[Version]) -> Side:
    rows = [_row(name, chosen) for name in FIGURES]
    return Side(
        versions=chosen,
        rows=[row for row in rows if any(cell.value is not None for cell in row.cells)],
        settings=_different([_settings(one.version) for one in chosen]),
    )


def _row(name: str, chosen: Sequence[Version]) -> Row:
    words, unit = FIGURES[name]
    values = [one.value(name) for one in chosen]
    first = values[0] if unit == "figure" else None
    changes = [None if first is None or value is None else value - first for value in values[1:]]
    return Row(str(words), unit, [Cell(*pair) for pair in zip(values, [None, *changes], strict=True)])


def _settings(version: ModelVersion) -> dict[str, Any]:
    return {"kind": version.kind, **version.config, "base": version.base, "data": version.data_sha256[:12]}


def _different(all_settings: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    names = sorted({name for one in all_settings for name in one})
    rows = [(name, [_written(one, name) for one in all_settings]) for name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]


def _written(settings: Mapping[str, Any], name: str) -> str:
    return str(settings[name]) if name in settings else "–"


def _of(project: Project) -> QuerySet[ModelVersion]:
    return ModelVersion.objects.filter(project=project).select_related("round")
