"""How the selectors of a project change from round to round, and whether more labels still make them better.

Lightman et al. 2023, §4.2 saw training on its own selection become unstable and could not find out why.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from annotation.queries.picks import Judged, judged
from annotation.queries.rounds import Comparison, Metrics, RoundSummary

IN_A_ROW = 2  # gains that are not shown to be one, before more labels are doubted


@dataclass(frozen=True)
class Gain:
    """How much higher the step AUC of a round's selector is than that of the one in use, on the same held-out
    problems, with a 95 % interval; and how many labels more it was trained on."""

    number: int
    labels: int | None
    value: float
    low: float
    high: float

    @property
    def may_be_none(self) -> bool:
        return self.low <= 0 <= self.high


@dataclass(frozen=True)
class Generation:
    """One round that trained a selector."""

    number: int
    labels: int | None  # trained on
    metrics: Metrics
    compared: Comparison
    gain: Gain | None
    judged: Judged

    @property
    def auc_change(self) -> float | None:
        return self.gain.value if self.gain else None


@dataclass(frozen=True)
class Drift:
    generations: list[Generation]  # oldest first
    stop: list[Gain]  # why to stop labeling; empty where there is no reason
    is_unclear: bool  # the last gains may be none, and may be large: too few problems are held out to tell

    @property
    def has_calibration(self) -> bool:
        return any(one.metrics.ece is not None for one in self.generations)


def drift(rounds: Sequence[RoundSummary], *, tolerance: float) -> Drift:
    """Of these rounds, newest first, those that trained a selector; `tolerance` as in reasons_to_stop. One query."""
    trained = [one for one in reversed(rounds) if one.report.metrics]
    of_round = judged([one.round for one in trained])
    generations = [_generation(one, of_round.get(one.round.pk, Judged())) for one in trained]
    gains = [one.gain for one in generations]
    stop = reasons_to_stop(gains, tolerance=tolerance)
    return Drift(generations, stop, is_unclear=not stop and bool(_maybe_none(gains)))


def reasons_to_stop(gains: Sequence[Gain | None], *, tolerance: float) -> list[Gain]:
    """The last gains, oldest first, where each of IN_A_ROW may be none at all and is at most `tolerance` (of step AUC,
    which the project would also bear to lose); empty otherwise. A wide interval says that little is known, not that
    little is gained.

    The figure is step AUC until best-of-N accuracy is measured on a project's own problems.
    """
    known = _maybe_none(gains)
    return known if all(gain.high <= tolerance for gain in known) else []


def _maybe_none(gains: Sequence[Gain | None]) -> list[Gain]:
    """The last IN_A_ROW where each may be none at all; empty otherwise. None stands for a round that could not be
    compared (the first, or too few held-out problems): it says nothing."""
    known = [gain for gain in gains[-IN_A_ROW:] if gain is not None and gain.may_be_none]
    return known if len(known) == IN_A_ROW else []


def _generation(one: RoundSummary, judged: Judged) -> Generation:
    compared = one.report.compared
    found = compared.auc_difference
    more = None if compared.labels_before is None else (one.report.labels or 0) - compared.labels_before
    return Generation(
        number=one.round.number,
        labels=one.report.labels,
        metrics=one.report.measured,
        compared=compared,
        gain=Gain(one.round.number, more, found["value"], found["low"], found["high"]) if found else None,
        judged=judged,
    )
