"""Labels go out as PRM800K files with a manifest; the training input of a round is such an export too."""

import json
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from annotation.models import Project, User
from annotation.models.labels import ExtensionKind
from annotation.models.snapshots import View
from annotation.services import audit
from annotation.services.export_files import new_file, new_folder, packed, sha256_of, sync
from annotation.services.export_views import BrokenLabel, Line, lines_of_view, unchanging_view
from annotation.services.refusal import Refusal

__all__ = [
    "BrokenLabel",
    "ExportedFile",
    "ExtensionsFile",
    "Manifest",
    "NeutralKept",
    "export_labels",
    "rounds_beside",
    "write_training_view",
]


class NeutralKept(Refusal):
    """PRM800K lines hold all three ratings; a neutral step can only be kept there, not be called good or bad."""


@dataclass(frozen=True)
class ExportedFile:
    name: str
    sha256: str
    bytes: int
    lines: int
    finish_reasons: dict[str, int]
    ratings: dict[str, int]  # of every option: -1, 0, 1, null


@dataclass(frozen=True)
class ExtensionsFile:
    """What labels say beyond PRM800K, a line for each label that says more: {"file", "line" (from 1), "labeler",
    "timestamp", "progress", "critiques"}."""

    name: str
    sha256: str
    bytes: int
    lines: int


@dataclass(frozen=True)
class Manifest:
    """What an export holds; `manifest.json` beside the files."""

    project: str
    view: str
    created_at: str  # the moment that the export shows, in UTC
    files: list[ExportedFile]
    excluded: dict[str, int]  # labels by the reason for which they were left out
    labelers: int
    instructions_versions: list[int]
    rounds: list[int]
    selectors: list[int]  # ids of the model versions that chose the solutions
    extensions: ExtensionsFile | None
    format: str = "prm800k"
    neutral: str = "keep"

    @property
    def lines(self) -> int:
        return sum(file.lines for file in self.files)


@dataclass
class _Tally:
    lines: int = 0
    finish_reasons: Counter[str] = field(default_factory=Counter)
    ratings: Counter[str] = field(default_factory=Counter)

    def add(self, line: Line) -> None:
        self.lines += 1
        self.finish_reasons[line.record.finish_reason] += 1
        self.ratings.update(json.dumps(one.rating) for step in line.record.steps for one in step.completions or ())


def export_labels(
    *,
    project: Project,
    view: View,
    out_dir: Path,
    gzip: bool = False,
    neutral: str = "keep",
    by: User | None = None,
) -> Manifest:
    """Write phase{1,2}_{train,test}.jsonl and extensions.jsonl, as far as there are such labels, and manifest.json into
    a new folder.

    `View.RAW` is every label that no later version supersedes, `View.TRAINING` what a model may learn from. All or
    nothing: the folder appears when all is on the disk. Raises FolderTaken, NeutralKept, BrokenLabel.
    """
    if neutral != "keep":
        raise NeutralKept
    with new_folder(out_dir) as folder:
        with unchanging_view() as now:
            manifest = _write_files(folder, project, view, now, gzip=gzip)
        path = folder / "manifest.json"
        path.write_text(json.dumps(asdict(manifest), indent=1, sort_keys=True) + "\n")
        sync(path)
        target = str(out_dir)[-200:]
        audit.record(project=project, by=by, action="export labels", target=target, view=view, lines=manifest.lines)
    return manifest


def write_training_view(*, project: Project, path: Path) -> int:
    """Write all that a model may learn from now as one file of PRM800K lines, and beside it of which round each is.

    Returns how many there are. The other file is complete before this one appears.
    """
    lines = 0
    with unchanging_view(), new_file(path) as file, new_file(rounds_beside(path)) as rounds:
        for line in lines_of_view(project=project, view=View.TRAINING, excluded=Counter()):
            file.write(line.text.encode() + b"\n")
            rounds.write(json.dumps(line.round).encode() + b"\n")
            lines += 1
    return lines


def rounds_beside(path: Path) -> Path:
    """The file that says line by line in which round the solution was chosen: its number, or null of an imported label.
    PRM800K's own lines do not (`generation` is null in phase 1, and another project's in what was imported)."""
    return path.with_suffix(".rounds")


def _write_files(folder: Path, project: Project, view: View, now: datetime, *, gzip: bool) -> Manifest:
    excluded: Counter[str] = Counter()
    labelers: set[str] = set()
    versions, rounds, selectors = set[int | None](), set[int | None](), set[int | None]()
    with ExitStack() as stack:
        files = _Files(stack, folder, gzip)
        for line in lines_of_view(project=project, view=view, excluded=excluded):
            files.add(line)
            labelers.add(line.record.labeler)
            versions.add(line.instructions_version)
            rounds.add(line.round)
            selectors.add(line.selector)
    return Manifest(
        project=project.slug,
        view=view,
        created_at=now.isoformat(),
        files=files.finished(),
        excluded=dict(sorted(excluded.items())),
        labelers=len(labelers),
        instructions_versions=_known(versions),
        rounds=_known(rounds),
        selectors=_known(selectors),
        extensions=files.finished_extensions(),
    )


class _Files:
    """The files of one export, each of them opened at its first line."""

    def __init__(self, stack: ExitStack, folder: Path, gzip: bool) -> None:
        self._stack, self._folder, self._gzip = stack, folder, gzip
        self._open: dict[str, IO[bytes]] = {}
        self._tallies: dict[str, _Tally] = {}
        self._extensions = "extensions.jsonl" + (".gz" if gzip else "")
        self._extended = 0  # labels

    def add(self, line: Line) -> None:
        record = line.record
        name = f"phase{record.phase}_{line.split}.jsonl" + (".gz" if self._gzip else "")
        self._write(name, line.text)
        tally = self._tallies.setdefault(name, _Tally())
        tally.add(line)
        if line.extensions:
            place = {"file": name, "line": tally.lines, "labeler": record.labeler, "timestamp": record.timestamp}
            said = {kind: line.extensions.get(kind) for kind in ExtensionKind.values}
            self._write(self._extensions, json.dumps(place | said))
            self._extended += 1

    def finished(self) -> list[ExportedFile]:
        return [
            ExportedFile(
                **_facts(self._folder / name),
                lines=tally.lines,
                finish_reasons=dict(sorted(tally.finish_reasons.items())),
                ratings=dict(sorted(tally.ratings.items())),
            )
            for name, tally in sorted(self._tallies.items())
        ]

    def finished_extensions(self) -> ExtensionsFile | None:
        if not self._extended:
            return None
        return ExtensionsFile(**_facts(self._folder / self._extensions), lines=self._extended)

    def _write(self, name: str, text: str) -> None:
        if name not in self._open:
            file = self._stack.enter_context((self._folder / name).open("wb"))
            self._open[name] = self._stack.enter_context(packed(file)) if self._gzip else file
        self._open[name].write(text.encode() + b"\n")


def _known(values: set[int | None]) -> list[int]:
    return sorted(value for value in values if value is not None)


def _facts(path: Path) -> dict[str, Any]:
    sync(path)
    return {"name": path.name, "sha256": sha256_of(path), "bytes": path.stat().st_size}
