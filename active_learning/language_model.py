"""What a local causal language model writes: loaded once, sampled with random numbers of its own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
from transformers import GenerationConfig, StoppingCriteriaList

from active_learning.base_model import ModelError, load_language_model, load_tokenizer
from active_learning.data import UnreadableText, check_readable, encode
from active_learning.generators import GeneratorError, PromptTooLong

KEPT_MODELS = 2  # in memory; a worker of several projects goes from one to the other
# Threads that wait for each other on a busy machine made a model of 30,000 parameters twenty times slower.
SMALL = 50_000_000  # parameters


@dataclass(frozen=True)
class LanguageModel:
    network: Any
    tokenizer: Any
    end_ids: tuple[int, ...]
    context: int  # tokens


@dataclass(frozen=True)
class Draw:
    """How many texts, and how they are drawn."""

    count: int
    seed: int
    temperature: float
    max_new_tokens: int


class Text(NamedTuple):
    text: str
    is_over: bool  # the model itself has ended it


def load(generator: str) -> LanguageModel:
    """The model in that folder; read once and kept for the next question. Raises GeneratorError."""
    directory = Path(generator).resolve()
    if not directory.is_dir():
        raise GeneratorError(
            f"There is no folder {directory}; a generator is one with a causal language model, or toy."
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


def prompt_ids(model: LanguageModel, problem: str, prefix: Sequence[str]) -> list[int]:
    """Token ids as training lays them out; raises PromptTooLong, and GeneratorError for text it does not know."""
    try:
        check_readable([problem, *prefix], model.tokenizer)
        ids = encode(problem, prefix, model.tokenizer).ids
    except UnreadableText as error:
        raise GeneratorError(
            "The generator's tokenizer does not know this text. Name the folder of a model that reads it."
        ) from error
    if len(ids) >= model.context:
        raise PromptTooLong(
            f"The problem and its {len(prefix)} steps are {len(ids)} tokens. "
            f"The generator reads {model.context}, and the next step needs some of them."
        )
    return ids


def sample(model: LanguageModel, ids: list[int], draw: Draw, *, is_enough: Callable[[str], bool]) -> list[Text]:
    """What the model writes after the tokens `ids`, in the order sampled; the same arguments give the same texts.

    Sampling ends when `is_enough` holds of every text, or has no tokens left.
    """

    def all_enough(rows: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        texts = [_text(model, row) for row in rows[:, len(ids) :].tolist()]
        return torch.tensor([one.is_over or is_enough(one.text) for one in texts], device=rows.device)

    settings = GenerationConfig(
        do_sample=True,
        use_cache=True,
        temperature=draw.temperature,
        top_k=0,  # the paper samples from the whole distribution; the library's default is 50
        num_return_sequences=draw.count,
        max_new_tokens=min(draw.max_new_tokens, model.context - len(ids)),
        eos_token_id=list(model.end_ids) or None,
        pad_token_id=model.tokenizer.pad_token_id,
    )
    prompt = torch.tensor([ids], device=model.network.device)
    with _own_random_numbers(draw.seed), _few_threads(model.network.num_parameters()):
        rows = model.network.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            generation_config=settings,
            stopping_criteria=StoppingCriteriaList([all_enough]),
        )
    return [_text(model, row) for row in rows[:, len(ids) :].tolist()]


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
    return Text(text, end is not None)
