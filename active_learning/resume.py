"""The state of an unfinished training, kept beside the checkpoint that it will become.

    OUT.partial/step-00000200/  state.safetensors  meta.json  manifest.json

Weights and the optimizer's moments as safetensors, the rest as JSON, each state written whole or not at all. The order
of batches and the learning rate follow from the seed and the step, so that a training that goes on from a state ends in
the very weights of one that was never interrupted.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from active_learning.checkpoint import CheckpointError, verify, write_json, written_whole

MOMENTS = ("exp_avg", "exp_avg_sq")


class Interrupted(Exception):
    """The training was asked to stop; what it has learned is kept, and the same command goes on from there."""


@dataclass(frozen=True)
class States:
    """Where the states of one training lie, and what makes it the same training: data, base model, configuration."""

    directory: Path
    identity: dict[str, Any]

    def save(self, step: int, model: nn.Module, optimizer: torch.optim.Optimizer, losses: list[float]) -> None:
        tensors = {}
        for name, parameter in _trained(model):
            tensors[f"weight.{name}"] = parameter.detach().contiguous()
            for moment in MOMENTS:
                tensors[f"{moment}.{name}"] = optimizer.state[parameter][moment].contiguous()
        with written_whole(self.directory / f"step-{step:08}") as place:
            save_file(tensors, place / "state.safetensors")
            write_json(place / "meta.json", {"identity": self.identity, "step": step, "losses": losses})
        for older in self._found()[:-1]:
            shutil.rmtree(older)

    def restore(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[int, list[float]]:
        """Put the newest state into model and optimizer; its step and the losses so far. 0 where there is none.

        A state of other data or settings, or a damaged one, is as good as none.
        """
        for place in reversed(self._found()):
            try:
                meta = verify(place)
            except CheckpointError:
                continue
            if meta["identity"] == self.identity:
                _put(load_file(place / "state.safetensors"), meta["step"], model, optimizer)
                return meta["step"], meta["losses"]
        return 0, []

    def forget_after(self, step: int) -> None:
        """Remove states that were not gone on from: the steps after this one are taken anew."""
        for place in self._found():
            if int(place.name.removeprefix("step-")) > step:
                shutil.rmtree(place)

    def remove(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)

    def _found(self) -> list[Path]:
        return sorted(self.directory.glob("step-*"))


def beside(out_dir: Path) -> Path:
    return out_dir.with_name(out_dir.name + ".partial")


def _trained(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]


def _put(tensors: dict[str, torch.Tensor], step: int, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    with torch.no_grad():
        for name, parameter in _trained(model):
            parameter.copy_(tensors[f"weight.{name}"])
            moments = {moment: tensors[f"{moment}.{name}"].to(parameter.device) for moment in MOMENTS}
            optimizer.state[parameter] = {"step": torch.tensor(float(step)), **moments}
