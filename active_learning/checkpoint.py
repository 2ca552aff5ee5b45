"""A trained PRM as a directory: safetensors, meta.json, and a manifest of checksums without which nothing loads.

    meta.json  manifest.json  head.safetensors  and, for mode full:  backbone/  tokenizer/

A probe's frozen base model is not copied; its weights' checksums are in meta.json and must match when it loads.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from active_learning.config import TrainConfig, from_json
from active_learning.domains.toy import BASE_DIRECTORY
from active_learning.model import (
    PRM,
    ProbeHead,
    ProbePRM,
    StepPRM,
    load_backbone,
    load_language_model,
    load_tokenizer,
)

MANIFEST = "manifest.json"


class CheckpointError(ValueError):
    """This checkpoint is incomplete, changed, or does not belong to this base model."""


@dataclass(frozen=True)
class Checkpoint:
    model: PRM
    tokenizer: Any
    config: TrainConfig
    meta: dict[str, Any]


def base_directory(base: str) -> Path:
    return BASE_DIRECTORY if base == "toy" else Path(base)


def base_sha256(base: str) -> dict[str, str]:
    """Checksums of the base model's weights and tokenizer."""
    files = [*sorted(base_directory(base).glob("*.safetensors")), base_directory(base) / "tokenizer.json"]
    return {file.name: sha256(file) for file in files if file.is_file()}


def sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def save(model: PRM, tokenizer: Any, meta: dict[str, Any], out_dir: Path) -> None:
    """Write the checkpoint beside its place and move it there whole, so that no half of one is ever seen."""
    if out_dir.exists():
        raise CheckpointError(f"{out_dir} is there already; a checkpoint is never overwritten.")
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    temporary = out_dir.with_name(f".{out_dir.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    save_file(
        {name: tensor.contiguous() for name, tensor in model.head.state_dict().items()}, temporary / "head.safetensors"
    )
    if isinstance(model, StepPRM):
        model.backbone.save_pretrained(temporary / "backbone")  # type: ignore[operator]
        tokenizer.save_pretrained(temporary / "tokenizer")
    (temporary / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")
    manifest = {str(file.relative_to(temporary)): sha256(file) for file in _files(temporary)}
    (temporary / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
    for path in [*_files(temporary), *(path for path in temporary.rglob("*") if path.is_dir()), temporary]:
        _fsync(path)
    temporary.rename(out_dir)
    _fsync(out_dir.parent)


def verify(directory: Path) -> dict[str, Any]:
    """Compare every file with the manifest and return meta.json; raises CheckpointError."""
    if not (directory / MANIFEST).is_file():
        raise CheckpointError(f"{directory} is no checkpoint: it has no {MANIFEST}.")
    manifest = json.loads((directory / MANIFEST).read_text())
    found = {str(file.relative_to(directory)): sha256(file) for file in _files(directory)}
    found.pop(MANIFEST)
    differing = sorted(name for name in manifest.keys() | found.keys() if manifest.get(name) != found.get(name))
    if differing:
        raise CheckpointError(f"{directory} is not as it was written: {', '.join(differing)}.")
    meta: dict[str, Any] = json.loads((directory / "meta.json").read_text())
    return meta


def load(directory: Path, *, base: str | None = None, device: str | None = None) -> Checkpoint:
    """Verify and load, on the GPU where there is one; `base` says where a probe's base model is now, if it was moved."""
    meta = verify(directory)
    config = from_json(meta["config"])
    weights = load_file(directory / "head.safetensors")
    model: PRM
    if config.mode == "full":
        rows = weights["weight"]
        head = nn.Linear(rows.shape[1], 3, bias=False)
        model = StepPRM(load_backbone(directory / "backbone", config.precision), head)
        tokenizer = load_tokenizer(directory / "tokenizer")
    else:
        base = base or config.base
        if base_sha256(base) != meta["base_sha256"]:
            raise CheckpointError(f"The base model at {base_directory(base)} is not the one this probe was trained on.")
        model = ProbePRM(load_language_model(base_directory(base), config.precision), ProbeHead(len(weights["mean"])))
        tokenizer = load_tokenizer(base_directory(base))
    model.head.load_state_dict(weights)
    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    return Checkpoint(model.eval().to(place), tokenizer, config, meta)


def _files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
