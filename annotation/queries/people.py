"""Who belongs to a project: the page on which leads invite, promote, pause and let go."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Subquery
from django_otp.plugins.otp_totp.models import TOTPDevice

from annotation.models import Invitation, Label, Labeler, Membership, Project, User
from annotation.models.labelers import LabelerState
from annotation.models.labels import Origin
from annotation.models.projects import Role
from annotation.queries import tallies

FORMER_SHOWN = 50


@dataclass(frozen=True)
class Worker:
    """A labeler with what they did."""

    labeler: Labeler
    labels: int
    last_label_at: datetime | None

    @property
    def is_paused(self) -> bool:
        return self.labeler.state == LabelerState.PAUSED


@dataclass(frozen=True)
class Member:
    membership: Membership
    work: Worker | None  # None: never was a labeler here
    has_second_factor: bool
    is_only_lead: bool

    @property
    def user(self) -> User:
        return self.membership.user

    @property
    def is_labeler(self) -> bool:
        return self.membership.role == Role.LABELER

    @property
    def last_seen_at(self) -> datetime | None:
        """Of a label and a sign-in, the later one."""
        times = [self.user.last_login, self.work.last_label_at if self.work else None]
        return max((one for one in times if one), default=None)


@dataclass(frozen=True)
class PeoplePage:
    members: list[Member]
    former: list[Worker]  # who labeled here and does no longer belong; most labels first
    invitations: list[Invitation]  # those that are open, the newest first


def people_page(project: Project) -> PeoplePage:
    """Five queries."""
    memberships = _memberships(project)
    workers = _workers(project)
    members = _members(memberships, {one.labeler.user_id: one for one in workers if one.labeler.user_id})
    present = {one.user_id for one in memberships}
    former = [one for one in workers if one.labels and one.labeler.user_id not in present]
    return PeoplePage(
        members=members,
        former=sorted(former, key=lambda one: -one.labels)[:FORMER_SHOWN],
        invitations=list(Invitation.objects.open().filter(project=project).order_by("-created_at", "-pk")),
    )


def member(project: Project, pk: int) -> Membership | None:
    return Membership.objects.select_related("user", "project").filter(project=project, pk=pk).first()


def labeler_of(membership: Membership) -> Labeler | None:
    return (
        Labeler.objects.select_related("project").filter(project=membership.project_id, user=membership.user_id).first()
    )


def _memberships(project: Project) -> list[Any]:
    apps = TOTPDevice.objects.filter(user=OuterRef("user"), confirmed=True)
    found = Membership.objects.filter(project=project).annotate(has_second_factor=Exists(apps))
    return list(found.select_related("user", "project").order_by("user__username"))


def _workers(project: Project) -> list[Worker]:
    given: dict[int | None, int] = {}
    for cell in tallies.cells(project, tallies.run_of(project), by=("labeler_id", "origin")):
        if cell.origin == Origin.LABELER:
            given[cell.labeler_id] = cell.sums.labels
    newest = Label.objects.filter(labeler=OuterRef("pk")).order_by("-created_at").values("created_at")[:1]
    labelers: Any = Labeler.objects.filter(project=project).select_related("user").annotate(last=Subquery(newest))
    return [Worker(one, given.get(one.pk, 0), one.last) for one in labelers.order_by("pk")]


def _members(memberships: list[Any], workers: Mapping[int | None, Worker]) -> list[Member]:
    leads = [one for one in memberships if one.role == Role.LEAD and one.user.is_active]
    return [
        Member(one, workers.get(one.user_id), one.has_second_factor, is_only_lead=leads == [one]) for one in memberships
    ]
