"""Checkpoints as the database knows them: which folder, which hash, trained on what."""

import hashlib
import json
from pathlib import Path
from typing import Any

from django.conf import settings

from annotation.models import Project
from annotation.services.scoring import Checkpoint


def config_for(project: Project, *, seed: int) -> dict[str, Any]:
    """The training configuration of a project's selector, as active_learning.config reads it."""
    return {
        "base": project.base_model or settings.BASE_MODEL,
        "mode": project.training_mode,
        "neutral": project.neutral,
        "seed": seed,
    }


def describe(folder: Path) -> Checkpoint:
    """Read what a complete checkpoint says of itself; its files were hashed when they were written."""
    meta = json.loads((folder / "meta.json").read_bytes())
    return Checkpoint(
        folder=str(folder.relative_to(settings.DATA_DIR)),
        sha256=hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest(),
        base=meta["config"]["base"],
        config=meta["config"],
        data_sha256=meta["data_sha256"],
        metrics=meta["metrics"] | {"counts": meta["counts"]},
    )
