"""Sampling solutions of many problems into a file that can be imported; killed and started again it goes on."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from active_learning.checkpoint import base_sha256, sha256
from active_learning.generators import TOY, PromptTooLong
from active_learning.solutions import solve
from active_learning.strict_json import Fields, load_json, read_lines

Progress = Callable[[dict[str, Any]], None]


class OtherWork(ValueError):
    """This output belongs to other work; the message is for people."""


@dataclass(frozen=True)
class SampleJob:
    """Sample per_problem solutions of each of the JSON Lines `{"problem", "unique_id"?}` into out_path."""

    generator: str
    problems: Path
    out_path: Path
    per_problem: int
    seed: int = 0
    temperature: float = 1.0
    max_new_tokens: int = 1024
    name: str = ""  # of the generator, as the lines tell it; else its folder's

    @property
    def part(self) -> Path:
        return self.out_path.with_name(self.out_path.name + ".part")

    @property
    def generator_name(self) -> str:
        return self.name or (TOY if self.generator == TOY else Path(self.generator).resolve().name)

    def identity(self) -> dict[str, Any]:
        """What the bytes of the output hang on."""
        told = {key: value for key, value in asdict(self).items() if key not in ("out_path", "problems", "generator")}
        weights = {} if self.generator == TOY else base_sha256(self.generator)
        return {**told, "name": self.generator_name, "problems": sha256(self.problems), "generator": weights or TOY}


@dataclass
class Counts:
    problems: int = 0
    solutions: int = 0
    incomplete: int = 0  # of them, without an answer within max_new_tokens
    unusable: int = 0  # blank, or with characters that cannot be stored: left out
    too_long: int = 0  # problems that leave the generator no room: left out

    def add(self, row: dict[str, Any]) -> None:
        self.problems += 1
        self.solutions += len(row["lines"])
        self.incomplete += sum(not line["complete"] for line in row["lines"])
        self.unusable += row["unusable"]
        self.too_long += row["too_long"]


def sample_file(job: SampleJob, *, progress: Progress) -> Counts:
    """Sample what is not there yet. The output appears under its name only when it is complete.

    Raises OtherWork, and what solutions.solve raises.
    """
    if job.out_path.exists():
        raise OtherWork(f"{job.out_path} is there already: name another file.")
    problems = list(read_lines(job.problems, _read_problem))
    done = _begin_or_go_on(job)
    with job.part.open("ab") as part:
        for number, problem in enumerate(problems[done:], start=done + 1):
            _write(part, _sampled(job, problem))
            progress({"stage": "sample", "done": number, "total": len(problems)})
    return _finish(job)


def _begin_or_go_on(job: SampleJob) -> int:
    """How many problems are done; a line that was being written when the process was killed is taken off."""
    ours = job.identity()
    if not job.part.exists():
        with job.part.open("wb") as part:
            _write(part, ours)
        return 0
    kept = job.part.read_bytes()
    whole = kept[: kept.rfind(b"\n") + 1]
    if not whole:
        job.part.unlink()
        return _begin_or_go_on(job)
    theirs, *done = whole.splitlines()
    if json.loads(theirs) != ours:
        raise OtherWork(f"{job.part} holds part of other work. Name another output, or delete that file to begin anew.")
    os.truncate(job.part, len(whole))
    return len(done)


def _sampled(job: SampleJob, problem: dict[str, str]) -> dict[str, Any]:
    """What came of one problem: the lines to be imported, and what was left out."""
    try:
        found = list(
            solve(
                generator=job.generator,
                problem=problem["problem"],
                count=job.per_problem,
                seed=job.seed,
                temperature=job.temperature,
                max_new_tokens=job.max_new_tokens,
            )
        )
    except PromptTooLong:
        return {"lines": [], "unusable": 0, "too_long": 1}
    told = {"generator": job.generator_name, "seed": job.seed, "temperature": job.temperature}
    lines = [
        {**problem, "steps": one.steps, "answer": one.answer, "complete": one.answer is not None, **told}
        for one in found
        if one.steps
    ]
    return {"lines": lines, "unusable": len(found) - len(lines), "too_long": 0}


def _finish(job: SampleJob) -> Counts:
    """The lines of all problems under the output's name."""
    counts = Counts()
    temporary = job.out_path.with_name(job.out_path.name + ".tmp")
    with job.part.open("rb") as part, temporary.open("wb") as out:
        next(part)
        for row in map(json.loads, part):
            counts.add(row)
            out.write(b"".join(json.dumps(line).encode() + b"\n" for line in row["lines"]))
        out.flush()
        os.fsync(out.fileno())
    temporary.rename(job.out_path)
    job.part.unlink()
    return counts


def _write(part: IO[bytes], row: dict[str, Any]) -> None:
    """On disk before the next problem is begun."""
    part.write(json.dumps(row).encode() + b"\n")
    part.flush()
    os.fsync(part.fileno())


def _read_problem(line: bytes) -> dict[str, str]:
    fields = Fields(load_json(line))
    unique_id = fields.optional("unique_id", None, str, None)
    return {"problem": fields.take("problem", str), **({"unique_id": unique_id} if unique_id else {})}
