"""train: a model from labels."""

import argparse
import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from active_learning import config
from active_learning.commands.arguments import TRY_AGAIN, add_compile, emit, torch_command

GIVEN = ("kind", "base", "mode", "seed", "automatic_ratio", "estimation", "balance")  # over what the file says


def add(commands: Any) -> None:
    train = torch_command(commands, "train", _train, "train a reward model and publish a checkpoint")
    train.add_argument(
        "--records",
        type=Path,
        help='PRM800K JSON Lines; for an outcome model JSON Lines {"problem", "steps", "is_correct", "arm"?}',
    )
    train.add_argument(
        "--automatic",
        type=Path,
        help="automatic labels of roll-out, JSON Lines: beside --records, or alone",
    )
    train.add_argument(
        "--automatic-ratio", type=float, help="automatic solutions for each one that people labeled (default 1)"
    )
    train.add_argument("--estimation", choices=get_args(config.Estimation), help="of automatic labels (default hard)")
    train.add_argument(
        "--balance", choices=get_args(config.Balance), help="draw as many steps below one half as others (default none)"
    )
    train.add_argument(
        "--out",
        type=Path,
        required=True,
        help="checkpoint directory; must not exist. What is unfinished lies in OUT.partial",
    )
    train.add_argument("--config", type=Path, help="training configuration, JSON")
    train.add_argument("--kind", choices=get_args(config.Kind), help="process or outcome reward model (default prm)")
    train.add_argument("--base", help="directory of a causal language model or an encoder, or toy")
    train.add_argument("--mode", choices=get_args(config.Mode))
    train.add_argument("--seed", type=int)
    add_compile(train)


def _train(options: argparse.Namespace) -> None:
    from active_learning.resume import Interrupted
    from active_learning.train import train

    settings = _settings(options)
    asked = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: asked.set())
    try:
        meta = train(
            options.records,
            settings,
            options.out,
            automatic=options.automatic,
            progress=emit,
            asked_to_stop=asked.is_set,
            compiled=options.compile,
        )
    except Interrupted:
        sys.stderr.write("Stopped as asked. The same command goes on from here.\n")
        raise SystemExit(TRY_AGAIN) from None
    finally:
        signal.signal(signal.SIGTERM, before)
    if os.environ.get("RANK", "0") == "0":  # one of several processes speaks for all
        emit({"stage": "done", "counts": meta["counts"], "metrics": meta["metrics"]})


def _settings(options: argparse.Namespace) -> config.TrainConfig:
    if options.automatic_ratio is not None and not (options.automatic and options.records):
        raise ValueError(
            "--automatic-ratio says how many automatic labels train beside those of people: "
            "it needs --records and --automatic."
        )
    settings = config.read(options.config.read_text()) if options.config else config.TrainConfig()
    given = {name: value for name in GIVEN if (value := getattr(options, name)) is not None}
    return replace(settings, **given)
