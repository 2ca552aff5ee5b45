"""Where a source of automatic labels and a person disagree on the first error, a second person is asked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Q

from annotation.models import AutomaticSource, Label, Project, Round, Slot, Solution, User
from annotation.models.labels import Origin, Purpose
from annotation.models.problems import Split
from annotation.models.rounds import RoundState
from annotation.models.slots import Arm, SlotState
from annotation.queries import automatic_agreement
from annotation.queries.automatic_agreement import FirstError
from annotation.services import audit
from annotation.services.refusal import Refusal

OPEN = [SlotState.READY, SlotState.LEASED]


class NoRoundYet(Refusal):
    """A second label is asked for in a round, and this project has had none. Run a round first."""


class NothingToSend(Refusal):
    """There is nothing to send: people and this source agree, or the disagreements were sent already."""


@dataclass(frozen=True)
class Sent:
    queued: int
    left_out: dict[str, int] = field(default_factory=dict)  # why: known, decided, waits, enough


def send_disagreements(*, source: AutomaticSource, by: User) -> Sent:
    """One more slot for each solution whose first error the source and the newest label place differently, once for each
    source: what labelers make of it, and reviewers after them, is as with any second label.

    Labelers never see why. Raises NoRoundYet, NothingToSend.
    """
    with transaction.atomic():
        # Against somebody who sends the same ones in the same moment, and a round that is being started.
        project = Project.objects.select_for_update(no_key=True).get(pk=source.project_id)
        wanted = [one.solution for one in automatic_agreement.compared(source) if one.first_error != FirstError.SAME]
        reasons = _reasons_against(project, source, wanted)
        free = [pk for pk in wanted if pk not in reasons]
        if not free:
            raise NothingToSend
        Slot.objects.bulk_create(_slots(project, source, free))
        sent = Sent(len(free), dict(sorted(Counter(reasons.values()).items())))
        audit.record(
            project=project,
            by=by,
            action="send disagreements to people",
            target=source.name,
            queued=sent.queued,
            left_out=sent.left_out,
        )
    return sent


def _reasons_against(project: Project, source: AutomaticSource, solutions: Sequence[int]) -> dict[int, str]:
    """Why nobody is asked again, of those of which nobody is."""
    slots = Slot.objects.in_queue().filter(solution=OuterRef("pk")).exclude(state=SlotState.VOID)
    labels = Label.objects.current().filter(purpose=Purpose.PRODUCTION)
    tests = {
        "known": Q(gold__isnull=False),
        "unsound": Q(problem__split=Split.TEST) | Q(problem__withdrawn_at__isnull=False),
        "decided": Q(Exists(labels.filter(solution=OuterRef("pk"), origin=Origin.REVIEWER))),
        "sent": Q(Exists(slots.filter(served_reason__automatic=source.pk))),
        "waits": Q(Exists(slots.filter(state__in=OPEN))),
    }
    given = labels.filter(solution__in=solutions).order_by().values("solution").annotate(number=Count("pk"))
    enough = given.filter(number__gte=project.most_labels).values_list("solution", flat=True)
    reasons = dict.fromkeys(enough, "enough")
    for why, test in reversed(tests.items()):
        which = Solution.objects.filter(test, project=project, pk__in=solutions).values_list("pk", flat=True)
        reasons |= dict.fromkeys(which, why)
    return reasons


def _slots(project: Project, source: AutomaticSource, solutions: Sequence[int]) -> list[Slot]:
    """In the round in which the solution was labeled; what came in with its label, in the last round."""
    slots = Slot.objects.filter(solution__in=solutions).exclude(state=SlotState.VOID)
    waves = dict(slots.order_by().values_list("solution").annotate(Max("wave")))
    first = {slot.solution_id: slot for slot in slots.exclude(arm__in=[Arm.GOLD, Arm.SCREENING]).order_by("-wave")}
    rounds = Round.objects.filter(project=project, state=RoundState.DONE).order_by("-number")
    last = rounds.values_list("pk", flat=True).first()
    if last is None:
        raise NoRoundYet
    made = []
    for pk in solutions:
        before = first.get(pk)
        told = {"automatic": source.pk, "overlap": "an automatic label disagrees"}
        made.append(
            Slot(
                project=project,
                solution_id=pk,
                round_id=before.round_id if before else last,
                wave=waves.get(pk, 0) + 1,
                arm=Arm.OVERLAP,
                priority=before.priority if before else 0.0,
                served_reason=(before.served_reason | {"arm": before.arm} if before else {}) | told,
            )
        )
    return made
