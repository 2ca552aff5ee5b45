"""How well labelers agree with what is known: for leads and reviewers, never for labelers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber

from active_learning.intervals import wilson
from annotation.models import Exclusion, Gold, GoldJudgement, Label, Labeler, Membership, Project
from annotation.models.labelers import Admission, LabelerState
from annotation.models.labels import Purpose
from annotation.models.projects import Role
from annotation.models.quality import GoldKind

WINDOW = 30  # newest judgements that count, as many as the paper's screening had


@dataclass(frozen=True)
class Agreement:
    """How many labels of gold agree with it, and between which shares the labeler's own lies with 95 % confidence."""

    agreed: int
    judged: int

    @property
    def share(self) -> float | None:
        return self.agreed / self.judged if self.judged else None

    @property
    def low(self) -> float:
        return wilson(self.agreed, self.judged)[0]

    @property
    def high(self) -> float:
        return wilson(self.agreed, self.judged)[1]

    # Places in a drawing that is 100 wide; the mark of the share is 2 wide and stays inside.
    @property
    def reach_x(self) -> float:
        return round(100 * self.low, 1)

    @property
    def reach_width(self) -> float:
        return round(100 * (self.high - self.low), 1)

    @property
    def mark_x(self) -> float:
        return round(98 * (self.share or 0.0), 1)


@dataclass(frozen=True)
class Spell:
    """Since when what counts counts; None: from the beginning."""

    screening_began: datetime | None = None
    reinstated: datetime | None = None


@dataclass(frozen=True)
class LabelerQuality:
    labeler: Labeler
    score: Agreement  # of the last WINDOW hidden ones
    screening: Agreement
    exclusion: Exclusion | None
    excluded_labels: int
    pass_share: float

    @property
    def is_doubtful(self) -> bool:
        """Below the share that is wanted, though it may be chance."""
        share = self.score.share
        return share is not None and share < self.pass_share


@dataclass(frozen=True)
class QualityPage:
    labelers: list[LabelerQuality]
    live: dict[str, int]  # gold by kind
    wanted: float

    @property
    def wanted_percent(self) -> float:
        return round(99 * self.wanted, 1)

    @property
    def paused(self) -> list[LabelerQuality]:
        return [one for one in self.labelers if one.labeler.state == LabelerState.PAUSED]

    @property
    def rejected(self) -> list[LabelerQuality]:
        return [one for one in self.labelers if one.labeler.admission == Admission.REJECTED]


def running_score(labeler: Labeler) -> Agreement:
    """Of the last WINDOW solutions of quality control, since the labeler was reinstated where they were paused before.
    Two queries."""
    rows = hidden(GoldJudgement.objects.filter(labeler=labeler))
    if began := spells([labeler.pk])[labeler.pk].reinstated:
        rows = rows.filter(at__gte=began)
    newest = rows.order_by("-at", "-pk").values_list("agrees", flat=True)[:WINDOW]
    return agreement(list(newest))


def hidden(judgements: QuerySet[GoldJudgement]) -> QuerySet[GoldJudgement]:
    """Those by which the running score goes: what everybody is told about does not measure."""
    return judgements.filter(label__purpose=Purpose.QUALITY_CONTROL).exclude(gold__kind=GoldKind.VISIBLE)


def quality_page(project: Project) -> QualityPage:
    """Seven queries, however many labelers there are."""
    people = _people(project)
    ids = [one.pk for one in people]
    spell, scores, screenings = spells(ids), _scores(ids), _screenings(ids)
    exclusions = {one.labeler_id: one for one in Exclusion.objects.in_force().filter(labeler__in=ids)}
    left_out = _excluded_labels(project)
    rows = [
        LabelerQuality(
            labeler=one,
            score=_since(scores.get(one.pk, []), spell[one.pk].reinstated),
            screening=_since(screenings.get(one.pk, []), spell[one.pk].screening_began),
            exclusion=exclusions.get(one.pk),
            excluded_labels=left_out.get(one.pk, 0),
            pass_share=project.quality_pass,
        )
        for one in people
    ]
    return QualityPage(rows, live_gold(project), project.quality_pass)


