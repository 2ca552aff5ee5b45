"""Many solutions of a problem read with one pass over the problem, and many next steps with one over what precedes.

In a causal model nothing before a step depends on it, so the keys and values of the problem's tokens are the same for
all its solutions: they are computed once and every solution attends to them. Equal to a pass over each solution alone to
1e-5 in single precision, whatever the batches; that is also the way of models whose cache is of another kind.
"""

import inspect
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from active_learning.base_model import hidden_states, reads_both_ways
from active_learning.config import Triple
from active_learning.data import Batch, Encoded, Item, batches, collate
from active_learning.model import PRM, StepPRM

Read = Callable[[Tensor, Batch], Tensor]
# The fewest tokens that sharing must save before a problem is worth a pass of its own.
LEAST_SAVED = 64


def step_probabilities(
    model: PRM, sequences: Sequence[Encoded], pad_id: int, batch_tokens: int
) -> list[tuple[Triple, ...]]:
    """For each sequence the probability of negative, neutral and positive of each of its steps, in order."""
    logits = read_steps(model, sequences, pad_id, batch_tokens, read=model.read)
    return [tuple(tuple(row) for row in of_steps.softmax(-1).double().tolist()) for of_steps in logits]


@torch.inference_mode()
def read_steps(model: PRM, sequences: Sequence[Encoded], pad_id: int, batch_tokens: int, *, read: Read) -> list[Tensor]:
    """For each sequence (steps, values): what `read` makes of hidden states (sequence, token, width) and their batch.

    Equal sequences are computed once; `batch_tokens` bounds a batch with its padding, problems included.
    """
    first: dict[tuple[Any, ...], int] = {}
    places = [
        first.setdefault((tuple(one.ids), tuple(one.ends), one.prompt_len, one.separator_len), place)
        for place, one in enumerate(sequences)
    ]
    groups, alone = _groups(sequences, first.values(), can_share=can_share(model))
    found: dict[int, Tensor] = {}
    for chunk in _chunks(groups, sequences, batch_tokens):
        found |= _read_chunk(model, chunk, sequences, read, pad_id=pad_id, batch_tokens=batch_tokens)
    device = next(model.parameters()).device
    for group in batches([len(sequences[place].ids) for place in alone], batch_tokens):
        some = [alone[i] for i in group]
        batch = collate([sequences[place] for place in some], pad_id).to(device)
        found |= _by_place(read(hidden_states(backbone_of(model), batch), batch), some, sequences)
    return [found[place] for place in places]


def _by_place(values: Tensor, places: Sequence[int], sequences: Sequence[Encoded]) -> dict[int, Tensor]:
    return dict(zip(places, torch.split(values, [len(sequences[place].ends) for place in places]), strict=True))


def alternatives_apart(model: PRM, items: Sequence[Item]) -> list[Item]:
    """Alternatives to a step as that step alone, after what all of them share; as they are where nothing is shared."""
    return [item if item.is_whole else item.last_step() for item in items] if can_share(model) else list(items)


def can_share(model: PRM) -> bool:
    """Whether the model keeps all keys and values, in the plain way, and can be told where a token stands."""
    backbone = backbone_of(model)
    if reads_both_ways(backbone.config):
        return False
    takes = inspect.signature(backbone.forward).parameters
    if not {"past_key_values", "position_ids", "attention_mask"} <= takes.keys():
        return False
    layers = DynamicCache(config=backbone.config).layers
    return bool(layers) and all(type(layer) is DynamicLayer for layer in layers)


def backbone_of(model: PRM) -> Any:
    return model.backbone if isinstance(model, StepPRM) else model.language_model.base_model


# What goes together -------------------------------------------------------------------------------------------------

Group = list[int]  # places of sequences that begin with the same problem


