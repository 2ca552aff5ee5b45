"""Scoring a file of any size in shards, so that work which was killed goes on where it was.

Finished shards lie beside the output, in `<out>.parts/`, with a manifest of what they belong to. Several machines that
see the same folder take every n-th shard each; whoever finds the last part there makes the output of all of them.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from socket import gethostname
from typing import IO, Any, NamedTuple
from uuid import uuid4

from active_learning.hashes import sha256
from active_learning.score import Scored, Scorer, Unscored, line_of, read_solution
from active_learning.strict_json import RecordError

SHARD_SIZE = 4096
PROGRESS_EVERY = 256

Progress = Callable[[dict[str, Any]], None]


class ShardError(ValueError):
    """These parts belong to other work, or the input cannot be read."""


@dataclass(frozen=True)
class Job:
    """Score the JSON Lines `{"id", "problem", "steps"}` of in_path into out_path, in its order.

    A shard has shard_size solutions and the rest of its last problem, so that samples of a problem stay together.
    `share` (i, n) is the i-th of n machines, from 0. Parts of other work are refused, or deleted if `is_anew`.
    """

    in_path: Path
    out_path: Path
    shard_size: int = SHARD_SIZE
    share: tuple[int, int] = (0, 1)
    is_anew: bool = False

    def __post_init__(self) -> None:
        if self.shard_size < 1 or not 0 <= self.share[0] < self.share[1]:
            raise ShardError("A shard has at least one solution, and the share is one of 1/n to n/n.")

    @property
    def parts(self) -> Path:
        return self.out_path.with_name(self.out_path.name + ".parts")


@dataclass(frozen=True)
class Report:
    """What this machine's shards came to; `is_complete` where the output is there and not only parts of it."""

    scored: int
    left_out: int  # too long, or with a step that the tokenizer makes no token of
    is_complete: bool


class _Shard(NamedTuple):
    number: int
    offset: int  # bytes from the start of the input
    solutions: int

    @property
    def name(self) -> str:
        return f"{self.number:05}.jsonl"


def score_file(scorer: Scorer, job: Job, *, progress: Progress) -> Report:
    """Score what no part has yet. Solutions that cannot be read are counted and left out.

    The output appears under its name only when it is complete; then the parts are gone. Raises ShardError.
    """
    if job.out_path.exists() and not job.parts.exists() and not job.is_anew:
        raise ShardError(f"{job.out_path} is there already: name another file, or write it anew (--anew).")
    if job.out_path.is_dir():
        raise ShardError(f"{job.out_path} is a directory: name a file for the scores.")
    shards = _begin_or_go_on(scorer, job)
    mine = shards[job.share[0] :: job.share[1]]
    missing = [shard for shard in mine if not (job.parts / shard.name).exists()]
    done = sum(shard.solutions for shard in mine) - sum(shard.solutions for shard in missing)
    state = _State(progress, done + sum(shard.solutions for shard in missing), done)
    state.scored = sum(_lines(job.parts / shard.name) for shard in mine if shard not in missing)
    state.report()
    for shard in missing:
        _score_shard(scorer, job, shard, state)
    is_complete = all((job.parts / shard.name).exists() for shard in shards) or not job.parts.exists()
    if is_complete:
        _merge(job, shards)
    return Report(state.scored, state.total - state.scored, is_complete)


@dataclass
class _State:
    """How far this machine is."""

    progress: Progress
    total: int
    done: int
    scored: int = 0

    def report(self) -> None:
        left_out = self.done - self.scored
        self.progress({"stage": "score", "done": self.done, "total": self.total, "left_out": left_out})


# Shards -------------------------------------------------------------------------------------------------------------


