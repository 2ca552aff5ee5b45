"""The rows of the page on agreement: figures with their names, and what each is."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from active_learning.agreement import Figure
from annotation.models import Labeler
from annotation.queries.agreement import Ability, AgreementPage, Doubt, Found, Pair
from annotation.queries.agreement_table import SoftLabel
from annotation.queries.agreement_words import why
from labeling_ui.csv_files import Cell, csv_response

SOFT_LABELS = ["solution", "step", "ratings", "bad", "okay", "great"]


@dataclass(frozen=True)
class Row:
    name: str
    figure: Figure
    about: str
    is_share: bool = False

    @property
    def why(self) -> str:
        return why(self.figure)

    @property
    def drawn(self) -> tuple[int, int, int] | None:
        """Value and interval in a drawing that is 100 wide from 0 to 1; what lies below 0 is at its edge."""
        if self.figure.value is None:
            return None
        ends = (self.figure.value, self.figure.low, self.figure.high)
        value, low, high = (round(100 * max(0.0, self.figure.value if end is None else end)) for end in ends)
        return value, low, high


@dataclass(frozen=True)
class ClassRow:
    """A rating: how often it was given, how often others gave it too, and what they gave instead."""

    name: str
    rating: int
    times: int
    figure: Figure
    others: list[float]  # shares of Bad, Okay, Great among what others gave


def tables(page: AgreementPage) -> dict[str, Any]:
    found, people = page.found, page.labelers
    return {
        "first_errors": _first_errors(found),
        "statistics": _statistics(found),
        "classes": _classes(found),
        "pairs": _pairs(found.pairs, people),
        "abilities": _abilities(found.abilities, people),
        "doubts": _doubts(page.doubts),
    }


def names() -> dict[int, str]:
    return {-1: _("Bad"), 0: _("Okay"), 1: _("Great")}


def _first_errors(found: Found) -> list[Row]:
    return [
        Row(_("The same first error"), found.exact, _("or both found none"), is_share=True),
        Row(_("At most one step apart"), found.near, _("or both found none"), is_share=True),
    ]


def _statistics(found: Found) -> list[Row]:
    steps = found.steps
    return [
        Row(_("Raw agreement"), steps.raw, _("chance included"), is_share=True),
        Row(
            _("Krippendorff’s alpha, ordinal"), steps.alpha_ordinal, _("Great for Bad weighs more than Great for Okay")
        ),
        Row(_("Krippendorff’s alpha, nominal"), steps.alpha_nominal, _("every difference weighs the same")),
        Row(_("Fleiss’ kappa"), steps.fleiss, _("like alpha, without its correction for few ratings")),
        Row(_("Gwet’s AC1"), steps.ac1, _("holds where nearly all ratings are of one kind")),
        Row(_("Gwet’s AC2, ordinal"), steps.ac2, _("the same, with weights for distance")),
    ]


def _classes(found: Found) -> list[ClassRow]:
    rows = []
    for place, (rating, name) in enumerate(names().items()):
        given = found.steps.coincidences[place]
        total = sum(given)
        others = [one / total for one in given] if total else []
        rows.append(ClassRow(name, rating, found.steps.used[place], found.steps.of_class[place], others))
    return rows


def _pairs(pairs: list[Pair], people: dict[int, Labeler]) -> list[dict[str, Any]]:
    return [
        {"people": [people[one] for one in pair.labelers], "pair": pair, "why": why(pair.kappa)}
        for pair in pairs
        if all(one in people for one in pair.labelers)
    ]


def _abilities(abilities: list[Ability], people: dict[int, Labeler]) -> list[tuple[Labeler, Ability]]:
    return [(people[one.labeler], one) for one in abilities if one.labeler in people]


def _doubts(doubts: list[Doubt]) -> list[dict[str, Any]]:
    named = names()
    return [
        {"doubt": one, "most": named[one.most], "likely": named[one.likely], "step": one.step + 1} for one in doubts
    ]


def soft_labels_file(soft_labels: Iterable[SoftLabel], blind: Collection[int], slug: str) -> StreamingHttpResponse:
    """Steps from 1, as pages count them. `blind`: solutions that the reader may yet have to judge without knowing this."""
    rows: Iterator[Sequence[Cell]] = (
        [one.solution, one.step + 1, one.ratings, *(round(share, 4) for share in one.probabilities)]
        for one in soft_labels
        if one.solution not in blind
    )
    return csv_response(f"{slug}-soft-labels.csv", SOFT_LABELS, rows)
