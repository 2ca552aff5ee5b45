"""As many steps that probably lead to a right answer as others: Setlur et al. 2024 (PAV), App. D.

Of estimates by rollouts far more lie on one side of one half; two buckets of equal size keep a model from learning
only which. In an epoch all of the smaller bucket train, and as many of the larger one, drawn anew.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import torch
from torch import Tensor

from active_learning.data import Item, triple_of

Place = tuple[int, int]  # of an item, and of a step in it


def drawn(items: Sequence[Item], rng: Random) -> list[Item]:
    """The items with the drawn targets only; without those of which none was drawn."""
    buckets: tuple[list[Place], list[Place]] = ([], [])
    for place, item in enumerate(items):
        for step, target in enumerate(item.ratings):
            if target is not None:
                buckets[triple_of(target)[0] <= 0.5].append((place, step))
    fewer = min(map(len, buckets))
    kept = {place for bucket in buckets for place in rng.sample(bucket, fewer)}
    found = [
        replace(item, ratings=tuple(one if (place, step) in kept else None for step, one in enumerate(item.ratings)))
        for place, item in enumerate(items)
    ]
    return [item for item in found if any(target is not None for target in item.ratings)]


def drawn_rows(targets: Tensor, rng: torch.Generator) -> Tensor:
    """The rows drawn of targets (steps, 3), as indices."""
    is_good = targets[:, 0].cpu() <= 0.5
    buckets = [torch.nonzero(is_good == side)[:, 0] for side in (True, False)]
    fewer = min(map(len, buckets))
    return torch.cat([bucket[torch.randperm(len(bucket), generator=rng)[:fewer]] for bucket in buckets])
