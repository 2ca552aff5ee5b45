"""How far the labelers of a project agree: on the ratings of steps that several of them reached, and on first errors.

A labeler stops at the first error, so later steps are compared among those who went on.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import combinations
from time import perf_counter
from typing import Any

import numpy as np
from django.core.cache import cache
from django.core.paginator import Page, Paginator

from active_learning import agreement, crowd
from active_learning.agreement import Agreement, Figure, Why
from annotation.models import Labeler, Membership, Project, Solution, TallyRun
from annotation.queries import adjudication
from annotation.queries.agreement_table import RATINGS, Judged, Sample, Table, judged

KEPT = "agreement"  # where the counts of a run hold it
MOST_SOLUTIONS = 2000  # the newest ones: a share of them is known to two percent
MOST_PAIRS, MOST_PEOPLE, MOST_DOUBTS, ROWS_ON_A_PAGE = 50, 50, 20, 20
LEAST_LABELERS = 3  # between two nobody can tell who is right
SURE = 0.8  # how likely a rating has to be before it is held against that of most
# Computed afresh while that is quick; else kept for so many times as long as it took, and the page says since when.
QUICK_SECONDS, KEPT_TIMES, MOST_KEPT_SECONDS = 0.3, 60, 900


@dataclass(frozen=True)
class Pair:
    labelers: tuple[int, int]
    solutions: int
    same_first_error: int
    steps: int
    same_ratings: int
    kappa: Figure

    @property
    def share(self) -> float | None:
        return self.same_ratings / self.steps if self.steps else None


@dataclass(frozen=True)
class Ability:
    """How often a labeler gives the rating that is likely true, all labelers of the step considered."""

    labeler: int
    ratings: int
    share: float


@dataclass(frozen=True)
class Doubt:
    """A step of which able labelers think otherwise than most."""

    solution: int
    step: int  # from 0
    most: int  # the rating that most gave
    likely: int
    probability: float
    ratings: int


@dataclass(frozen=True)
class Found:
    """All that takes time. Labelers and solutions by their ids."""

    shared: int  # solutions
    solutions: int  # of them that were looked at
    labels: int
    labelers: int
    steps: Agreement
    exact: Figure  # first errors: the same one, or none at all
    near: Figure  # at most one step apart
    pairs: list[Pair] = field(default_factory=list)  # those who share most
    pairs_in_all: int = 0
    abilities: list[Ability] = field(default_factory=list)  # the least able first; none where there are only two
    doubts: list[Doubt] = field(default_factory=list)
    contested: list[tuple[int, int, int]] = field(default_factory=list)  # (solution, labels, different first errors)


@dataclass(frozen=True)
class Contested:
    solution: Solution
    labels: int
    answers: int
    is_case: bool  # there is a page to decide it on
    is_decided: bool


@dataclass(frozen=True)
class AgreementPage:
    found: Found
    as_of: datetime
    labelers: dict[int, Labeler]
    rows: "Page[tuple[int, int, int]]"
    contested: list[Contested]
    doubts: list[Doubt]  # without those that would tell what others rated, where one may yet have to judge it


def agreement_page(by: Membership, *, now: datetime, page: str | None) -> AgreementPage:
    """Seven queries, the second of which may be spared."""
    found, as_of = _kept(by.project, now)
    rows = Paginator(found.contested, ROWS_ON_A_PAGE).get_page(page)
    shown = {one for pair in found.pairs for one in pair.labelers} | {one.labeler for one in found.abilities}
    blind = adjudication.to_judge_blind(by, [one.solution for one in found.doubts])
    return AgreementPage(
        found=found,
        as_of=as_of,
        labelers=Labeler.objects.select_related("user").in_bulk(shown),
        rows=rows,
        contested=_contested(list(rows)),
        doubts=[one for one in found.doubts if one.solution not in blind],
    )


def keep(found: Found) -> dict[str, Any]:
    """As JSON, for the counts of a run of tallies."""
    return asdict(found)


def read(kept: dict[str, Any]) -> Found:
    """What keep() made of it."""
    figures = {name: _figure(kept[name]) for name in ("exact", "near")}
    pairs = [
        Pair(**one | {"labelers": tuple(one["labelers"]), "kappa": _figure(one["kappa"])}) for one in kept["pairs"]
    ]
    lists = {
        "pairs": pairs,
        "abilities": [Ability(**one) for one in kept["abilities"]],
        "doubts": [Doubt(**one) for one in kept["doubts"]],
        "contested": [(solution, labels, answers) for solution, labels, answers in kept["contested"]],
    }
    return Found(**kept | {"steps": _steps(kept["steps"])} | figures | lists)


def _steps(kept: dict[str, Any]) -> Agreement:
    figures = {name: _figure(value) for name, value in kept.items() if isinstance(value, dict)}
    return Agreement(**kept | figures | {"of_class": [_figure(one) for one in kept["of_class"]]})


def _figure(kept: dict[str, Any]) -> Figure:
    return Figure(**kept | {"why": Why(kept["why"]) if kept["why"] else None})


def _kept(project: Project, now: datetime) -> tuple[Found, datetime]:
    """What the last run of tallies found, where the project has one; else what was found before, where finding it took
    long. That is in the memory of this process: nothing is wrong without it."""
    run = TallyRun.objects.filter(project=project).first()
    if run and KEPT in run.counts:
        return read(run.counts[KEPT]), run.as_of
    key = f"agreement-{project.pk}"
    kept: tuple[Found, datetime] | None = cache.get(key)
    if kept is not None:
        return kept
    started = perf_counter()
    found = find(project)
    seconds = perf_counter() - started
    if seconds > QUICK_SECONDS:
        cache.set(key, (found, now), min(MOST_KEPT_SECONDS, KEPT_TIMES * seconds))
    return found, now


def find(project: Project) -> Found:
    """One query, and seconds of sums where there is very much."""
    return agreement_of(judged(project, most=MOST_SOLUTIONS))


def agreement_of(sample: Sample) -> Found:
    table = Table.of(sample.judged)
    exact, near = _first_errors(table.by_solution)
    counts = np.zeros((len(table.units), len(RATINGS)), np.int64)
    np.add.at(counts, (table.unit, table.rating), 1)
    solution_of = np.array([solution for solution, _ in table.units], np.int64)
    pairs, pairs_in_all = _pairs(table)
    abilities, doubts = _consensus(table)
    labelers = len({one.labeler for one in sample.judged})
    return Found(
        shared=sample.shared,
        solutions=len(table.by_solution),
        labels=len(sample.judged),
        labelers=labelers,
        steps=agreement.of_counts(counts, solution_of),
        exact=exact,
        near=near,
        pairs=pairs,
        pairs_in_all=pairs_in_all,
        abilities=abilities[:MOST_PEOPLE] if labelers >= LEAST_LABELERS else [],
        doubts=doubts[:MOST_DOUBTS],
        contested=_disputed(table.by_solution),
    )


def _first_errors(by_solution: dict[int, list[Judged]]) -> tuple[Figure, Figure]:
    """Shares of pairs of labelers; each solution counts once, however many judged it."""
    exact, near = [], []
    for judgements in by_solution.values():
        times = Counter(one.first_error for one in judgements)
        pairs = len(judgements) * (len(judgements) - 1)
        same = sum(number * (number - 1) for number in times.values())
        beside = sum(2 * times[place] * times[place + 1] for place in times if place is not None and place + 1 in times)
        exact.append(same / pairs)
        near.append((same + beside) / pairs)
    ones = np.ones(len(exact))
    return agreement.share(np.array(exact), ones), agreement.share(np.array(near), ones)


def _pairs(table: Table) -> tuple[list[Pair], int]:
    """Those who share most first, and of them those who agree least; and how many pairs there are."""
    together: Counter[tuple[int, int]] = Counter()
    same: Counter[tuple[int, int]] = Counter()
    for judgements in table.by_solution.values():
        for one, other in combinations(sorted(judgements, key=lambda each: each.labeler), 2):
            together[one.labeler, other.labeler] += 1
            same[one.labeler, other.labeler] += one.first_error == other.first_error
    shown = sorted(together, key=lambda pair: (-together[pair], same[pair], pair))[:MOST_PAIRS]
    ratings = _ratings_of(table, {labeler for pair in shown for labeler in pair})
    nothing = np.zeros((len(RATINGS), len(RATINGS)), np.int64)
    return [_pair(pair, together[pair], same[pair], ratings.get(pair, nothing)) for pair in shown], len(together)


def _ratings_of(table: Table, labelers: set[int]) -> dict[tuple[int, int], agreement.Ints]:
    """For each two of these labelers, which ratings they gave to the steps that both rated."""
    ids = np.array(table.labelers, np.int64)[table.person] if table.units else table.person
    rows = np.isin(ids, list(labelers))
    return agreement.pairs(table.unit[rows], ids[rows], table.rating[rows], len(RATINGS))


def _pair(labelers: tuple[int, int], solutions: int, same: int, ratings: agreement.Ints) -> Pair:
    return Pair(labelers, solutions, same, int(ratings.sum()), int(np.trace(ratings)), agreement.cohen(ratings))


def _consensus(table: Table) -> tuple[list[Ability], list[Doubt]]:
    if not table.units:
        return [], []
    found = table.consensus()
    times = np.bincount(table.person)
    abilities = [
        Ability(labeler, int(number), float(share))
        for labeler, number, share in zip(table.labelers, times, found.ability, strict=True)
    ]
    most, is_clear = crowd.majority(table.unit, table.rating, classes=len(RATINGS))
    likely, sure = found.posterior.argmax(axis=1), found.posterior.max(axis=1)
    ratings = np.bincount(table.unit)
    doubts = [
        Doubt(*table.units[unit], RATINGS[most[unit]], RATINGS[likely[unit]], float(sure[unit]), int(ratings[unit]))
        for unit in np.flatnonzero(is_clear & (most != likely) & (sure >= SURE))
    ]
    return sorted(abilities, key=lambda one: one.share), sorted(doubts, key=lambda one: -one.probability)


def _disputed(by_solution: dict[int, list[Judged]]) -> list[tuple[int, int, int]]:
    found = [
        (solution, len(judgements), len({one.first_error for one in judgements}))
        for solution, judgements in by_solution.items()
    ]
    return sorted((one for one in found if one[2] > 1), key=lambda one: (-one[2], -one[0]))


def _contested(rows: Sequence[tuple[int, int, int]]) -> list[Contested]:
    related = Solution.objects.select_related("problem", "adjudication", "disagreement").defer("steps")
    solutions = related.in_bulk([solution for solution, _, _ in rows])
    return [_one(solutions[solution], labels, answers) for solution, labels, answers in rows if solution in solutions]


def _one(solution: Solution, labels: int, answers: int) -> Contested:
    """Labels of a problem that is withdrawn disagree, and there is nothing to decide."""
    case = getattr(solution, "adjudication", None)
    is_open = hasattr(solution, "disagreement") and solution.problem.trains
    return Contested(solution, labels, answers, bool(case or is_open), bool(case and case.label_id))
