"""A trained reward model as a directory: safetensors, meta.json, and a manifest of checksums without which nothing loads.

    meta.json  manifest.json  head.safetensors  and, for mode full: backbone/ tokenizer/, for mode lora: adapters/

The frozen base model of a probe or of adapters is not copied; its checksums are in meta.json and must match.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from active_learning.base_model import (
    DTYPES,
    ModelError,
    load_backbone,
    load_language_model,
    load_tokenizer,
    merge_adapters,
)
from active_learning.config import TrainConfig, from_json
from active_learning.hashes import sha256
from active_learning.model import PRM, ProbeHead, ProbePRM, StepPRM
from active_learning.vocabulary import base_directory

MANIFEST = "manifest.json"
FOLDERS = {"full": "backbone", "lora": "adapters"}


class CheckpointError(ValueError):
    """This checkpoint is incomplete, changed, or does not belong to this base model."""


@dataclass(frozen=True)
class Checkpoint:
    model: PRM
    tokenizer: Any
    config: TrainConfig
    meta: dict[str, Any]


def base_sha256(base: str) -> dict[str, str]:
    """Checksums of the base model's weights and tokenizer."""
    files = [*sorted(base_directory(base).glob("*.safetensors")), base_directory(base) / "tokenizer.json"]
    return {file.name: sha256(file) for file in files if file.is_file()}


@contextmanager
def written_whole(directory: Path) -> Iterator[Path]:
    """A directory to write into that moves to its place complete and with checksums, or not at all."""
    if directory.exists():
        raise CheckpointError(f"{directory} is there already; a checkpoint is never overwritten.")
    directory.parent.mkdir(parents=True, exist_ok=True)
    temporary = directory.with_name(f".{directory.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        yield temporary
        manifest = {str(file.relative_to(temporary)): sha256(file) for file in _files(temporary)}
        write_json(temporary / MANIFEST, manifest)
        for path in [*_files(temporary), *(path for path in temporary.rglob("*") if path.is_dir()), temporary]:
            _fsync(path)
        temporary.rename(directory)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        # What libraries in Rust say of a full disk, or of one that may not be written to, is no OSError.
        if told := re.search(r"\(os error (\d+)\)", str(error)):
            raise OSError(int(told[1]), os.strerror(int(told[1])), str(directory)) from error
        raise
    _fsync(directory.parent)


def save(
    model: PRM, tokenizer: Any, config: TrainConfig, out_dir: Path, describe: Callable[[PRM], dict[str, Any]]
) -> dict[str, Any]:
    """Publish a model of any mode and return its meta.json.

    That is what `describe` says of the model as it is read back: in the precision, and with the weights, that will score.
    """
    with written_whole(out_dir) as directory:
        head = {name: tensor.contiguous() for name, tensor in model.head.state_dict().items()}
        save_file(head, directory / "head.safetensors")
        if config.mode != "probe":
            model.backbone.save_pretrained(directory / FOLDERS[config.mode])  # type: ignore[operator, union-attr]
        if config.mode == "full":
            tokenizer.save_pretrained(directory / "tokenizer")
        meta = describe(_read(directory, config, base_directory(config.base), None))
        write_json(directory / "meta.json", meta)
    return meta


def write_json(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, indent=1) + "\n")


def verify(directory: Path) -> dict[str, Any]:
    """Compare every file with the manifest and return meta.json; raises CheckpointError."""
    if not (directory / MANIFEST).is_file():
        raise CheckpointError(f"{directory} is no checkpoint: it has no {MANIFEST}.")
    try:
        manifest = dict(json.loads((directory / MANIFEST).read_text()))
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{directory} is not as it was written: {MANIFEST}.") from error
    found = {str(file.relative_to(directory)): sha256(file) for file in _files(directory)}
    found.pop(MANIFEST)
    differing = sorted(name for name in manifest.keys() | found.keys() if manifest.get(name) != found.get(name))
    if differing:
        raise CheckpointError(f"{directory} is not as it was written: {', '.join(differing)}.")
    meta: dict[str, Any] = json.loads((directory / "meta.json").read_text())
    return meta


def load(directory: Path, *, base: str | None = None, device: str | None = None) -> Checkpoint:
    """Verify and load, on the GPU where there is one; `base` says where a frozen base model is now, if it was moved."""
    if device and torch.device(device).type == "cuda" and not torch.cuda.is_available():
        raise ModelError(f"There is no GPU here that PyTorch can use, so nothing runs on {device}.")
    meta = verify(directory)
    config = from_json(meta["config"])
    place = directory if config.mode == "full" else frozen_base(meta, base)
    tokenizer = load_tokenizer(directory / "tokenizer" if config.mode == "full" else place)
    return Checkpoint(_read(directory, config, place, device), tokenizer, config, meta)


def frozen_base(meta: dict[str, Any], base: str | None) -> Path:
    """Where the base model of a probe or of adapters is: as trained, or at `base`. Raises CheckpointError for another."""
    name = base or meta["config"]["base"]
    if base_sha256(name) != meta["base_sha256"]:
        where = base_directory(name)
        raise CheckpointError(f"The base model at {where} is not the one this checkpoint was trained on.")
    return base_directory(name)


def _read(directory: Path, config: TrainConfig, base: Path, device: str | None) -> PRM:
    """The model in a checkpoint's directory, on the GPU where there is one."""
    weights = load_file(directory / "head.safetensors")
    model: PRM
    if config.mode == "probe":
        model = ProbePRM(
            load_language_model(base, config.precision), ProbeHead(len(weights["mean"]), has_neutral=config.has_neutral)
        )
    else:
        rows = nn.Linear(weights["weight"].shape[1], 3, bias=False)
        if config.mode == "full":
            model = StepPRM(
                load_backbone(directory / FOLDERS["full"], config.precision), rows, has_neutral=config.has_neutral
            )
        else:
            # Rounded once: adapters merged into rounded weights would be lost in them.
            merged = merge_adapters(load_backbone(base), directory / FOLDERS["lora"])
            model = StepPRM(merged.to(DTYPES[config.precision]), rows, has_neutral=config.has_neutral)
    model.head.load_state_dict(weights)
    return model.eval().to(torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu")))


def _files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