def _groups(sequences: Sequence[Encoded], places: Iterable[int], *, can_share: bool) -> tuple[list[Group], list[int]]:
    """Groups of one problem each, and what gains nothing by sharing."""
    by_problem: dict[tuple[int, ...], Group] = defaultdict(list)
    for place in places:
        by_problem[tuple(sequences[place].ids[: sequences[place].prompt_len])].append(place)
    groups, alone = [], []
    for problem, group in by_problem.items():
        if can_share and len(problem) * (len(group) - 1) >= LEAST_SAVED:
            groups.append(group)
        else:
            alone += group
    return groups, alone


def _chunks(groups: list[Group], sequences: Sequence[Encoded], batch_tokens: int) -> Iterator[list[Group]]:
    """Problems of like length whose keys and values are held at the same time: a few full batches of solutions.

    Problems with few solutions need company for full batches, and more solutions of like length need less padding.
    """
    chunk: list[Group] = []
    held = 0
    for group in sorted(groups, key=lambda group: (sequences[group[0]].prompt_len, group[0])):
        longest = sequences[group[0]].prompt_len  # they come sorted
        tokens = sum(len(sequences[place].ids) for place in group)
        if chunk and (longest * (len(chunk) + 1) > batch_tokens or held + tokens > 4 * batch_tokens):
            yield chunk
            chunk, held = [], 0
        chunk.append(group)
        held += tokens
    if chunk:
        yield chunk


# One chunk ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Problems:
    """The problems of a chunk, padded on the right: keys and values, and the hidden state of each one's last token."""

    cache: DynamicCache
    mask: Tensor  # (problem, token)
    last_hidden: Tensor  # (problem, 1, width)
    last_ids: Tensor  # (problem, 1)
    lengths: Tensor  # (problem,)


