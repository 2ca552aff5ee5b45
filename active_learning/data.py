"""From labeled solutions to tokens and targets.

`encode` is the one place where text becomes tokens: training, scoring and evaluation all call it, because a
difference between them moves every step end. Targets follow Lightman et al. 2023, §2.6: one rating of three,
predicted after the last token of a step, nothing after the first error, no rating in any context.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch

from active_learning.records import Record, Step, parse_line

MAX_UNKNOWN_SHARE = 0.05
FINISHED = ("found_error", "solution")
Part = Literal["train", "validation", "held_out"]


class UnreadableText(ValueError):
    """The tokenizer of this base model does not know too many of the words."""


@dataclass(frozen=True)
class Encoded:
    """Token ids of a problem and its steps; `ends[k]` is the position of the last token of step k."""

    ids: list[int]
    ends: list[int]
    prompt_len: int
    separator_len: int

    @property
    def starts(self) -> list[int]:
        return [self.prompt_len, *(end + 1 for end in self.ends[:-1])]


@dataclass(frozen=True)
class Row:
    """Steps of one solution and the rating of each; None where none was given, or another row has it."""

    problem: str
    steps: tuple[str, ...]
    ratings: tuple[int | None, ...]


@dataclass(frozen=True)
class Item:
    encoded: Encoded
    ratings: tuple[int | None, ...]


@dataclass(frozen=True)
class Batch:
    """Padded token ids (sequence, token) and, for every step of all sequences, where it is."""

    ids: torch.Tensor
    mask: torch.Tensor
    rows: torch.Tensor  # (steps,) index of the sequence
    starts: torch.Tensor  # (steps,) position of the first token
    contents: torch.Tensor  # (steps,) position of the last token before the separator
    ends: torch.Tensor  # (steps,) position of the last token, where the rating is read

    def to(self, device: torch.device | str) -> "Batch":
        return Batch(*(tensor.to(device) for tensor in vars(self).values()))


def encode(problem: str, steps: Sequence[str], tokenizer: Any) -> Encoded:
    """Tokenise the problem and each step apart and join them by newlines: no step's tokens depend on a later step."""
    tokens = partial(tokenizer, add_special_tokens=False, return_attention_mask=False)
    newline: list[int] = tokens("\n")["input_ids"]
    ids: list[int] = tokenizer(problem.strip(), return_attention_mask=False)["input_ids"] + newline
    prompt_len, ends = len(ids), []
    for text, step in zip(steps, tokens([step.strip() for step in steps])["input_ids"] if steps else [], strict=True):
        if not step:
            raise UnreadableText(f"The tokenizer finds no token in this step: {text[:80]!r}")
        ids += step + newline
        ends.append(len(ids) - 1)
    return Encoded(ids, ends, prompt_len, len(newline))


# Targets ------------------------------------------------------------------------------------------------------------


def training_examples(record: Record) -> list[tuple[tuple[str, ...], int]]:
    """Every labeled completion on its chosen prefix with its rating, as the paper trains; see `training_rows`."""
    return [
        (row.steps[: place + 1], rating)
        for row in training_rows(record)
        for place, rating in enumerate(row.ratings)
        if rating is not None
    ]


def training_rows(record: Record) -> list[Row]:
    """The same examples with the chosen path packed into one row.

    A causal model sees at a step's end only what precedes it, so one pass over the path equals one pass per prefix.
    """
    path: list[tuple[str, int | None]] = []
    rows: list[Row] = []
    for step in record.steps:
        chosen, others = _chosen_and_others(step)
        texts, ratings = [text for text, _ in path], [None] * len(path)
        rows += [Row(record.problem, (*texts, text), (*ratings, rating)) for text, rating in others]
        if chosen is not None:
            path.append(chosen)
        if chosen is None or step.chosen_text() is None or chosen[1] == -1:
            break
    if any(rating is not None for _, rating in path):
        rows.insert(0, Row(record.problem, tuple(t for t, _ in path), tuple(r for _, r in path)))
    return rows


