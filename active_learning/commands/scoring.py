"""score, supervise, export: the probabilities of every step, and what a small model learns from a large one's."""

import argparse
from pathlib import Path
from typing import Any

from active_learning.commands.arguments import add_compile, command, emit, torch_command
from active_learning.hashes import sha256
from active_learning.score import Scorer
from active_learning.shards import SHARD_SIZE, Job, score_file
from active_learning.synthetic import THRESHOLD, write_supervisions


def add(commands: Any) -> None:
    score = torch_command(
        commands, "score", _score, "score the steps of solutions; killed and started again it goes on where it was"
    )
    score.add_argument("--checkpoint", type=Path, required=True)
    score.add_argument("--solutions", type=Path, required=True, help='JSON Lines {"id", "problem", "steps"}')
    score.add_argument("--out", type=Path, required=True, help="file of scores, JSON Lines; must not exist")
    score.add_argument("--base", help="where a frozen base model is now, if it was moved")
    score.add_argument("--device", default=None, help="default: the GPU where there is one")
    add_compile(score)
    score.add_argument("--shard-size", type=int, default=SHARD_SIZE, help=f"solutions (default {SHARD_SIZE})")
    score.add_argument("--shard", type=_share, default=(0, 1), help="i/n: this is the i-th of n machines")
    score.add_argument("--anew", action="store_true", help="write over an output, or parts, that are there")
    server = score.add_argument_group("scoring by a server that speaks vLLM's /pooling")
    server.add_argument("--endpoint", help="its address, as http://127.0.0.1:8000")
    server.add_argument("--model", help="the name under which it serves this checkpoint as a token classifier")
    server.add_argument("--requests", type=int, default=32, help="in flight at the same time (default 32)")
    server.add_argument("--key-file", type=Path, help="a file with the server's API key")

    supervise = command(
        commands, "supervise", _supervise, "label solutions by a large model's scores, for a small one to train on"
    )
    supervise.add_argument(
        "--solutions", type=Path, required=True, help='JSON Lines {"id", "problem", "truth", "steps", "answer"}'
    )
    supervise.add_argument("--scores", type=Path, required=True, help="of these solutions, as score writes them")
    supervise.add_argument("--out", type=Path, required=True, help="directory for three data sets; must not exist")
    supervise.add_argument("--name", default="large-model", help="who labeled, as the lines tell it")
    supervise.add_argument(
        "--threshold",
        type=float,
        default=THRESHOLD,
        help=f"a step is incorrect above so much P(negative) (default {THRESHOLD})",
    )

    export = torch_command(commands, "export", _export, "write a checkpoint as a token classifier, for vLLM to serve")
    export.add_argument("--checkpoint", type=Path, required=True)
    export.add_argument("--out", type=Path, required=True, help="directory; must not exist")
    export.add_argument("--base", help="where a frozen base model is now, if it was moved")


def _share(text: str) -> tuple[int, int]:
    one, _, of = text.partition("/")
    return int(one) - 1, int(of)


def _score(options: argparse.Namespace) -> None:
    job = Job(options.solutions, options.out, options.shard_size, options.shard, options.anew)
    report = score_file(_scorer(options), job, progress=emit)
    done = {"stage": "done", "scored": report.scored, "left_out": report.left_out}
    emit(done if report.is_complete else {**done, "waiting_for": "the shards of other machines"})


def _scorer(options: argparse.Namespace) -> Scorer:
    from active_learning import base_model, checkpoint, score

    if options.endpoint:
        from active_learning import endpoint

        key = options.key_file.read_text().strip() if options.key_file else None
        server = endpoint.Server(options.endpoint, options.model, requests=options.requests, key=key)
        return endpoint.remote(options.checkpoint, server, base=options.base)
    loaded = checkpoint.load(options.checkpoint, base=options.base, device=options.device)
    if options.compile:
        base_model.compile_layers(loaded.model)
    return score.local(loaded, sha256(options.checkpoint / checkpoint.MANIFEST))


def _supervise(options: argparse.Namespace) -> None:
    if not 0 <= options.threshold < 1:
        raise ValueError(f"The threshold is a probability below 1, not {options.threshold}.")
    counts = write_supervisions(
        options.solutions, options.scores, options.out, labeler=options.name, threshold=options.threshold
    )
    emit({"stage": "done", **counts})


def _export(options: argparse.Namespace) -> None:
    from active_learning import checkpoint, endpoint

    endpoint.export(checkpoint.load(options.checkpoint, base=options.base, device="cpu"), options.out)
    emit({"stage": "done"})
