"""How far people who judge the same thing agree, with intervals, and words where a figure has no meaning.

Cohen 1960 (kappa of two); Fleiss 1971; Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability"; Gwet 2008 (AC1)
and 2014 (AC2, ordinal weights). Units that fewer than two people judged say nothing of agreement and are left out.
All statistics are functions of how often each pattern of counts (how many gave each class) occurs, which is why a
million ratings cost as much as a hundred.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from active_learning.intervals import Z

RESAMPLES = 1000
MOST_GROUPS = 1000  # of clusters that are resampled; the sums of random groups vary as those of clusters do
FEWEST_GROUPS = 10  # below which an interval would say more than is known

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Why(StrEnum):
    """Why there is no figure, or no interval."""

    NOTHING_SHARED = "nothing_shared"  # no two people judged the same thing
    ONE_CLASS = "one_class"  # all judgements are the same: agreement cannot be told from a habit
    FEW = "few"  # too few solutions for an interval


@dataclass(frozen=True)
class Figure:
    """A statistic with its 95 % interval; never a NaN, and no number where it would be a lie."""

    value: float | None
    low: float | None = None
    high: float | None = None
    why: Why | None = None  # there is no value, or no interval


@dataclass(frozen=True)
class Agreement:
    units: int  # judged by at least two
    judgements: int  # of those units
    raw: Figure
    fleiss: Figure
    alpha_nominal: Figure
    alpha_ordinal: Figure
    ac1: Figure
    ac2: Figure
    of_class: list[Figure]  # who gave the class, and how often another one who judged the same gave it too
    used: list[int]  # how often each class was given
    coincidences: list[list[float]] = field(default_factory=list)  # pairs of judgements within units, by class


def of_counts(counts: Ints, clusters: Ints | None = None, *, seed: int = 0) -> Agreement:
    """Of `counts`, (units, classes): how many people gave each class. Classes stand in their order.

    `clusters`, one number for each unit, says which units hang together (the steps of one solution): they are
    resampled together.
    """
    shared = counts.sum(axis=1) > 1
    counts = counts[shared].astype(np.int64)
    clusters = np.arange(len(counts)) if clusters is None else clusters[shared]
    patterns, place = np.unique(counts, axis=0, return_inverse=True)
    weights = _by_group(place.reshape(-1), clusters, len(patterns), np.random.default_rng(seed))
    sums = _Sums(patterns.astype(np.float64))
    exact = sums.statistics(weights.sum(axis=0, keepdims=True))
    drawn = sums.statistics(_resampled(weights, seed)) if len(weights) >= FEWEST_GROUPS else None
    why = Why.ONE_CLASS if len(counts) else Why.NOTHING_SHARED
    figures = {name: _figure(values[0], drawn[name] if drawn else None, why) for name, values in exact.items()}
    classes = [figures.pop(f"class {place}") for place in range(counts.shape[1])]
    return Agreement(
        units=len(counts),
        judgements=int(counts.sum()),
        of_class=classes,
        used=[int(number) for number in counts.sum(axis=0)],
        coincidences=sums.coincidences(weights.sum(axis=0, keepdims=True))[0].tolist(),
        **figures,
    )


def share(parts: Floats, wholes: Floats, *, seed: int = 0) -> Figure:
    """The sum of the parts by that of the wholes; each row is one cluster."""
    if not wholes.sum():
        return Figure(None, why=Why.NOTHING_SHARED)
    rows = np.stack([parts, wholes], axis=1).astype(np.float64)
    grouped = _grouped(rows, np.arange(len(rows)), np.random.default_rng(seed))
    drawn = None
    if len(grouped) >= FEWEST_GROUPS:
        sums = _resampled(grouped, seed)
        drawn = _divide(sums[:, 0], sums[:, 1])
    return _figure(float(parts.sum() / wholes.sum()), drawn, Why.NOTHING_SHARED)


def cohen(table: Ints) -> Figure:
    """Kappa of two people from (classes, classes), with the interval of Fleiss, Cohen & Everitt 1969."""
    number = table.sum()
    if not number:
        return Figure(None, why=Why.NOTHING_SHARED)
    p = table / number
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, chance = np.trace(p), rows @ columns
    if chance > 1 - 1e-12:
        return Figure(None, why=Why.ONE_CLASS)
    kappa = (observed - chance) / (1 - chance)
    both = rows[None, :] + columns[:, None]  # of cell (i, j): of column i as a row's, and of row j as a column's
    on = (np.diag(p) * (1 - (rows + columns) * (1 - kappa)) ** 2).sum()
    off = (1 - kappa) ** 2 * ((p * both**2).sum() - (np.diag(p) * np.diag(both) ** 2).sum())
    variance = (on + off - (kappa - chance * (1 - kappa)) ** 2) / ((1 - chance) ** 2 * number)
    half = Z * max(0.0, float(variance)) ** 0.5
    if number < FEWEST_GROUPS:
        return Figure(float(kappa), why=Why.FEW)
    return Figure(float(kappa), max(-1.0, float(kappa) - half), min(1.0, float(kappa) + half))


def cohen_of_clusters(tables: Ints, *, seed: int = 0) -> Figure:
    """Kappa of two from (clusters, classes, classes), whole clusters being resampled: what stands in one is not
    independent, as the interval of `cohen` takes it to be."""
    classes = tables.shape[1]

    def kappas(sums: Floats) -> Floats:
        p = _divide(sums, sums.sum(axis=1, keepdims=True)).reshape(-1, classes, classes)
        chance = (p.sum(axis=1) * p.sum(axis=2)).sum(axis=1)
        return _corrected(np.trace(p, axis1=1, axis2=2), chance)

    judged = tables[tables.sum(axis=(1, 2)) > 0].reshape(-1, classes**2).astype(np.float64)
    grouped = _grouped(judged, np.arange(len(judged)), np.random.default_rng(seed))
    drawn = kappas(_resampled(grouped, seed)) if len(grouped) >= FEWEST_GROUPS else None
    why = Why.ONE_CLASS if len(judged) else Why.NOTHING_SHARED
    return _figure(float(kappas(judged.sum(axis=0, keepdims=True))[0]), drawn, why)


def pairs(units: Ints, people: Ints, classes: Ints, number: int) -> dict[tuple[int, int], Ints]:
    """For each two people who judged the same units, how often they gave which classes: (number, number).

    Three columns, a row for each judgement; the smaller person's class is the row of the table.
    """
    order = np.lexsort((people, units))
    units, people, classes = units[order], people[order], classes[order]
    found: list[Ints] = []
    here = np.arange(len(units))
    distance = 1
    while len(here := here[here + distance < len(units)]):
        here = here[units[here] == units[here + distance]]
        there = here + distance
        found.append(np.stack([people[here], people[there], classes[here] * number + classes[there]], axis=1))
        distance += 1
    tables: dict[tuple[int, int], Ints] = {}
    if not found:
        return tables
    rows, times = np.unique(np.concatenate(found), axis=0, return_counts=True)
    for (one, other, cell), n in zip(rows.tolist(), times.tolist(), strict=True):
        tables.setdefault((one, other), np.zeros((number, number), np.int64))[divmod(cell, number)] += n
    return tables


class _Sums:
    """What every statistic is made of, for each pattern of counts."""

    def __init__(self, patterns: Floats) -> None:
        self.classes = patterns.shape[1]
        raters = patterns.sum(axis=1)
        choices = np.maximum(raters * (raters - 1), 1.0)
        self.patterns = patterns
        self.raters = raters
        self.portions = patterns / np.maximum(raters, 1.0)[:, None]
        self.agree = (patterns * (patterns - 1)).sum(axis=1) / choices
        similar = patterns @ ordinal_weights(self.classes)
        self.near = (patterns * (similar - 1)).sum(axis=1) / choices
        own = patterns[:, :, None] * np.eye(self.classes)
        self.pairs = (patterns[:, :, None] * patterns[:, None, :] - own) / np.maximum(raters - 1, 1.0)[:, None, None]

    def coincidences(self, weights: Floats) -> Floats:
        return np.asarray(np.einsum("bp,pck->bck", weights, self.pairs))

    def statistics(self, weights: Floats) -> dict[str, Floats]:
        """Each for every row of weights, how often the patterns occur; NaN where it is not defined."""
        units = weights.sum(axis=1)
        portions = _divide(weights @ self.portions, units[:, None])
        spread = (portions * (1 - portions)).sum(axis=1)
        varied = np.where(((weights @ self.patterns) > 0).sum(axis=1) > 1, 1.0, np.nan)
        raw, near = _divide(weights @ self.agree, units), _divide(weights @ self.near, units)
        together = self.coincidences(weights)
        totals = together.sum(axis=2)
        by_chance = ordinal_weights(self.classes).sum() / (self.classes * (self.classes - 1)) * spread
        found = {
            "raw": raw,
            "fleiss": _corrected(raw, (portions**2).sum(axis=1)) * varied,
            "ac1": _corrected(raw, spread / (self.classes - 1)) * varied,
            "ac2": _corrected(near, by_chance) * varied,
            "alpha_nominal": _alpha(together, totals, np.ones((1, self.classes, self.classes))),
            "alpha_ordinal": _alpha(together, totals, _ordinal_distances(totals)),
        }
        for place in range(self.classes):
            found[f"class {place}"] = _divide(together[:, place, place], totals[:, place])
        return found


def ordinal_weights(classes: int) -> Floats:
    """Gwet 2014: 1 on the diagonal, 0 between the ends."""
    apart = np.abs(np.subtract.outer(np.arange(classes), np.arange(classes)))
    weights: Floats = 1 - (apart + 1) * apart / 2 / (classes * (classes - 1) / 2)
    return weights


def _ordinal_distances(totals: Floats) -> Floats:
    """Krippendorff 2011: how many judgements lie between two classes, half of their own included; squared."""
    up_to = np.cumsum(totals, axis=1)
    middle = up_to - totals / 2
    return np.asarray((middle[:, :, None] - middle[:, None, :]) ** 2)


def _alpha(together: Floats, totals: Floats, distances: Floats) -> Floats:
    differ = 1 - np.eye(totals.shape[1])
    observed = (together * distances * differ).sum(axis=(1, 2))
    expected = (totals[:, :, None] * totals[:, None, :] * distances * differ).sum(axis=(1, 2))
    return np.asarray(1 - (totals.sum(axis=1) - 1) * _divide(observed, expected))


def _corrected(observed: Floats, chance: Floats) -> Floats:
    return _divide(observed - chance, 1 - chance)


def _divide(parts: Any, wholes: Any) -> Floats:
    wholes = np.asarray(wholes, np.float64)
    nothing = np.abs(wholes) < 1e-12
    return np.asarray(np.where(nothing, np.nan, np.asarray(parts) / np.where(nothing, 1.0, wholes)))


def _by_group(place: Ints, clusters: Ints, patterns: int, rng: np.random.Generator) -> Floats:
    """How often each pattern occurs in each group of clusters."""
    names, cluster = np.unique(clusters, return_inverse=True)
    group = _groups(len(names), rng)[cluster.reshape(-1)]
    found = np.zeros((min(len(names), MOST_GROUPS), patterns))
    np.add.at(found, (group, place), 1)
    return found


def _grouped(rows: Floats, clusters: Ints, rng: np.random.Generator) -> Floats:
    group = _groups(len(clusters), rng)
    found = np.zeros((min(len(clusters), MOST_GROUPS), rows.shape[1]))
    np.add.at(found, group, rows)
    return found


def _groups(clusters: int, rng: np.random.Generator) -> Ints:
    """The group of each cluster: their own, or where there are very many one of MOST_GROUPS, by chance."""
    if clusters <= MOST_GROUPS:
        return np.arange(clusters)
    return np.asarray(rng.permutation(clusters) % MOST_GROUPS)


def _resampled(groups: Floats, seed: int) -> Floats:
    return np.asarray(_draws(len(groups), seed) @ groups)


@lru_cache(maxsize=2)
def _draws(number: int, seed: int) -> Floats:
    """How often each of the groups is drawn, for each resample."""
    draws = np.random.default_rng(seed).multinomial(number, np.full(number, 1 / number), size=RESAMPLES)
    return draws.astype(np.float64)


def _figure(value: float, drawn: Floats | None, why: Why) -> Figure:
    if np.isnan(value):
        return Figure(None, why=why)
    known = drawn[~np.isnan(drawn)] if drawn is not None else np.zeros(0)
    # Where many draws have no value, those that have one are no fair sample.
    if len(known) < 0.95 * RESAMPLES:
        return Figure(float(value), why=Why.FEW)
    low, high = np.quantile(known, [0.025, 0.975])
    return Figure(float(value), float(low), float(high))