def _begin_or_go_on(scorer: Scorer, job: Job) -> list[_Shard]:
    """The shards of this work, as its manifest has them; raises ShardError where the parts are of other work."""
    manifest = job.parts / "manifest.json"
    ours = {**scorer.identity, "solutions": sha256(job.in_path), "shard_size": job.shard_size}
    theirs = json.loads(manifest.read_text()) if manifest.exists() else None
    if theirs is not None and (differing := _differing(ours, theirs)):
        if not job.is_anew:
            raise ShardError(
                f"{job.parts} holds parts that were scored with another {differing}. Name another output, or delete "
                "that folder to begin anew (--anew does it)."
            )
        shutil.rmtree(job.parts)
        theirs = None
    if theirs is None:
        theirs = {**ours, "shards": _cut(job.in_path, job.shard_size)}
        job.parts.mkdir(parents=True, exist_ok=True)
        _write(manifest, [json.dumps(theirs)])
    return [_Shard(number, *row) for number, row in enumerate(theirs["shards"])]


def _differing(ours: dict[str, Any], theirs: dict[str, Any]) -> str:
    names = sorted(key for key in (ours.keys() | theirs.keys()) - {"shards"} if ours.get(key) != theirs.get(key))
    return " and another ".join(name.replace("_", " ") for name in names)


def _cut(path: Path, shard_size: int) -> list[tuple[int, int]]:
    """(offset, solutions) of each shard. Reads every line first, so that a bad one is told before work is done."""
    shards: list[tuple[int, int]] = []
    begin = solutions = offset = 0
    last_problem = None
    for number, line in enumerate(_raw_lines(path, 0), start=1):
        problem = _parse(line, number).problem
        # Samples that come in any order have no problem to keep together: twice the size is enough.
        if solutions >= shard_size and (problem != last_problem or solutions >= 2 * shard_size):
            shards.append((begin, solutions))
            begin, solutions = offset, 0
        last_problem = problem
        solutions += 1
        offset += len(line)
    return [*shards, (begin, solutions)] if solutions else shards


def _score_shard(scorer: Scorer, job: Job, shard: _Shard, state: _State) -> None:
    lines = islice(_raw_lines(job.in_path, shard.offset), shard.solutions)

    def written() -> Iterator[str]:
        for result in scorer.score(_parse(line) for line in lines):
            state.done += 1
            if isinstance(result, Scored):
                state.scored += 1
                yield json.dumps(line_of(result, scorer))
            if state.done % PROGRESS_EVERY == 0 and state.done < state.total:
                state.report()

    _write(job.parts / shard.name, written())
    state.report()


def _merge(job: Job, shards: list[_Shard]) -> None:
    # Inside the parts, so that what a killed machine left of it goes with them.
    temporary, done = _private(job.parts / job.out_path.name, "tmp"), _private(job.parts, "done")
    try:
        with temporary.open("wb") as out:
            for shard in shards:
                with (job.parts / shard.name).open("rb") as part:
                    shutil.copyfileobj(part, out)
            _publish(out, temporary, job.out_path)
        # In one step, so that no other machine finds some of the parts.
        job.parts.rename(done)
    except FileNotFoundError:
        return  # another machine has merged them a moment ago
    shutil.rmtree(done, ignore_errors=True)


# Files --------------------------------------------------------------------------------------------------------------


def _raw_lines(path: Path, offset: int) -> Iterator[bytes]:
    with path.open("rb") as lines:
        lines.seek(offset)
        yield from lines


def _parse(line: bytes, number: int | None = None) -> Unscored:
    try:
        return read_solution(line)
    except RecordError as error:
        raise ShardError(f"line {number}: {error}") from error


def _lines(path: Path) -> int:
    return sum(1 for _ in _raw_lines(path, 0))


def _write(path: Path, lines: Any) -> None:
    """The file appears under its name only when it is complete and on disk."""
    temporary = _private(path, "tmp")
    with temporary.open("w") as out:
        for line in lines:
            out.write(line + "\n")
        _publish(out, temporary, path)


def _private(path: Path, ending: str) -> Path:
    """A name beside it that no other process takes; in containers on several machines all may have the same pid."""
    return path.with_name(f".{path.name}.{gethostname()}.{uuid4().hex}.{ending}")


def _publish(out: IO[Any], temporary: Path, path: Path) -> None:
    """Move what was written to its name, and return when both are on disk."""
    out.flush()
    os.fsync(out.fileno())
    temporary.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
