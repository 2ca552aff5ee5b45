"""What a local causal language model writes: loaded once, sampled with random numbers of its own."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from random import Random
from typing import Any

import torch
from transformers import GenerationConfig, StoppingCriteriaList

from active_learning.base_model import ModelError, load_language_model, load_tokenizer
from active_learning.checkpoint import base_sha256
from active_learning.data import UnreadableText, check_readable, encode
from active_learning.generators import Answer, Draw, GeneratorError, Prompt, PromptTooLong, Text, Until
from active_learning.generators.budget import Budget
from active_learning.steps import IS_ENOUGH

KEPT_MODELS = 2  # in memory; a worker of several projects goes from one to the other
# Threads that wait for each other on a busy machine made a model of 30,000 parameters twenty times slower.
SMALL = 50_000_000  # parameters


ROWS_AT_ONCE = {"cpu": 32, "cuda": 256}  # texts that are written side by side


@dataclass(frozen=True)
class LocalGenerator:
    """The causal language model in a folder; loaded when it is first asked, and kept for the next question."""

    directory: Path
    budget: Budget
    at_once: int = 1

    @property
    def name(self) -> str:
        return self.directory.resolve().name

    def identity(self) -> dict[str, str]:
        network, ends = (model := load(self.directory)).network, model.end_ids
        drawn = {"device": network.device.type, "dtype": str(network.dtype), "ends": str(ends)}
        return {**base_sha256(str(self.directory)), **drawn, "at_once": str(ROWS_AT_ONCE[network.device.type])}

    def sample(self, prompts: Sequence[Prompt], draw: Draw, *, until: Until) -> list[Answer]:
        model = load(self.directory)
        ids = [prompt_ids(model, prompt) for prompt in prompts]
        fitting = [one for one in ids if not isinstance(one, PromptTooLong)]
        with self.budget.room(len(fitting) * draw.count * draw.max_new_tokens) as spend:
            found = sample(model, fitting, draw, is_enough=IS_ENOUGH[until])
            spend(sum(text.tokens for texts in found for text in texts))
        answers = iter(found)
        return [one if isinstance(one, PromptTooLong) else next(answers) for one in ids]


@dataclass(frozen=True)
class LanguageModel:
    network: Any
    tokenizer: Any
    end_ids: tuple[int, ...]
    context: int  # tokens

    @cached_property
    def _newline_ids(self) -> frozenset[int]:
        texts = self.tokenizer.batch_decode([[place] for place in range(len(self.tokenizer))])
        return frozenset(place for place, text in enumerate(texts) if "\n" in text)

    def may_end_at(self, before: int, token: int) -> bool:
        """Only a newline, what follows one, or the end can make a text enough."""
        return token in self.end_ids or token in self._newline_ids or before in self._newline_ids


def load(directory: Path) -> LanguageModel:
    """The model in that folder; read once and kept for the next question. Raises GeneratorError."""
    directory = directory.resolve()
    if not directory.is_dir():
        raise GeneratorError(
            f"There is no folder {directory}. A generator is a folder with a causal language model, toy, toy-writer, or "
            "https://host/v1#model on an OpenAI-compatible server."
        )
    # Other weights in the same place are another generator.
    return _load(directory, max(file.stat().st_mtime_ns for file in [directory, *directory.iterdir()]))


@lru_cache(maxsize=KEPT_MODELS)
def _load(directory: Path, changed_at: int) -> LanguageModel:
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
    return LanguageModel(model, tokenizer, end_ids, known or tokenizer.model_max_length)


def prompt_ids(model: LanguageModel, prompt: Prompt) -> list[int] | PromptTooLong:
    """Token ids as training lays them out, or why they leave no room; raises GeneratorError for text it does not know."""
    try:
        check_readable([prompt.problem, *prompt.prefix], model.tokenizer)
        ids = encode(prompt.problem, prompt.prefix, model.tokenizer).ids
    except UnreadableText as error:
        raise GeneratorError(
            "The generator's tokenizer does not know this text. Name the folder of a model that reads it."
        ) from error
    if len(ids) >= model.context:
        return PromptTooLong(
            f"The problem and its {len(prompt.prefix)} steps are {len(ids)} tokens. "
            f"The generator reads {model.context}, and the next step needs some of them."
        )
    return ids


def sample(
    model: LanguageModel, prompts: Sequence[list[int]], draw: Draw, *, is_enough: Callable[[str], bool]
) -> list[list[Text]]:
    """What the model writes after each prompt's tokens, in the order sampled; the same arguments give the same texts.

    A text ends when `is_enough` holds of it, or when it has no tokens left.
    """
    rows = [place for place in range(len(prompts)) for _ in range(draw.count)]
    rows.sort(key=lambda place: (len(prompts[place]), place))  # of like length, for little padding
    found: list[list[Text]] = [[] for _ in prompts]
    for number, some in enumerate(_side_by_side(model, [(place, len(prompts[place])) for place in rows], draw)):
        seed = Random(json.dumps([draw.seed, number])).getrandbits(63)
        texts = _sample_rows(model, [prompts[place] for place in some], draw, seed, is_enough)
        for place, text in zip(some, texts, strict=True):
            found[place].append(text)
    return found


def _side_by_side(model: LanguageModel, rows: Sequence[tuple[int, int]], draw: Draw) -> Iterator[list[int]]:
    """Places of rows (place, length), the shortest first, that are sampled together.

    Padded as long as the longest of them, each still has all the room that it has alone.
    """
    at_once = ROWS_AT_ONCE[model.network.device.type]
    group: list[int] = []
    shortest = 0
    for place, length in rows:
        room = min(draw.max_new_tokens, model.context - shortest)
        if len(group) == at_once or (group and length > shortest and length + room > model.context):
            yield group
            group = []
        if not group:
            shortest = length
        group.append(place)
    if group:
        yield group


def _sample_rows(
    model: LanguageModel, rows: Sequence[list[int]], draw: Draw, seed: int, is_enough: Callable[[str], bool]
) -> list[Text]:
    longest = max(map(len, rows))
    device = model.network.device
    ids = torch.tensor([[model.tokenizer.pad_token_id] * (longest - len(row)) + row for row in rows], device=device)
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows], device=device)
    settings = GenerationConfig(
        do_sample=True,
        use_cache=True,
        temperature=draw.temperature,
        top_k=0,  # the paper samples from the whole distribution; the library's default is 50
        max_new_tokens=min(draw.max_new_tokens, model.context - longest),
        eos_token_id=list(model.end_ids) or None,
        pad_token_id=model.tokenizer.pad_token_id,
    )
    stop = _Stop(model, longest, is_enough, len(rows))
    with _own_random_numbers(seed), _few_threads(model.network.num_parameters()):
        written = model.network.generate(
            ids, attention_mask=mask, generation_config=settings, stopping_criteria=StoppingCriteriaList([stop])
        )
    return [
        _text(model, row[: length or len(row)])
        for row, length in zip(written[:, longest:].tolist(), stop.lengths, strict=True)
    ]


class _Stop:
    """Which rows have written enough; of each its length then, which is looked at only where it may have changed."""

    def __init__(self, model: LanguageModel, prompt: int, is_enough: Callable[[str], bool], rows: int) -> None:
        self._model, self._prompt, self._is_enough = model, prompt, is_enough
        self.lengths: list[int | None] = [None] * rows

    def __call__(self, ids: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        length = ids.shape[1] - self._prompt
        for row, last_two in enumerate(ids[:, -2:].tolist()):
            if self.lengths[row] is None and self._model.may_end_at(*last_two):
                text = _text(self._model, ids[row, self._prompt :].tolist())
                if text.is_over or self._is_enough(text.text):
                    self.lengths[row] = length
        return torch.tensor([length is not None for length in self.lengths], device=ids.device)


@contextmanager
def _own_random_numbers(seed: int) -> Iterator[None]:
    """transformers samples from the global random numbers and no others: they are put back."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        yield


@contextmanager
def _few_threads(parameters: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1 if parameters < SMALL else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _text(model: LanguageModel, ids: list[int]) -> Text:
    end = next((place for place, token in enumerate(ids) if token in model.end_ids), None)
    text = model.tokenizer.decode(ids[:end], skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return Text(text, end is not None, len(ids) if end is None else end + 1)