class _Cache(DynamicCache):  # type: ignore[misc]  # transformers has no types
    """Not looked into by torch.compile: its layers differ from each other, and each would be compiled on its own."""

    @torch.compiler.disable  # type: ignore[untyped-decorator]  # it has no types
    def update(self, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        both: tuple[Tensor, Tensor] = super().update(*args, **kwargs)
        return both


class _SharedLayer(DynamicLayer):  # type: ignore[misc]  # transformers has no types
    """Keys and values of the problems, laid before those of each solution while its layer is computed, and not kept."""

    def __init__(self, of_problems: DynamicLayer, problem_of_row: Tensor) -> None:
        super().__init__()
        self._of_problems, self._problem_of_row = of_problems, problem_of_row

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        both = zip((self._of_problems.keys, self._of_problems.values), (key_states, value_states), strict=True)
        keys, values = (torch.cat([shared[self._problem_of_row], own], dim=-2) for shared, own in both)
        return keys, values

    def get_seq_length(self) -> int:
        length: int = self._of_problems.get_seq_length()
        return length


def _read_chunk(
    model: PRM, chunk: list[Group], sequences: Sequence[Encoded], read: Read, *, pad_id: int, batch_tokens: int
) -> dict[int, Tensor]:
    problems = _read_problems(model, [sequences[group[0]] for group in chunk], pad_id)
    rows = [(number, place) for number, group in enumerate(chunk) for place in group]
    longest = int(problems.lengths.max())
    own = [len(sequences[place].ids) - sequences[place].prompt_len for _, place in rows]
    found: dict[int, Tensor] = {}
    for batch in batches([longest + length for length in own], batch_tokens):
        numbers, places = zip(*(rows[i] for i in batch), strict=True)
        hidden, where = _read_solutions(model, problems, numbers, [sequences[place] for place in places], pad_id)
        found |= _by_place(read(hidden, where), places, sequences)
    return found


def _read_problems(model: PRM, sequences: Sequence[Encoded], pad_id: int) -> _Problems:
    device = next(model.parameters()).device
    backbone = backbone_of(model)
    prompts = [one.ids[: one.prompt_len] for one in sequences]
    ids, mask = _padded(prompts, pad_id, device)
    cache = _Cache(config=backbone.config)
    lengths = torch.tensor([len(prompt) for prompt in prompts], device=device)
    each = torch.arange(len(prompts), device=device)
    with _finishing_only(model, each, lengths - 1):
        output = backbone(input_ids=ids, attention_mask=mask, past_key_values=cache, use_cache=True)
    last = output.last_hidden_state[each, lengths - 1]
    return _Problems(cache, mask, last[:, None], ids[each, lengths - 1][:, None], lengths)


def _read_solutions(
    model: PRM, problems: _Problems, of_problem: Sequence[int], sequences: Sequence[Encoded], pad_id: int
) -> tuple[Tensor, Batch]:
    """Hidden states of solutions, each of the problem with the number beside it, and where their steps are."""
    device = problems.mask.device
    row_of = torch.tensor(of_problem, device=device)
    ids, mask = _padded([one.ids[one.prompt_len :] for one in sequences], pad_id, device)
    steps = _steps_after_problem(sequences, device)
    with _finishing_only(model, steps[0], steps[-1] - 1):
        output = backbone_of(model)(
            input_ids=ids,
            attention_mask=torch.cat([problems.mask[row_of], mask], 1),
            position_ids=problems.lengths[row_of][:, None] + torch.arange(ids.shape[1], device=device),
            past_key_values=_shared_cache(problems.cache, row_of),
            use_cache=True,
        )
    # The problem's last token goes before the solution: its state is what predicts the solution's first token.
    hidden = torch.cat([problems.last_hidden[row_of], output.last_hidden_state], 1)
    all_ids = torch.cat([problems.last_ids[row_of], ids], 1)
    all_mask = torch.cat([torch.ones_like(mask[:, :1]), mask], 1)
    return hidden, Batch(all_ids, all_mask, *steps)


def _shared_cache(cache: DynamicCache, problem_of_row: Tensor) -> DynamicCache:
    shared = _Cache()
    shared.layers = [_SharedLayer(layer, problem_of_row) for layer in cache.layers]
    shared.layer_class_to_replicate = None
    return shared


def _steps_after_problem(sequences: Sequence[Encoded], device: torch.device) -> tuple[Tensor, ...]:
    """rows, starts, contents, ends of all steps, as in Batch, when position 0 is the problem's last token."""
    steps = [
        (row, start - one.prompt_len + 1, end - one.separator_len - one.prompt_len + 1, end - one.prompt_len + 1)
        for row, one in enumerate(sequences)
        for start, end in zip(one.starts, one.ends, strict=True)
    ]
    return torch.tensor(steps, device=device).T.unbind()


@contextmanager
def _finishing_only(model: PRM, rows: Tensor, positions: Tensor) -> Iterator[None]:
    """Let the last layer's feed-forward part, which mixes no tokens, compute only the tokens that are read.

    The states of the others come out wrong, and nobody asks for them. A probe reads all.
    """
    layers = getattr(backbone_of(model), "layers", None)
    part: Any = getattr(layers[-1], "mlp", None) if layers and isinstance(model, StepPRM) else None
    if not hasattr(part, "down_proj"):  # no plain one as Llama and its like have: experts, or another name
        yield
        return
    shapes: list[torch.Size] = []

    def choose(module: Any, arguments: tuple[Tensor, ...]) -> tuple[Tensor]:
        shapes.append(arguments[0].shape)
        return (arguments[0][rows, positions][None],)

    def put_back(module: Any, arguments: Any, output: Tensor) -> Tensor:
        whole = output.new_zeros(shapes.pop())
        whole[rows, positions] = output[0]
        return whole

    hooks = part.register_forward_pre_hook(choose), part.register_forward_hook(put_back)
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _padded(sequences: Sequence[list[int]], pad_id: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Ids and mask (sequence, token), padded on the right, so that no position is without one that it may see."""
    longest = max(map(len, sequences))
    ids = torch.tensor([one + [pad_id] * (longest - len(one)) for one in sequences], device=device)
    lengths = torch.tensor([len(one) for one in sequences], device=device)
    return ids, (torch.arange(longest, device=device) < lengths[:, None]).long()
