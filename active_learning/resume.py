"""The state of an unfinished training, kept beside the checkpoint that it will become.

    OUT.partial/IDENTITY/step-00000200/  state.safetensors  meta.json  manifest.json

Weights and what the optimizer has of each as safetensors, the rest as JSON, each state written whole or not at all. The order
of batches and the learning rate follow from the seed and the step, so that a training that goes on from a state takes
the very steps of one that was never interrupted; on a CPU, with as many threads, to the same weights bit by bit.
"""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from active_learning.checkpoint import CheckpointError, verify, write_json, written_whole

OF_ADAM = ("step", "exp_avg", "exp_avg_sq")  # of each parameter
FORMAT = 2  # 1 had one step for all parameters; what it left is not gone on from


class Interrupted(Exception):
    """The training was asked to stop; what it has learned is kept, and the same command goes on from there."""


@dataclass(frozen=True)
class States:
    """Where the states of one training lie, and what makes it the same training: data, base model, configuration.

    Another training of the same name has a place of its own: a mistyped setting costs no hours.
    """

    directory: Path
    identity: dict[str, Any]

    @property
    def place(self) -> Path:
        identity = json.dumps({"format": FORMAT, **self.identity}, sort_keys=True)
        return self.directory / hashlib.sha256(identity.encode()).hexdigest()[:16]

    def save(self, step: int, model: nn.Module, optimizer: torch.optim.Optimizer, losses: list[float]) -> None:
        tensors = {}
        for name, parameter in _trained(model):
            tensors[f"weight.{name}"] = parameter.detach().contiguous()
            # An expert that no token was sent to yet has none.
            for part in OF_ADAM if optimizer.state[parameter] else ():
                tensors[f"{part}.{name}"] = optimizer.state[parameter][part].contiguous()
        with written_whole(self.place / f"step-{step:08}") as folder:
            save_file(tensors, folder / "state.safetensors")
            write_json(folder / "meta.json", {"identity": self.identity, "step": step, "losses": losses})
        for older in self._found()[:-1]:
            shutil.rmtree(older)

    def restore(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[int, list[float]]:
        """Put the newest state into model and optimizer; its step and the losses so far. 0 where there is none.

        A damaged state is as good as none.
        """
        for folder in reversed(self._found()):
            try:
                meta = verify(folder)
            except CheckpointError:
                continue
            _put(load_file(folder / "state.safetensors"), model, optimizer)
            return meta["step"], meta["losses"]
        return 0, []

    def forget_after(self, step: int) -> None:
        """Remove states that were not gone on from, as the steps after this one are taken anew, and unfinished ones."""
        for folder in self._found():
            if int(folder.name.removeprefix("step-")) > step:
                shutil.rmtree(folder)
        for unfinished in self.place.glob(".step-*.tmp"):
            shutil.rmtree(unfinished)

    def remove(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)

    def _found(self) -> list[Path]:
        return sorted(self.place.glob("step-*"))


def beside(out_dir: Path) -> Path:
    return out_dir.with_name(out_dir.name + ".partial")


def _trained(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]


def _put(tensors: dict[str, torch.Tensor], model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """The number of its steps lies where Adam has it: with the parameter where one kernel does it all, else on the CPU."""
    is_fused = bool(optimizer.defaults.get("fused"))
    with torch.no_grad():
        for name, parameter in _trained(model):
            parameter.copy_(tensors[f"weight.{name}"])
            if f"{OF_ADAM[0]}.{name}" not in tensors:
                continue
            state = {part: tensors[f"{part}.{name}"] for part in OF_ADAM}
            there = {part: one.to(parameter.device) for part, one in state.items() if part != "step" or is_fused}
            optimizer.state[parameter] = state | there
