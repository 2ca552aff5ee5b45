"""What is most likely true where people disagree, and how able each of them is, both at once by EM.

Dawid & Skene 1979: people judge without regard to one another, each with a matrix of their own that says how often they
take a thing of one class for one of another. Equations 2.3 to 2.5; begun with the share of each class among the
judgements of an item (3.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_STEPS = 500
CLOSE = 1e-10  # of the log-likelihood per judgement, between two steps
RIGHT = 0.8  # what a prior judgement is thought to be worth: so often it is right

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Consensus:
    posterior: Floats  # (items, classes)
    confusion: Floats  # (people, true classes, given classes); each row adds up to 1
    classes: Floats  # how common each class is
    log_likelihood: float  # of the judgements, without the prior
    steps: int

    @property
    def ability(self) -> Floats:
        """How often each person is right, over classes as common as they are here."""
        return np.asarray(np.einsum("c,kcc->k", self.classes, self.confusion))


def dawid_skene(
    items: Sequence[int] | Ints,
    people: Sequence[int] | Ints,
    given: Sequence[int] | Ints,
    *,
    classes: int,
    prior: float = 0.0,
    most_steps: int = MOST_STEPS,
) -> Consensus:
    """Of judgements: which item (numbered from 0 without gaps), by whom (the same), of which class.

    `prior` adds so many imagined judgements for each person and true class, of which RIGHT are right. Without it a
    person of few judgements is soon thought to be perfect, or to say the opposite of what they see; 0 is the paper's.
    """
    item, person, cell = (np.asarray(column, np.int64) for column in (items, people, given))
    if not len(item):
        raise ValueError("nothing was judged")
    shape = (int(person.max()) + 1, classes, classes)
    imagined = prior * np.where(np.eye(classes, dtype=bool), RIGHT, (1 - RIGHT) / max(classes - 1, 1))
    posterior = np.zeros((int(item.max()) + 1, classes))
    np.add.at(posterior, (item, cell), 1.0)
    posterior /= posterior.sum(axis=1, keepdims=True)
    before, step = -np.inf, 0
    while step < most_steps:
        step += 1
        common = posterior.mean(axis=0)
        confusion = _confusion(posterior, item, person, cell, shape) + imagined
        confusion = _rows_of_one(confusion)
        posterior, likelihood = _expect(common, confusion, item, person, cell)
        if abs(likelihood - before) <= CLOSE * len(item):
            break
        before = likelihood
    return Consensus(posterior, confusion, common, float(likelihood), step)


def majority(items: Ints, given: Ints, *, classes: int) -> tuple[Ints, NDArray[np.bool_]]:
    """The class that most gave to each item, and whether no other was given as often (else it is the lower class)."""
    votes = np.zeros((int(items.max()) + 1, classes), np.int64)
    np.add.at(votes, (items, given), 1)
    ordered = np.sort(votes, axis=1)
    return votes.argmax(axis=1), ordered[:, -1] > ordered[:, -2]


def _confusion(posterior: Floats, item: Ints, person: Ints, cell: Ints, shape: tuple[int, int, int]) -> Floats:
    """Judgements by person, true class (as far as it is known) and given class."""
    flat = np.zeros((shape[0] * shape[2], shape[1]))
    place = person * shape[2] + cell
    for true in range(shape[1]):
        flat[:, true] = np.bincount(place, weights=posterior[item, true], minlength=len(flat))
    return flat.reshape(shape[0], shape[2], shape[1]).transpose(0, 2, 1)


def _rows_of_one(confusion: Floats) -> Floats:
    """A class that a person never met leaves a row of zeros, which no judgement refers to."""
    totals = confusion.sum(axis=2, keepdims=True)
    return np.asarray(confusion / np.where(totals > 0, totals, 1.0))


def _expect(common: Floats, confusion: Floats, item: Ints, person: Ints, cell: Ints) -> tuple[Floats, float]:
    with np.errstate(divide="ignore"):
        each = np.log(confusion)[person, :, cell]
        start = np.log(common)
    joint = np.empty((int(item.max()) + 1, len(common)))
    for true in range(len(common)):
        joint[:, true] = start[true] + np.bincount(item, weights=np.maximum(each[:, true], -1e6), minlength=len(joint))
    highest = joint.max(axis=1, keepdims=True)
    shares = np.exp(joint - highest)
    totals = shares.sum(axis=1, keepdims=True)
    return np.asarray(shares / totals), float((highest + np.log(totals)).sum())
