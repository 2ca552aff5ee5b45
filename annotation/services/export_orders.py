"""What an export is to be: which labels, in which format, and what becomes of neutral ratings there."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef

from annotation.models import ModelVersion, Project, SolutionScore
from annotation.models.scoring import ModelKind
from annotation.models.snapshots import Format, NeutralAs, View
from annotation.services.refusal import Refusal

# Their labels are good and bad, nothing between.
BINARY = {Format.TRL, Format.MATH_SHEPHERD, Format.PROCESSBENCH}

# What automatic labels can be written in.
AUTOMATIC = {Format.TRL, Format.MATH_SHEPHERD}


class NeutralKept(Refusal):
    """This format holds all three ratings; a neutral step can only be kept there, not be called good or bad."""


class NeutralUndecided(Refusal):
    """This format knows only good and bad. Say what a neutral step is to be there: good (positive) or bad (negative)."""


class PackedAlready(Refusal):
    """Parquet files are compressed as they are, and are not packed once more."""


class NotOfPeople(Refusal):
    """Automatic labels go out for training, in the Math-Shepherd format or as stepwise supervision."""


class NothingAutomatic(Refusal):
    """This source has no automatic labels, or it is not done yet."""


class NothingScored(Refusal):
    """There are no scored solutions: a round has to score some first, or name a model version that has."""


@dataclass(frozen=True)
class Order:
    view: View
    format: Format = Format.PRM800K
    neutral: NeutralAs = NeutralAs.KEEP
    gzip: bool = False
    version: int | None = None  # the model version whose scores are wanted
    automatic: int | None = None  # the source whose automatic labels are wanted, in place of people's

    def check(self) -> None:
        """Raises NeutralKept, NeutralUndecided, PackedAlready, NotOfPeople."""
        if self.automatic is not None and (self.format not in AUTOMATIC or self.view != View.TRAINING):
            raise NotOfPeople
        if self.automatic is not None:
            return  # they know good and bad alone
        if self.format in BINARY and self.neutral == NeutralAs.KEEP:
            raise NeutralUndecided
        if self.format not in BINARY and self.neutral != NeutralAs.KEEP:
            raise NeutralKept
        if self.format == Format.PARQUET and self.gzip:
            raise PackedAlready


@dataclass(frozen=True)
class Past:
    """What an earlier export says of itself, which an exact repetition of it says again."""

    created_at: str
    name: str
    excluded: dict[str, int]
    lines: int
    files: dict[str, str] = field(default_factory=dict)  # sha256 by name
    undecided: dict[str, int] | None = None  # what was exported before this was counted does not say it

    @classmethod
    def of(cls, manifest: dict[str, Any]) -> "Past":
        return cls(
            created_at=manifest["created_at"],
            name=manifest["name"],
            excluded=manifest["excluded"],
            lines=sum(file["lines"] for file in manifest["files"]),
            files={file["name"]: file["sha256"] for file in manifest["files"]},
            undecided=manifest.get("undecided"),
        )


def scorer(project: Project, wanted: int | None = None) -> ModelVersion:
    """The version whose scores go out: the one that is wanted, else the active selector, else the latest that has scored
    something. Raises NothingScored."""
    scored = Exists(SolutionScore.objects.filter(project=project, version=OuterRef("pk")))
    versions = ModelVersion.objects.filter(scored, project=project, kind=ModelKind.SELECTOR).order_by("-pk")
    found = versions.filter(pk=wanted).first() if wanted else versions.active_selector(project) or versions.first()
    if found is None:
        raise NothingScored
    return found
