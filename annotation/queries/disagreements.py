"""Which solutions that a source and people see differently would go to a second person, and why the others would not."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_noop as _

from annotation.models import AutomaticSource, Label, Slot, Solution
from annotation.models.labels import Origin, Purpose
from annotation.models.problems import Split
from annotation.models.slots import SlotState

OPEN = [SlotState.READY, SlotState.LEASED]
TOLD = "an automatic label disagrees"  # in served_reason, of the slots that were sent
WHY_NOT = {
    "known": _("gold, whose ratings are known"),
    "unsound": _("of a problem that is held out or withdrawn"),
    "decided": _("decided by a reviewer"),
    "sent": _("sent already"),
    "waits": _("waiting for a label already"),
    "enough": _("labeled by as many people as the settings allow"),
}


@dataclass(frozen=True)
class ToSend:
    """The solutions in the order given, and of how many others nobody is asked, by the keys of WHY_NOT."""

    solutions: list[int] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)


def to_send(source: AutomaticSource, solutions: Sequence[int]) -> ToSend:
    """Of those whose first error the source and a person place differently. Seven queries, or none."""
    if not solutions:
        return ToSend()
    reasons = dict.fromkeys(_with_labels_enough(source, solutions), "enough")
    for why, test in reversed(_tests(source).items()):
        which = Solution.objects.filter(test, project=source.project_id, pk__in=solutions)
        reasons |= dict.fromkeys(which.values_list("pk", flat=True), why)
    counted = Counter(reasons.values())
    return ToSend([pk for pk in solutions if pk not in reasons], {why: counted[why] for why in WHY_NOT if counted[why]})


def sent(source: AutomaticSource) -> dict[str, int]:
    """How many solutions were sent for this source, by the state of their slot; not what followed of it. One query."""
    slots = Slot.objects.filter(
        project=source.project_id, served_reason__automatic=source.pk, served_reason__overlap=TOLD
    )
    return dict(slots.exclude(state=SlotState.VOID).values_list("state").annotate(Count("pk")))


def _labels() -> QuerySet[Label]:
    return Label.objects.current().filter(purpose=Purpose.PRODUCTION)


def _tests(source: AutomaticSource) -> dict[str, Q]:
    slots = Slot.objects.in_queue().filter(solution=OuterRef("pk")).exclude(state=SlotState.VOID)
    return {
        "known": Q(gold__isnull=False),
        "unsound": Q(problem__split=Split.TEST) | Q(problem__withdrawn_at__isnull=False),
        "decided": Q(Exists(_labels().filter(solution=OuterRef("pk"), origin=Origin.REVIEWER))),
        "sent": Q(Exists(slots.filter(served_reason__automatic=source.pk))),
        "waits": Q(Exists(slots.filter(state__in=OPEN))),
    }


def _with_labels_enough(source: AutomaticSource, solutions: Iterable[int]) -> QuerySet[Label, int]:
    given = _labels().filter(solution__in=solutions).order_by().values("solution").annotate(number=Count("pk"))
    return given.filter(number__gte=source.project.most_labels).values_list("solution", flat=True)
