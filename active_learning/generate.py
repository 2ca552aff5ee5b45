"""Next steps after a prefix, for labelers to choose from: Lightman et al. 2023, App. B and D, phase 1.

A generator is the folder of a local causal language model that writes a step a line (§2.3), or "toy", the scripted one
of chain arithmetic. Loads without torch; a model is loaded when it is first asked and kept for the next question.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

from active_learning.domains import toy
from active_learning.domains.chains import ANSWER_MARK
from active_learning.strict_json import UNSTORABLE

TOY = "toy"
KEPT_MODELS = 2  # in memory; a worker of several projects goes from one to the other
# Threads that wait for each other on a busy machine made a model of 30,000 parameters twenty times slower.
SMALL = 50_000_000  # parameters
ANSWER_HEADING = ANSWER_MARK.strip()


class GeneratorError(ValueError):
    """This generator cannot be used, or not for this question; the message is for people."""


class PromptTooLong(GeneratorError):
    """The problem and its steps leave no room for another step."""


@dataclass(frozen=True)
class NextSteps:
    """Different next steps in the order sampled, and how many samples were no whole step."""

    steps: list[str]
    incomplete: int = 0  # cut off by max_new_tokens, or by the end of what the model reads
    unusable: int = 0  # blank, or with characters that cannot be stored


@dataclass(frozen=True)
class _Generator:
    model: Any
    tokenizer: Any
    end_ids: tuple[int, ...]
    context: int  # tokens


def next_steps(  # noqa: PLR0913 - keyword-only
    *,
    generator: str,
    problem: str,
    prefix: Sequence[str],
    count: int,
    seed: int,
    temperature: float = 1.0,
    max_new_tokens: int = 256,
) -> NextSteps:
    """Sample count next steps and return those that differ; the same arguments give the same bytes.

    Raises GeneratorError, and chains.Unreadable where "toy" is asked about other text than its own.
    """
    if count < 1 or max_new_tokens < 1 or not temperature > 0:
        raise GeneratorError("Of next steps and tokens at least one is asked for, at a temperature above 0.")
    if generator == TOY:
        rng = Random(json.dumps([seed, problem, *prefix]))
        rate = min(1.0, toy.OPTION_ERROR_RATE * temperature)
        return NextSteps(_different(toy.next_steps(problem, prefix, count, rng=rng, error_rate=rate), prefix))
    model = _loaded_from(generator)
    samples = _sample(model, _prompt(model, problem, prefix), count, seed, temperature, max_new_tokens)
    whole = [sample for sample in samples if sample is not None]
    usable = [sample for sample in whole if sample and not UNSTORABLE.search(sample)]
    return NextSteps(_different(usable, prefix), len(samples) - len(whole), len(whole) - len(usable))


def first_step(text: str, *, is_over: bool) -> str | None:
    """The first step of a generator's text; None as long as more text could still change it.

    A step is a line, and the answer that follows it in PRM800K's way stays in it. `is_over`: no more text will come.
    """
    text = text.lstrip()
    line, newline, _ = text.partition("\n")
    is_heading = line.rstrip() == ANSWER_HEADING  # an answer that is a step of its own
    mark = "\n\n" if is_heading else ANSWER_MARK
    rest = text[len(line) :]
    if rest.startswith(mark):
        answer, ended, _ = rest.removeprefix(mark).partition("\n")
        if not ended and not is_over:
            return None
        if answer.strip():
            return line.rstrip() + mark + answer.strip()
    elif not is_over and (not newline or mark.startswith(rest)):
        return None
    return "" if is_heading else line.rstrip()


def _different(steps: Sequence[str], prefix: Sequence[str]) -> list[str]:
    last = prefix[-1].strip() if prefix else ""
    return [step for step in dict.fromkeys(steps) if step != last]


# From a language model ----------------------------------------------------------------------------------------------


def _loaded_from(generator: str) -> _Generator:
    directory = Path(generator).resolve()
    if not directory.is_dir():
        raise GeneratorError(
            f"There is no folder {directory}; a generator is one with a causal language model, or toy."
        )
    # Other weights in the same place are another generator.
    return _load(directory, max(file.stat().st_mtime_ns for file in [directory, *directory.iterdir()]))


@lru_cache(maxsize=KEPT_MODELS)
def _load(directory: Path, changed_at: int) -> _Generator:
    import torch
    from transformers import GenerationConfig

    from active_learning.base_model import ModelError, load_language_model, load_tokenizer

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        model = load_language_model(directory, "bf16" if device.type == "cuda" else "fp32").to(device)
        tokenizer = load_tokenizer(directory)
    except ModelError as error:
        raise GeneratorError(str(error)) from error
    except (OSError, ValueError) as error:
        raise GeneratorError(f"{directory} cannot be loaded as a generator: {error}") from error
    if "\n" not in tokenizer.decode(tokenizer("\n", add_special_tokens=False)["input_ids"]):
        raise GeneratorError(f"The tokenizer of {directory} cannot write a newline, so no step of it would ever end.")
    stated = model.generation_config.eos_token_id
    ends = stated if isinstance(stated, list) else [stated]
    # How to sample is said with each question; what the folder recommends (penalties, top-k) would mix with it.
    model.generation_config = GenerationConfig()
    known = getattr(model.config.get_text_config(decoder=True), "max_position_embeddings", None)
    end_ids = tuple(dict.fromkeys(end for end in [*ends, tokenizer.eos_token_id] if end is not None))
    return _Generator(model, tokenizer, end_ids, known or tokenizer.model_max_length)


def _prompt(generator: _Generator, problem: str, prefix: Sequence[str]) -> list[int]:
    """Token ids as training lays them out; raises PromptTooLong, and GeneratorError for text it does not know."""
    from active_learning.data import UnreadableText, check_readable, encode

    try:
        check_readable([problem, *prefix], generator.tokenizer)
        ids = encode(problem, prefix, generator.tokenizer).ids
    except UnreadableText as error:
        raise GeneratorError(
            "The generator's tokenizer does not know this text. Name the folder of a model that reads it."
        ) from error
    if len(ids) >= generator.context:
        raise PromptTooLong(
            f"The problem and its {len(prefix)} steps are {len(ids)} tokens. "
            f"The generator reads {generator.context}, and the next step needs some of them."
        )
    return ids


def _sample(
    generator: _Generator, ids: list[int], count: int, seed: int, temperature: float, max_new_tokens: int
) -> list[str | None]:
    """The step that each sample begins with; None where it was cut off."""
    import torch
    from transformers import GenerationConfig, StoppingCriteriaList

    def has_step(rows: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        steps = [_step(generator, row) for row in rows[:, len(ids) :].tolist()]
        return torch.tensor([step is not None for step in steps], device=rows.device)

    settings = GenerationConfig(
        do_sample=True,
        use_cache=True,
        temperature=temperature,
        top_k=0,  # the paper samples from the whole distribution; the library's default is 50
        num_return_sequences=count,
        max_new_tokens=min(max_new_tokens, generator.context - len(ids)),
        eos_token_id=list(generator.end_ids) or None,
        pad_token_id=generator.tokenizer.pad_token_id,
    )
    prompt = torch.tensor([ids], device=generator.model.device)
    with _own_random_numbers(seed), _few_threads(generator.model.num_parameters()):
        rows = generator.model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            generation_config=settings,
            stopping_criteria=StoppingCriteriaList([has_step]),
        )
    return [_step(generator, row) for row in rows[:, len(ids) :].tolist()]


@contextmanager
def _own_random_numbers(seed: int) -> Iterator[None]:
    """transformers samples from the global random numbers and no others: they are put back."""
    import torch

    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        yield


@contextmanager
def _few_threads(parameters: int) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1 if parameters < SMALL else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _step(generator: _Generator, ids: list[int]) -> str | None:
    end = next((place for place, token in enumerate(ids) if token in generator.end_ids), None)
    text = generator.tokenizer.decode(ids[:end], skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return first_step(text, is_over=end is not None)
