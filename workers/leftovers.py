"""Files of rounds that are over. How a round went stays, and what its model was trained on; the rest, which is large and
of no use any more, does not."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from annotation.models import ModelVersion, Project, Round
from annotation.models.rounds import RoundState
from annotation.services.export_files import new_file, packed

# Also half-written files, and the shards of scores that were never put together. The labels come last: as long as they
# are there, somebody who died over this left something to do.
PATTERNS = [
    "earlier.jsonl",
    "none.jsonl",
    "sample.jsonl",
    "pool-*",
    "scores-*",
    "*.partial",
    ".tmp-*",
    "train.rounds",
    "automatic.left_out",
    "automatic.jsonl",
    "train.jsonl",
]


def folder_of(round_: Round) -> Path:
    return Path(settings.DATA_DIR, "rounds", str(round_.pk))


def tidy(round_: Round) -> None:
    """Remove what a finished round needs no more. Its configuration and comparisons stay, and where a model version
    names it, its checkpoint and the labels that it learned from (train.jsonl.gz, and automatic.jsonl.gz, of which
    data_sha256 is the hash unpacked): after a correction nobody could write them again."""
    folder = folder_of(round_)
    if ModelVersion.objects.filter(round=round_).exists():
        _keep_labels(folder / "automatic.jsonl")
        _keep_labels(folder / "train.jsonl")
    else:
        shutil.rmtree(folder / "checkpoint", ignore_errors=True)
    for path in _left(folder):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def tidy_all(project: Project) -> None:
    """The same for rounds whose worker died between their end and this."""
    for round_ in Round.objects.filter(project=project).exclude(state=RoundState.RUNNING):
        if any(_left(folder_of(round_))):
            tidy(round_)


def _left(folder: Path) -> Iterator[Path]:
    return (path for pattern in PATTERNS for path in folder.glob(pattern))


def _keep_labels(path: Path) -> None:
    kept = path.with_suffix(".jsonl.gz")
    if path.exists() and not kept.exists():
        with path.open("rb") as labels, new_file(kept) as file, packed(file) as stream:
            shutil.copyfileobj(labels, stream)
