"""Datasets that leads asked for: how far they are, what is in them, where their files lie, where they were published."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from annotation.models import ModelVersion, Project, Publication, Snapshot, SolutionScore
from annotation.models.jobs import FINISHED
from annotation.models.scoring import ModelKind
from annotation.queries import jobs

DATASETS_SHOWN = 50
VERSIONS_SHOWN = 20
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class DatasetFile:
    """A file as the manifest tells it (services/export_manifest.py)."""

    name: str
    size: int  # bytes
    lines: int | None  # of the card there are none to count
    sha256: str


@dataclass(frozen=True)
class Published:
    publication: Publication
    note: str

    @property
    def is_over(self) -> bool:
        return self.publication.job.state in FINISHED


@dataclass(frozen=True)
class Dataset:
    snapshot: Snapshot
    note: str  # what there is to know while one waits
    pace: str  # how fast it goes and when it may end
    files: list[DatasetFile]
    excluded: dict[str, int]  # labels by the reason for which they were left out
    labelers: int
    manifest_size: int | None = None  # bytes
    published: list[Published] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.snapshot.job is None or self.snapshot.job.state in FINISHED

    @property
    def is_working(self) -> bool:
        return not self.is_over or not all(one.is_over for one in self.published)

    @property
    def is_failed(self) -> bool:
        return self.is_over and not self.snapshot.sha256

    @property
    def is_repeatable(self) -> bool:
        return bool(self.snapshot.sha256 and self.snapshot.manifest.get("contents"))

    @property
    def labels(self) -> int:
        """Manifests from before there were several formats count lines alone, which were labels."""
        counted: int | None = self.snapshot.manifest.get("labels")
        return self.lines if counted is None else counted

    @property
    def lines(self) -> int:
        return sum(file["lines"] for file in self.snapshot.manifest.get("files", []))


def datasets(project: Project, *, now: datetime) -> list[Dataset]:
    """Those that somebody asked for, the newest ones first. Two queries."""
    asked = Snapshot.objects.filter(project=project, job__isnull=False).select_related(
        "job__started_by", "repeats", "automatic"
    )
    return _told(list(asked.order_by("-pk")[:DATASETS_SHOWN]), now)


def dataset(project: Project, *, pk: int, now: datetime) -> Dataset | None:
    """Two queries."""
    asked = Snapshot.objects.filter(project=project, job__isnull=False, pk=pk)
    return next(
        iter(_told(list(asked.select_related("job__started_by", "repeats", "project", "automatic")), now)), None
    )


def dataset_file(project: Project, *, pk: int, name: str) -> Path | None:
    """Where a file of a finished dataset lies, below DATA_DIR; None unless its manifest names exactly this file."""
    snapshot = Snapshot.objects.filter(project=project, pk=pk).exclude(sha256="").first()
    if snapshot is None or name not in {MANIFEST, *(file.name for file in files_of(snapshot.manifest))}:
        return None
    return Path(snapshot.folder, name)


def scorers(project: Project) -> list[ModelVersion]:
    """The newest versions whose scores can be asked for. One query."""
    scored = SolutionScore.objects.filter(project=project).values("version")
    found = ModelVersion.objects.filter(project=project, kind=ModelKind.SELECTOR, pk__in=scored)
    return list(found.order_by("-pk")[:VERSIONS_SHOWN])


def files_of(manifest: dict[str, Any]) -> list[DatasetFile]:
    """What can be fetched beside the manifest: the labels, what they say beyond PRM800K, the card."""
    others = [manifest.get("extensions"), manifest.get("card")]
    told = [*manifest.get("files", []), *filter(None, others)]
    return [DatasetFile(file["name"], file["bytes"], file.get("lines"), file["sha256"]) for file in told]


def _told(snapshots: Sequence[Snapshot], now: datetime) -> list[Dataset]:
    published: dict[int, list[Published]] = {}
    for one in Publication.objects.filter(snapshot__in=snapshots).select_related("job__started_by").order_by("-pk"):
        published.setdefault(one.snapshot_id, []).append(Published(one, jobs.note(one.job, now=now)))
    return [
        Dataset(
            snapshot=one,
            note=jobs.note(one.job, now=now) if one.job else "",
            pace=jobs.pace(one.job, now=now) if one.job else "",
            files=files_of(one.manifest),
            excluded=one.manifest.get("excluded", {}),
            labelers=one.manifest.get("labelers", 0),
            manifest_size=_manifest_size(one),
            published=published.get(one.pk, []),
        )
        for one in snapshots
    ]


def _manifest_size(snapshot: Snapshot) -> int | None:
    path = settings.DATA_DIR / snapshot.folder / MANIFEST
    return path.stat().st_size if snapshot.sha256 and path.exists() else None
