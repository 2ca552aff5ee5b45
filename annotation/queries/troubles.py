"""What is wrong in a project, each with its number and with what to do: for leads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.models import Job, Label, Labeler, Membership, Problem, Project, Slot, TallyRun
from annotation.models.jobs import JobKind, JobState
from annotation.models.labelers import Admission, LabelerState
from annotation.models.labels import FinishReason, Origin
from annotation.models.projects import Role
from annotation.models.slots import SlotState
from annotation.queries import adjudication
from annotation.queries.jobs import PATIENCE, reason
from annotation.queries.reports import ROWS, Kind
from annotation.queries.tallies import run_of

LATELY = timedelta(days=7)
# The sweep gives back what is expired every five seconds: what lies longer tells that nothing sweeps.
UNSWEPT = timedelta(minutes=1)
MOST_COUNTED = 1000  # where it has to be looked for: beyond it nobody needs the number
STALE = timedelta(hours=1)  # the tallies of a large project are renewed within minutes
# The page on which a job of this kind is started anew.
PLACES = {
    JobKind.ROUND: "rounds",
    JobKind.REFILL: "rounds",
    JobKind.EXPORT: "datasets",
    JobKind.OPTIONS: "project_settings",
    JobKind.IMPORT: "project",
    JobKind.GRADING: "project",
    JobKind.AUTOMATIC: "automatic_labels",
    JobKind.SAMPLING: "samplings",
}


@dataclass(frozen=True)
class Trouble:
    """`place` is the name of a page's address, `query` what stands behind it."""

    name: str
    is_urgent: bool  # work stands still, or somebody waits for a lead
    count: int
    title: str
    advice: str
    place: str = ""
    query: str = ""
    detail: str = ""

    @property
    def is_question(self) -> bool:
        """Labelers wait for a lead's word, and work on meanwhile."""
        return self.name == Kind.DISPUTES


def troubles(project: Project, *, now: datetime) -> list[Trouble]:
    """Fourteen queries, and one where work waits for a worker."""
    return troubles_beside(project, run_of(project), now=now)


def troubles_beside(project: Project, run: TallyRun | None, *, now: datetime) -> list[Trouble]:
    """Those that there are, the urgent ones first. Thirteen queries, and one where work waits for a worker."""
    found = [*_work(project, run, now), *_labels(project), *_jobs(project, now), *_reports(project, now)]
    return sorted((one for one in found if one.count), key=lambda one: not one.is_urgent)


def _work(project: Project, run: TallyRun | None, now: datetime) -> Iterable[Trouble]:
    """Three queries."""
    waiting = Slot.objects.in_queue().filter(project=project, state=SlotState.READY)[:1].count()
    expired = Slot.objects.filter(project=project, state=SlotState.LEASED, lease_until__lt=now - UNSWEPT).count()
    members = Membership.objects.filter(project=project, role=Role.LABELER).values("user")
    counted = Labeler.objects.filter(project=project, user__in=members).aggregate(
        paused=Count("pk", filter=Q(state=LabelerState.PAUSED)), active=Count("pk", filter=Q(state=LabelerState.ACTIVE))
    )
    yield Trouble(
        "empty_queue",
        True,
        int(not waiting and counted["active"] > 0),
        _("The queue is empty"),
        _(
            "Nobody gets new work. ML staff start a round, which fills it; problems and solutions may have to be imported before."
        ),
        "rounds",
    )
    yield Trouble(
        "paused",
        True,
        counted["paused"],
        _("Paused labelers"),
        _("They get no work. Look at what they labeled, talk to them, then let them go on or leave their labels out."),
        "labelers",
    )
    yield Trouble(
        "expired_leases",
        True,
        expired,
        _("Leases that ended and were not given back"),
        _("The scheduled sweep does not run. Whoever runs the server starts the worker with its schedule again."),
    )
    yield Trouble(
        "stale_figures",
        False,
        int(run is not None and now - run.as_of > STALE),
        _("Figures are more than an hour old"),
        _("The worker that renews them every few minutes does not run, or is busy with something long."),
    )


def _labels(project: Project) -> Iterable[Trouble]:
    """What wants one more person. Three queries, none of which counts further than anybody needs."""
    yield Trouble(
        "nobody_left",
        True,
        _left_to_nobody(project),
        _("Solutions that wait, and that nobody is left to label"),
        _(
            "They want one more label, and every admitted labeler has given theirs. Invite another labeler, or want fewer "
            "labels of a solution in the settings."
        ),
        "people",
    )
    yield Trouble(
        "undecided",
        False,
        adjudication.undecided(project)[:MOST_COUNTED].count(),
        _("Disagreements that nobody has begun to decide"),
        _("Both labels go on to train. Reviewers and leads decide which first error is right."),
        "adjudication",
    )


def _left_to_nobody(project: Project) -> int:
    """Of the further labels that are wanted, the first ones in the order of the queue. Who labels at all may label what
    nobody has labeled, so first labels are not looked at; and without labelers nothing waits for one more of them."""
    members = Membership.objects.filter(project=project, role=Role.LABELER).values("user")
    working = Labeler.objects.filter(
        project=project, user__in=members, state=LabelerState.ACTIVE, admission=Admission.ADMITTED
    )
    theirs = Label.objects.filter(solution=OuterRef(OuterRef("solution")), labeler=OuterRef("pk"))
    further = Slot.objects.in_queue().filter(project=project, state=SlotState.READY, wave__gt=0)
    first = further.order_by("wave", F("priority").desc(), "pk").values("pk")[:MOST_COUNTED]
    left = Slot.objects.filter(Exists(working), ~Exists(working.filter(~Exists(theirs))), pk__in=first)
    return left.count()


