"""Teach a language model to write a step a line: few-shot samples, of which the right ones train it for one epoch.

Lightman et al. 2023, §2.3. It is meant to teach the layout and no new skill, so both are measured before and after: what
share of the samples has the layout, and what share the right answer.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from transformers import GenerationConfig

from active_learning.answers import extract_answer
from active_learning.checkpoint import base_sha256, write_json, written_whole
from active_learning.data import check_readable, encode, encode_together
from active_learning.fine_tune import Continuation, FineTuning, fine_tune
from active_learning.generators import Draw, local
from active_learning.grading import answers_match
from active_learning.hashes import sha256
from active_learning.intervals import wilson
from active_learning.records import ANSWER_HEADING
from active_learning.steps import IS_ENOUGH, Sampled, split_steps, whole_solution
from active_learning.strict_json import Fields, load_json, read_lines
from active_learning.targets import part_of
from active_learning.vocabulary import base_directory

Progress = Callable[[dict[str, Any]], None]
AT_ONCE = 16  # problems between two lines of progress


class TuningError(ValueError):
    """With these problems, or these settings, no generator can be tuned; the message is for people."""


@dataclass(frozen=True)
class FormatTuning:
    samples: int = 16  # few-shot, of each training problem
    shots: int = 3  # worked examples before each
    temperature: float = 1.0
    max_new_tokens: int = 1024  # of a solution
    held_out: float = 0.2  # share of the problems that never train, by a hash of their text
    measured: int = 8  # samples of each held-out problem, before and after
    lr: float = 1e-5
    batch_tokens: int = 4096
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.samples, self.shots, self.measured, self.batch_tokens) < 1 or not self.lr > 0:
            raise TuningError("Samples, examples, batches and the learning rate are above 0.")
        if not 0 < self.held_out < 1:
            raise TuningError(f"The held-out share of the problems is between 0 and 1, not {self.held_out!r}.")


class Worked(NamedTuple):
    """A problem, and its worked solution where one is given in the layout that is to be learned."""

    problem: str
    answer: str
    example: tuple[str, ...]
    may_train: bool  # it is of no test split


def tune_format(
    base: str, problems: Path, out_dir: Path, config: FormatTuning, *, progress: Progress
) -> dict[str, Any]:
    """Publish the tuned model as an ordinary model directory with kept.jsonl and meta.json beside it; return the latter.

    Raises TuningError, GeneratorError, UnreadableText, and CheckpointError where out_dir exists.
    """
    training, held_out = _split(problems, config)
    source = base_directory(base)
    with written_whole(out_dir) as directory:
        check_readable([one.problem for one in [*training, *held_out]], local.load(source).tokenizer)
        before = measure(source, held_out, config, progress)
        kept, counts = sample_right_ones(source, training, config, progress)
        (directory / "kept.jsonl").write_text("".join(json.dumps(one) + "\n" for one in kept))
        counts["trained_on"] = _train(source, kept, directory, config, progress)
        meta = {
            "config": asdict(config),
            "base": base,
            "base_sha256": base_sha256(base),
            "problems_sha256": sha256(problems),
            "kept_sha256": sha256(directory / "kept.jsonl"),
            "counts": {"training_problems": len(training), "held_out_problems": len(held_out), **counts},
            "before": before,
            "after": measure(directory, held_out, config, progress),
        }
        write_json(directory / "meta.json", meta)
    return meta


# Problems -----------------------------------------------------------------------------------------------------------


def _split(problems: Path, config: FormatTuning) -> tuple[list[Worked], list[Worked]]:
    """Problems that train, and those that are measured on: a hash decides, and a test split is never trained on."""
    rows = list(read_lines(problems, _read_worked))
    test = {_key(one) for one in rows if not one.may_train}
    different = {_key(one): one for one in reversed(rows)}.values()
    training = [one for one in different if _key(one) not in test and part_of(one.problem, config.held_out) == "train"]
    trained = {_key(one) for one in training}
    held_out = [one for one in different if _key(one) not in trained]
    examples = sum(bool(one.example) for one in training)
    if not held_out:
        raise TuningError(f"None of the {len(training)} problems is held out to measure on: give more problems.")
    if examples <= config.shots:
        raise TuningError(
            f"{examples} of the {len(training)} training problems come with a worked solution, a step a line and the "
            f"answer below a line `# Answer`; {config.shots} examples before each problem take {config.shots + 1}."
        )
    return training, held_out


def _key(one: Worked) -> str:
    return " ".join(one.problem.split())


def _read_worked(line: bytes) -> Worked:
    fields = Fields(load_json(line))
    problem, answer = fields.take("problem", str), fields.take("answer", str)
    steps = fields.texts("steps") if "steps" in fields.value else split_steps(fields.optional("solution", "", str))
    is_example = has_layout(steps) and answers_match(extract_answer(steps[-1]), answer)
    split = fields.optional("split", None, str, None)
    return Worked(problem, answer, steps if is_example else (), split != "test")


def has_layout(steps: Sequence[str]) -> bool:
    """Several lines, the last one with an answer in PRM800K's way."""
    return len(steps) > 1 and bool(ANSWER_HEADING.search(steps[-1])) and extract_answer(steps[-1]) is not None


