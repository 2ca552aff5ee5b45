"""Files of rounds that are over. What says how a round went stays, what is large and can be made again does not."""

import shutil
from pathlib import Path

from django.conf import settings

from annotation.models import ModelVersion, Project, Round
from annotation.models.rounds import RoundState

# Also half-written files, and the shards of scores that were never put together.
PATTERNS = ["train.jsonl", "earlier.jsonl", "none.jsonl", "sample.jsonl", "pool-*", "scores-*", "*.partial", ".tmp-*"]


def folder_of(round_: Round) -> Path:
    return Path(settings.DATA_DIR, "rounds", str(round_.pk))


def tidy(round_: Round) -> None:
    """Remove what a finished round needs no more. Its configuration and comparisons stay, and its checkpoint where a
    model version names it; the export that it was trained on is told by its hash (ModelVersion.data_sha256)."""
    folder = folder_of(round_)
    for path in (path for pattern in PATTERNS for path in folder.glob(pattern)):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    if not ModelVersion.objects.filter(round=round_).exists():
        shutil.rmtree(folder / "checkpoint", ignore_errors=True)


def tidy_all(project: Project) -> None:
    """The same for rounds whose worker died between their end and this."""
    for round_ in Round.objects.filter(project=project).exclude(state=RoundState.RUNNING):
        if any(folder_of(round_).glob("*.jsonl")):
            tidy(round_)