def _jobs(project: Project, now: datetime) -> Iterable[Trouble]:
    """One query, and one where work waits."""
    running = [JobState.QUEUED, JobState.RUNNING]
    recent = Q(state=JobState.FAILED, finished_at__gte=now - LATELY) | Q(state__in=running)
    found = list(Job.objects.filter(recent, project=project).defer("log_tail", "losses").order_by("-pk"))
    waiting = [job for job in found if job.state == JobState.QUEUED and now - job.created_at > PATIENCE]
    if waiting:
        yield _waiting(waiting, now)
    silent = [job for job in found if job.lease_until and job.lease_until < now]
    yield Trouble(
        "silent_jobs",
        True,
        len(silent),
        _("Work whose worker has fallen silent"),
        _("Another worker takes it over within seconds. If it stands here for longer, none is running."),
        detail=_names(silent),
    )
    yield from _failed([job for job in found if job.state == JobState.FAILED])


def _waiting(waiting: Sequence[Job], now: datetime) -> Trouble:
    """One query: a worker that is busy elsewhere is alive."""
    alive = Job.objects.filter(state=JobState.RUNNING, lease_until__gte=now).exists()
    advice = (
        _("The workers are busy with other work; it begins when that is done.")
        if alive
        else _("No worker is running. Whoever runs the server has to start one.")
    )
    return Trouble(
        "waiting_jobs", not alive, len(waiting), _("Work that no worker has taken"), advice, detail=_names(waiting)
    )


def _failed(failed: Sequence[Job]) -> Iterable[Trouble]:
    """The newest of each kind tells why."""
    for kind in JobKind:
        jobs = [job for job in failed if job.kind == kind]
        if jobs:
            yield Trouble(
                f"failed_{kind}",
                False,
                len(jobs),
                _("Failed in the last seven days: %(kind)s") % {"kind": _(kind.label)},
                _advice(kind),
                PLACES[kind],
                detail=reason(jobs[0]),
            )


def _advice(kind: JobKind) -> str:
    if kind == JobKind.OPTIONS:
        return _(
            "The newest one says why. Labelers were offered only what imported solutions have at the same place, or "
            "nothing. Name another program that writes steps in the settings, or ask for no alternatives."
        )
    return _("The newest one says why. Mend that, then start it again on its page.")


def _reports(project: Project, now: datetime) -> Iterable[Trouble]:
    """What labelers told, as the page of reports counts it. Six queries."""
    found = {kind: ROWS[kind](project).count() for kind in Kind}
    yield from _doubts(found)
    yield from _given_up(project, found, now)


def _doubts(found: Mapping[Kind, int]) -> Iterable[Trouble]:
    """What labelers wait for an answer to."""
    yield _report(
        Kind.DISPUTES,
        found[Kind.DISPUTES],
        ngettext("Doubted answer", "Doubted answers", found[Kind.DISPUTES]),
        _("Labelers accepted another answer than the one that we think right. Decide who is wrong."),
        is_urgent=True,
    )
    yield _report(
        Kind.UNSURE,
        found[Kind.UNSURE],
        ngettext("Unsure alternative", "Unsure alternatives", found[Kind.UNSURE]),
        _("Labelers marked ratings as unsure. Tell them what you think."),
    )


def _given_up(project: Project, found: Mapping[Kind, int], now: datetime) -> Iterable[Trouble]:
    """What labelers said in place of a label. Nobody ticks that off: it stands here while some of it is new."""
    lately = Label.objects.filter(project=project, origin=Origin.LABELER, created_at__gte=now - LATELY)
    of_these = lately.filter(finish_reason__in=[FinishReason.GIVE_UP, FinishReason.BAD_PROBLEM])
    new = set(of_these.order_by().values_list("finish_reason", flat=True).distinct())
    withdrawn = Problem.objects.filter(project=project, withdrawn_at__gte=now - LATELY).count()
    yield _report(
        Kind.BAD_PROBLEMS,
        found[Kind.BAD_PROBLEMS] if FinishReason.BAD_PROBLEM in new else 0,
        _("Problems called bad, some of them lately"),
        ngettext(
            "Look whether they are right. %(number)s problem was withdrawn in the last seven days.",
            "Look whether they are right. %(number)s problems were withdrawn in the last seven days.",
            withdrawn,
        )
        % {"number": withdrawn}
        if withdrawn
        else _("Look whether they are right."),
    )
    yield _report(
        Kind.GIVE_UPS,
        found[Kind.GIVE_UPS] if FinishReason.GIVE_UP in new else 0,
        _("Solutions given up, some of them lately"),
        _("Their reasons may tell what the instructions leave open."),
    )


def _report(kind: Kind, count: int, title: str, advice: str, *, is_urgent: bool = False) -> Trouble:
    return Trouble(kind.value, is_urgent, count, title, advice, "reports", f"?show={kind.value}")


def _names(jobs: Iterable[Job]) -> str:
    return ", ".join(dict.fromkeys(_(job.get_kind_display()) for job in jobs))
