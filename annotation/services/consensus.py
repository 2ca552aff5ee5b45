"""Where a source of automatic labels and a person disagree on the first error, a second person is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from annotation.models import AutomaticSource, Project, Round, Slot, User
from annotation.models.rounds import RoundState
from annotation.models.slots import Arm, SlotState
from annotation.queries import automatic_agreement, disagreements
from annotation.queries.automatic_agreement import FirstError
from annotation.services import audit, problems
from annotation.services.refusal import Refusal

MOST = 100  # at one time, where nobody says otherwise


class NoRoundYet(Refusal):
    """A second label is asked for in a round, and this project has had none. Run a round first."""


class NothingToSend(Refusal):
    """There is nothing to send: people and this source place all first errors alike."""

    @classmethod
    def because(cls, left_out: dict[str, int]) -> "NothingToSend":
        words = [f"{_(disagreements.WHY_NOT[why])} ({number})" for why, number in left_out.items()]
        return cls(_("There is nothing to send: %(reasons)s.") % {"reasons": ", ".join(words)} if words else "")


@dataclass(frozen=True)
class Sent:
    queued: int
    left_out: dict[str, int] = field(default_factory=dict)  # by the keys of disagreements.WHY_NOT
    later: int = 0  # beyond the most


def send_disagreements(*, source: AutomaticSource, by: User, most: int = MOST) -> Sent:
    """One more slot for each solution whose first error the source and the newest label place differently, the newest
    `most` of them, once for each source: what labelers make of it, and reviewers after them, is as with any second label.

    Labelers never see why. Raises NoRoundYet, NothingToSend.
    """
    with transaction.atomic():
        # Against somebody who sends the same ones in the same moment, and a round that is being started.
        project = Project.objects.select_for_update(no_key=True).get(pk=source.project_id)
        rows, _is_all = automatic_agreement.compared(source)
        found = disagreements.to_send(source, [one.solution for one in rows if one.first_error != FirstError.SAME])
        problems.hold(found.solutions[:most])
        chosen = disagreements.to_send(source, found.solutions[:most]).solutions  # as they are from now on
        if not chosen:
            raise NothingToSend.because(found.left_out)
        Slot.objects.bulk_create(_slots(project, source, chosen))
        sent = Sent(len(chosen), found.left_out, len(found.solutions) - len(chosen))
        audit.record(
            project=project,
            by=by,
            action="send disagreements to people",
            target=source.name,
            queued=sent.queued,
            left_out=sent.left_out,
        )
    return sent


def _slots(project: Project, source: AutomaticSource, solutions: Sequence[int]) -> list[Slot]:
    """In the round in which the solution was labeled; what came in with its label, in the last round."""
    slots = Slot.objects.filter(solution__in=solutions).exclude(state=SlotState.VOID)
    waves = dict(slots.order_by().values_list("solution").annotate(Max("wave")))
    first = {slot.solution_id: slot for slot in slots.in_queue().order_by("-wave")}
    rounds = Round.objects.filter(project=project, state=RoundState.DONE).order_by("-number")
    last = rounds.values_list("pk", flat=True).first()
    if last is None:
        raise NoRoundYet
    made = []
    for pk in solutions:
        before = first.get(pk)
        told = {"automatic": source.pk, "overlap": disagreements.TOLD}
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