def _chosen_and_others(step: Step) -> tuple[tuple[str, int | None] | None, list[tuple[str, int]]]:
    """The completion that the path takes, and the rated ones beside it.

    Where the solution ends at an error nothing is chosen; the first rated completion then stands at the path's end.
    """
    completions = list(step.completions or ())
    place = step.chosen_completion
    if place is None and step.human_completion is None:
        place = next((index for index, one in enumerate(completions) if one.rating is not None), None)
    others = [(one.text, one.rating) for i, one in enumerate(completions) if i != place and one.rating is not None]
    if place is not None:
        return (completions[place].text, completions[place].rating), others
    human = step.human_completion
    return ((human.text, None) if human is not None else None), others


def left_out_because(record: Record) -> str | None:
    """Why a record does not train: the paper leaves out quality control, screening and what nobody could finish."""
    if record.is_quality_control_question:
        return "quality_control"
    if record.is_initial_screening_question:
        return "screening"
    return None if record.finish_reason in FINISHED else record.finish_reason


def read_rows(path: Path) -> tuple[list[Row], Counter[str]]:
    """All training rows of a file of PRM800K lines, and how many records were used and left out, by reason."""
    rows: list[Row] = []
    counts: Counter[str] = Counter()
    with path.open("rb") as lines:
        for line in lines:
            record = parse_line(line)
            reason = left_out_because(record)
            counts[f"left_out_{reason}" if reason else "records"] += 1
            found = [] if reason else training_rows(record)
            readable = [row for row in found if all(step.strip() for step in row.steps)]
            if len(readable) < len(found):
                counts["blank_step"] += len(found) - len(readable)
            rows += readable
    counts["rows"] = len(rows)
    counts["ratings"] = sum(rating is not None for row in rows for rating in row.ratings)
    return rows, counts


def share_of(problem: str) -> float:
    """A number in [0, 1) that this problem always has: which part of a split it falls in. White space is ignored."""
    digest = hashlib.sha256(" ".join(problem.split()).encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def part_of(problem: str, eval_fraction: float) -> Part:
    """Whether a problem trains, chooses the threshold, or is measured on: the same for every model of a project."""
    share = share_of(problem)
    if share >= eval_fraction:
        return "train"
    return "validation" if share < eval_fraction / 2 else "held_out"


# Batches ------------------------------------------------------------------------------------------------------------


def check_readable(texts: Iterable[str], tokenizer: Any) -> None:
    """Raise UnreadableText where more than 5 % of the tokens are unknown: such a base model would train on noise."""
    if tokenizer.unk_token_id is None:
        return
    tokens = [token for text in texts for token in tokenizer(text, add_special_tokens=False)["input_ids"]]
    share = tokens.count(tokenizer.unk_token_id) / max(1, len(tokens))
    if share > MAX_UNKNOWN_SHARE:
        raise UnreadableText(
            f"The base model's tokenizer does not know {share:.0%} of these problems' tokens. "
            "Name the folder of a model that reads this text, as the project's base model, BASE_MODEL or --base; "
            "or choose by chance, which needs no model."
        )


def encode_rows(rows: Iterable[Row], tokenizer: Any, max_len: int) -> tuple[list[Item], int]:
    """Encode, and leave out what is longer than max_len tokens; the second value counts those."""
    items = [Item(encode(row.problem, row.steps, tokenizer), row.ratings) for row in rows]
    fitting = [item for item in items if len(item.encoded.ids) <= max_len]
    return fitting, len(items) - len(fitting)


def batches(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Indices of sequences grouped by length, each group at most batch_tokens with its padding (or one sequence)."""
    group: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
        if group and lengths[index] * (len(group) + 1) > batch_tokens:
            yield group
            group = []
        group.append(index)
    if group:
        yield group


def collate(sequences: Sequence[Encoded], pad_id: int) -> Batch:
    """Pad on the right: in a causal model nothing before the padding can see it."""
    longest = max(len(sequence.ids) for sequence in sequences)
    padded = [sequence.ids + [pad_id] * (longest - len(sequence.ids)) for sequence in sequences]
    mask = [[1] * len(sequence.ids) + [0] * (longest - len(sequence.ids)) for sequence in sequences]
    ends = [end for sequence in sequences for end in sequence.ends]
    return Batch(
        ids=torch.tensor(padded),
        mask=torch.tensor(mask),
        rows=torch.tensor([row for row, sequence in enumerate(sequences) for _ in sequence.ends]),
        starts=torch.tensor([start for sequence in sequences for start in sequence.starts]),
        contents=torch.tensor([end - sequence.separator_len for sequence in sequences for end in sequence.ends]),
        ends=torch.tensor(ends),
    )