def live_gold(project: Project) -> dict[str, int]:
    """How many there are of each kind. One query."""
    kinds = list(Gold.objects.live().filter(project=project).values_list("kind", flat=True))
    return {kind: kinds.count(kind) for kind in GoldKind.values}


def labeler_by_pseudonym(project: Project, pseudonym: str) -> Labeler | None:
    return Labeler.objects.filter(project=project, pseudonym=pseudonym).select_related("project").first()


def spells(labelers: Sequence[int]) -> dict[int, Spell]:
    """When the newest screening of each began, and when they were last reinstated. One query.

    By the history that triggers keep (models/labelers.py), in the order of its ids: its times are those of transactions.
    """
    found = {pk: Spell() for pk in labelers}
    was_screening: dict[int, bool] = {}
    was_paused: dict[int, bool] = {}
    rows = apps.get_model("annotation", "LabelerEvent").objects.filter(pgh_obj__in=labelers).order_by("pgh_id")
    for pk, state, admission, at in rows.values_list("pgh_obj", "state", "admission", "pgh_created_at"):
        spell, is_screening, is_paused = found[pk], admission == Admission.SCREENING, state == LabelerState.PAUSED
        begins = is_screening and not was_screening.get(pk)
        ends = was_paused.get(pk) and not is_paused
        found[pk] = Spell(at if begins else spell.screening_began, at if ends else spell.reinstated)
        was_screening[pk], was_paused[pk] = is_screening, is_paused
    return found


def _people(project: Project) -> list[Labeler]:
    """Who labels here, and who was excluded though they do not any more, or never had an account."""
    members = Membership.objects.filter(project=project, role=Role.LABELER).values("user")
    excluded = Exclusion.objects.in_force().filter(project=project).values("labeler")
    judged = GoldJudgement.objects.filter(project=project).values("labeler")
    found = Labeler.objects.filter(Q(user__in=members) | Q(pk__in=excluded) | Q(pk__in=judged), project=project)
    return list(found.select_related("user").order_by("user__username", "pk"))


def _scores(labelers: Sequence[int]) -> dict[int, list[tuple[datetime, bool]]]:
    place = Window(RowNumber(), partition_by=F("labeler"), order_by=[F("at").desc(), F("pk").desc()])
    rows = hidden(GoldJudgement.objects.filter(labeler__in=labelers)).annotate(place=place).filter(place__lte=WINDOW)
    return _by_labeler(rows.values_list("labeler", "at", "agrees"))


def _screenings(labelers: Sequence[int]) -> dict[int, list[tuple[datetime, bool]]]:
    rows = GoldJudgement.objects.filter(labeler__in=labelers, label__purpose=Purpose.SCREENING)
    return _by_labeler(rows.values_list("labeler", "at", "agrees"))


def _by_labeler(rows: Any) -> dict[int, list[tuple[datetime, bool]]]:
    found: dict[int, list[tuple[datetime, bool]]] = {}
    for labeler, at, agrees in rows:
        found.setdefault(labeler, []).append((at, agrees))
    return found


def _since(rows: Sequence[tuple[datetime, bool]], began: datetime | None) -> Agreement:
    return agreement([agrees for at, agrees in rows if began is None or at >= began])


def agreement(agrees: Sequence[bool]) -> Agreement:
    return Agreement(agreed=sum(agrees), judged=len(agrees))


def _excluded_labels(project: Project) -> dict[int, int]:
    """How many labels of whom an exclusion in force leaves out."""
    theirs = Label.objects.current().filter(labeler=OuterRef("labeler"), created_at__gte=OuterRef("since"))
    counted = theirs.filter(purpose=Purpose.PRODUCTION).order_by().values("labeler").annotate(number=Count("pk"))
    excluded = Exclusion.objects.in_force().filter(project=project)
    rows: Any = excluded.annotate(labels=Subquery(counted.values("number"))).values_list("labeler", "labels")
    return {labeler: labels or 0 for labeler, labels in rows}
