"""Checkpoints as the database knows them: which folder, which hash, trained on what."""

import hashlib
import json
from pathlib import Path
from typing import Any

from django.conf import settings

from annotation.services.round_inputs import Inputs
from annotation.services.scoring import Checkpoint

# Beside its metrics; a worker of the version before wrote less, and its checkpoint may be half-way through a round.
TOLD = ("counts", "losses", "train_seconds")


def config_for(inputs: Inputs, *, seed: int) -> dict[str, Any]:
    """The training configuration of a round's selector, as active_learning.config reads it."""
    return {
        "base": inputs.base_model or settings.BASE_MODEL,
        "mode": inputs.training_mode,
        "neutral": inputs.neutral,
        "seed": seed,
        "precision": settings.TRAINING_PRECISION,
    }


def machine_options() -> list[str]:
    """How training and scoring are to use this machine, as words of their command lines."""
    return ["--threads", str(settings.TRAINING_THREADS), *(["--compile"] if settings.TRAINING_COMPILE else [])]


def describe(folder: Path) -> Checkpoint:
    """Read what a complete checkpoint says of itself; its files were hashed when they were written."""
    meta = json.loads((folder / "meta.json").read_bytes())
    return Checkpoint(
        folder=str(folder.relative_to(settings.DATA_DIR)),
        sha256=hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest(),
        base=meta["config"]["base"],
        config=meta["config"],
        data_sha256=meta["data_sha256"],
        metrics=meta["metrics"] | {name: meta[name] for name in TOLD if name in meta},
    )
