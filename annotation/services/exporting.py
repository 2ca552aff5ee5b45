"""Labels go out as files with a manifest and a card; the training input of a round is such an export too."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from annotation.models import AutomaticSource, Project, User
from annotation.models.snapshots import Format, NeutralAs, View
from annotation.services import audit
from annotation.services.export_contents import NAME as CONTENTS
from annotation.services.export_files import new_file, new_folder, sync
from annotation.services.export_manifest import ExportedFile, ExtensionsFile, Manifest
from annotation.services.export_orders import NeutralKept, Order, Past, scorer
from annotation.services.export_runs import Run, Tell, write_automatic, write_labels, write_samples
from annotation.services.export_views import BrokenLabel, lines_of_view, unchanging_view
from annotation.services.refusal import Refusal

__all__ = [
    "BrokenLabel",
    "ExportedFile",
    "ExtensionsFile",
    "MadeOtherwise",
    "Manifest",
    "NeutralKept",
    "NoManifest",
    "export_labels",
    "repeat_export",
    "repeat_folder",
    "rounds_beside",
    "write_export",
    "write_training_view",
]


class MadeOtherwise(Refusal):
    """The files came out different from those of the earlier dataset, and are not kept."""


class NoManifest(Refusal):
    """This folder holds no manifest of an export that can be made again."""


def export_labels(  # noqa: PLR0913 - keyword-only
    *,
    project: Project,
    view: View,
    out_dir: Path,
    format: Format = Format.PRM800K,
    gzip: bool = False,
    neutral: str = NeutralAs.KEEP,
    version: int | None = None,
    by: User | None = None,
) -> Manifest:
    """Write the labels in a format into a new folder, with manifest.json, README.md and contents.jsonl.gz.

    `View.RAW` is every label that no later version supersedes, `View.TRAINING` what a model may learn from. All or
    nothing: the folder appears when all is on the disk. Raises FolderTaken, BrokenLabel, ParquetMissing, NothingScored and
    what Order.check raises.
    """
    order = Order(view=view, format=format, neutral=NeutralAs(neutral), gzip=gzip, version=version)
    return write_export(project=project, order=order, out_dir=out_dir, by=by)


def write_export(
    *, project: Project, order: Order, out_dir: Path, by: User | None = None, tell: Tell | None = None
) -> Manifest:
    """As export_labels, and says how far it is."""
    order.check()
    with new_folder(out_dir) as folder:
        with unchanging_view() as now:
            past = Past(created_at=now.isoformat(), name=project.name, excluded={}, lines=0)
            manifest = _run(Run(project, order, folder, past, tell, earlier=None))
        _finish(folder, manifest)
        said = {"view": order.view, "format": order.format, "lines": manifest.lines}
        audit.record(project=project, by=by, action="export labels", target=audit.folder_name(out_dir), **said)
    return manifest


def repeat_export(  # noqa: PLR0913 - keyword-only
    *,
    project: Project,
    order: Order,
    earlier: Path,
    manifest: dict[str, Any],
    out_dir: Path,
    by: User | None = None,
    tell: Tell | None = None,
) -> Manifest:
    """Write an earlier export again, byte for byte, whatever has happened to its labels since.

    `earlier` is its folder, of which contents.jsonl.gz is read; `manifest` is what its manifest.json said. Raises
    FolderTaken, ContentsGone, ParquetMissing, MadeOtherwise.
    """
    past = Past.of(manifest)
    with new_folder(out_dir) as folder:
        with unchanging_view():
            again = _run(Run(project, order, folder, past, tell, earlier=earlier / CONTENTS))
        _finish(folder, again)
        _compare(json.loads(json.dumps(again.told())), manifest)
        target = audit.folder_name(out_dir)
        audit.record(project=project, by=by, action="export labels again", target=target, lines=again.lines)
    return again


def repeat_folder(*, project: Project, earlier: Path, out_dir: Path, by: User | None = None) -> Manifest:
    """As repeat_export, for an export that only its folder tells of. Raises NoManifest besides."""
    try:
        manifest = json.loads((earlier / "manifest.json").read_bytes())
        Past.of(manifest)
        order = Order(
            view=View(manifest["view"]),
            format=Format(manifest["format"]),
            neutral=NeutralAs(manifest["neutral"]),
            gzip=any(file["name"].endswith(".gz") for file in manifest["files"]),
            version=manifest["selectors"][0] if manifest["format"] == Format.SCORED_SAMPLES else None,
        )
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise NoManifest(f"{earlier} holds no manifest.json of an export that can be made again.") from error
    if manifest.get("project") != project.slug:
        raise NoManifest(f"{earlier} is of another project: {manifest.get('project')}.")
    return repeat_export(project=project, order=order, earlier=earlier, manifest=manifest, out_dir=out_dir, by=by)


def _run(run: Run) -> Manifest:
    if run.order.automatic is not None:
        return write_automatic(run, AutomaticSource.objects.get(project=run.project, pk=run.order.automatic))
    if run.order.format == Format.SCORED_SAMPLES:
        return write_samples(run, scorer(run.project, run.order.version))
    return write_labels(run)


def _finish(folder: Path, manifest: Manifest) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(manifest.told(), indent=1, sort_keys=True) + "\n")
    sync(path)


def _compare(again: dict[str, Any], manifest: dict[str, Any]) -> None:
    for name in sorted(again.keys() | manifest.keys()):
        if again.get(name) != manifest.get(name):
            raise MadeOtherwise(
                f"Made again, this dataset has other {name.replace('_', ' ')} than it had, and is not kept: "
                f"{json.dumps(manifest.get(name))[:200]} then, {json.dumps(again.get(name))[:200]} now."
            )


def write_training_view(*, project: Project, path: Path) -> int:
    """Write all that a model may learn from now as one file of PRM800K lines, and beside it of which round each is.

    Returns how many there are. The other file is complete before this one appears.
    """
    lines = 0
    with unchanging_view(), new_file(path) as file, new_file(rounds_beside(path)) as rounds:
        for line in lines_of_view(project=project, view=View.TRAINING, excluded=Counter()):
            file.write(line.text.encode() + b"\n")
            rounds.write(json.dumps(line.row.round).encode() + b"\n")
            lines += 1
    return lines


def rounds_beside(path: Path) -> Path:
    """The file that says line by line in which round the solution was chosen: its number, or null of an imported label.
    PRM800K's own lines do not (`generation` is null in phase 1, and another project's in what was imported)."""
    return path.with_suffix(".rounds")