# Samples ------------------------------------------------------------------------------------------------------------


def sample_right_ones(
    base: Path, training: Sequence[Worked], config: FormatTuning, progress: Progress
) -> tuple[list[dict[str, Any]], Counter[str]]:
    """Few-shot samples that have the layout and the right answer, each once; and how many there were of what."""
    model = local.load(base)
    kept: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()
    asked = list(zip(training, few_shot_prompts(training, model.tokenizer, config), strict=True))
    for one, solutions in _sampled(model, asked, _draw(config, config.samples), "few_shot", progress):
        right = [found for found in solutions if has_layout(found.steps) and answers_match(found.answer, one.answer)]
        different = dict.fromkeys(found.steps for found in right)
        kept += [{"problem": one.problem, "truth": one.answer, "steps": list(steps)} for steps in different]
        counts.update(samples=len(solutions), right=len(right), kept=len(different), solved=bool(right))
        counts["too_long"] += not solutions
    if not kept:
        raise TuningError(
            f"The base model solved none of {len(training)} problems in the layout, in {counts['samples']} samples with "
            f"{config.shots} examples before each. Take a stronger model, easier problems, or more samples."
        )
    return kept, counts


def few_shot_prompts(training: Sequence[Worked], tokenizer: Any, config: FormatTuning) -> Iterator[list[int]]:
    """Token ids of each problem after worked examples of others, laid out as training lays out solutions."""
    rng = Random(config.seed)
    examples = [one for one in training if one.example]
    for one in training:
        drawn = [other for other in rng.sample(examples, config.shots + 1) if other is not one][: config.shots]
        yield encode_together([*((other.problem, other.example) for other in drawn), (one.problem, ())], tokenizer)


def measure(directory: Path, held_out: Sequence[Worked], config: FormatTuning, progress: Progress) -> dict[str, Any]:
    """What share of samples without examples has the layout, and what share the right answer in whatever layout."""
    model = local.load(directory)
    asked = [(one, encode_together([(one.problem, ())], model.tokenizer)) for one in held_out]
    counts: Counter[str] = Counter()
    for one, solutions in _sampled(model, asked, _draw(config, config.measured), "measure", progress):
        counts["samples"] += len(solutions)
        counts["layout"] += sum(has_layout(found.steps) for found in solutions)
        counts["right"] += sum(answers_match(found.answer, one.answer) for found in solutions)
    return {
        "samples": counts["samples"],
        **{name: _share(counts[name], counts["samples"]) for name in ("layout", "right")},
    }


def _share(count: int, of: int) -> dict[str, float]:
    low, high = wilson(count, of)
    return {"count": count, "share": round(count / max(1, of), 4), "low": round(low, 4), "high": round(high, 4)}


def _draw(config: FormatTuning, count: int) -> Draw:
    return Draw(count, config.seed, config.temperature, config.max_new_tokens)


def _sampled(
    model: local.LanguageModel, asked: Sequence[tuple[Worked, list[int]]], draw: Draw, stage: str, progress: Progress
) -> Iterator[tuple[Worked, list[Sampled]]]:
    """Solutions of each problem after its prompt; none where the prompt leaves no room for one."""
    for start in range(0, len(asked), AT_ONCE):
        some = asked[start : start + AT_ONCE]
        fitting = [ids for _, ids in some if len(ids) < model.context]
        own = replace(draw, seed=Random(json.dumps([draw.seed, start])).getrandbits(63))
        texts = iter(local.sample(model, fitting, own, is_enough=IS_ENOUGH["answer"]))
        for one, ids in some:
            found = next(texts) if len(ids) < model.context else []
            yield one, [whole_solution(text.text, is_over=text.is_over) for text in found]
        progress({"stage": stage, "done": start + len(some), "total": len(asked)})


# Training -----------------------------------------------------------------------------------------------------------


def _train(
    base: Path, kept: Sequence[dict[str, Any]], directory: Path, config: FormatTuning, progress: Progress
) -> int:
    """Train the base model on what was kept, write it, and return on how many solutions: all that it can read."""
    model = local.load(base)  # for its tokenizer, and what ends its texts
    encoded = [encode(one["problem"], one["steps"], model.tokenizer) for one in kept]
    texts = [Continuation([*one.ids, *model.end_ids[:1]], one.prompt_len) for one in encoded]
    fitting = [text for text in texts if len(text.ids) <= model.context]
    how = FineTuning(config.lr, config.batch_tokens, config.seed)
    tuned = fine_tune(base, fitting, model.tokenizer.pad_token_id, how, progress)
    tuned.generation_config = GenerationConfig(eos_token_id=list(model.end_ids) or None)
    tuned.save_pretrained(directory)
    model.tokenizer.save_pretrained(directory)
    return len(fitting)
