"""From text to batches of tokens.

`encode` is the one place where text becomes tokens: training, scoring and evaluation all call it, because a
difference between them moves every step end.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch

from active_learning.config import Triple
from active_learning.vocabulary import MAX_UNKNOWN_SHARE

Target = int | Triple  # a rating, −1 to 1; or how probable an estimate makes each of the three


class UnreadableText(ValueError):
    """The tokenizer of this base model does not know too many of the words."""


@dataclass(frozen=True)
class Encoded:
    """Token ids of a problem and its steps; `ends[k]` is the position of the last token of step k, where it is read."""

    ids: list[int]
    ends: list[int]
    prompt_len: int
    separator_len: int

    @property
    def starts(self) -> list[int]:
        return [self.prompt_len, *(end + 1 for end in self.ends[:-1])]

    def last_step(self) -> "Encoded":
        """Its last step only, all before being the problem: what is asked of an alternative to it."""
        return replace(self, prompt_len=self.starts[-1], ends=self.ends[-1:])

    def at_every_token(self) -> "Encoded":
        """Each token of the solution as a step of its own: an outcome model learns to judge at all of them."""
        return replace(self, ends=list(range(self.prompt_len, len(self.ids))), separator_len=0)


@dataclass(frozen=True)
class Item:
    encoded: Encoded
    ratings: tuple[Target | None, ...]  # of each end; None: not rated, or another item has it
    is_whole: bool = True  # a solution as far as it was judged, not an alternative to one of its steps

    def as_rated(self) -> tuple[int | None, ...]:
        """What a model is measured on, of each end."""
        return tuple(None if target is None else rating_of(target) for target in self.ratings)

    def last_step(self) -> "Item":
        return replace(self, encoded=self.encoded.last_step(), ratings=self.ratings[-1:])


def triple_of(target: Target) -> Triple:
    """The probability of negative, neutral, positive that a model is to learn."""
    return (float(target == -1), float(target == 0), float(target == 1)) if isinstance(target, int) else target


def rating_of(target: Target) -> int:
    """What a target is measured as: of an estimate 1 where it is at least one half, else −1."""
    if isinstance(target, int):
        return target
    return -1 if target[0] > 0.5 else 1


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
            raise UnreadableText(f"The tokenizer finds no token in this step of {problem[:80]!r}: {text[:80]!r}")
        ids += step + newline
        ends.append(len(ids) - 1)
    return Encoded(ids, ends, prompt_len, len(newline))


def encode_if_readable(problem: str, steps: Sequence[str], tokenizer: Any) -> Encoded | None:
    """None where the tokenizer finds no token in one of the steps: that solution is passed over, not the whole pool."""
    try:
        return encode(problem, steps, tokenizer)
    except UnreadableText:
        return None


def encode_together(solved: Iterable[tuple[str, Sequence[str]]], tokenizer: Any) -> list[int]:
    """Token ids of several problems with their steps, a blank line between two: one sequence with one start."""
    start, newline = len(tokenizer("")["input_ids"]), tokenizer("\n", add_special_tokens=False)["input_ids"]
    ids: list[int] = []
    for problem, steps in solved:
        one = encode(problem, steps, tokenizer).ids
        ids += [*newline, *one[start:]] if ids else one
    return ids


def check_readable(texts: Iterable[str], tokenizer: Any) -> None:
    """Raise UnreadableText where more than 5 % of the tokens are unknown: such a base model would train on noise."""
    if tokenizer.unk_token_id is None:
        return
    tokens = [token for text in texts for token in tokenizer(text, add_special_tokens=False)["input_ids"]]
    share = tokens.count(tokenizer.unk_token_id) / max(1, len(tokens))
    if share > MAX_UNKNOWN_SHARE:
        raise UnreadableText(
            f"The base model's tokenizer does not know {share:.0%} of these problems' tokens. "
            "Name the folder of a model that reads this text, as the project's base model, BASE_MODEL or --base. "
            "A round can also choose by chance, which needs no model."
        )


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
