"""Projects, accounts, and who may do what in which project."""

from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import IntegrityError, transaction

from annotation.models import Instructions, Labeler, Membership, Project, User
from annotation.models.projects import Role
from annotation.services import audit, queue, screening
from annotation.services.refusal import Refusal


class SlugTaken(Refusal):
    """There is a project of this short name already."""


class BadSlug(Refusal):
    """A short name has only letters, digits, hyphens and underscores, at most 50."""


class LastLead(Refusal):
    """A project needs a lead, and this is its only one. Make somebody else a lead first."""


class NotAMember(Refusal):
    """This person is not in the project, or no longer."""


def create_project(*, slug: str, name: str = "", by: User | None, **policy: Any) -> Project:
    """A new project with the built-in instructions; `policy` are fields of Project. Raises SlugTaken, BadSlug."""
    _check_slug(slug)
    try:
        with transaction.atomic():
            project = Project.objects.create(slug=slug, name=name or slug, **policy)
            Instructions.objects.create(project=project, version=1)
            audit.record(project=project, by=by, action="create project", target=slug)
    except IntegrityError as error:
        if Project.objects.filter(slug=slug).exists():
            raise SlugTaken from error
        raise
    return project


def found_project(*, slug: str, name: str, by: User, **policy: Any) -> Project:
    """A new project whose lead is the person who made it. Raises SlugTaken, BadSlug."""
    with transaction.atomic():
        project = create_project(slug=slug, name=name, by=by, **policy)
        add_member(project=project, user=by, role=Role.LEAD, by=by)
    return project


def add_member(*, project: Project, user: User, role: Role, by: User | None) -> Membership:
    """Give the user this role, in place of the one they had; a labeler keeps the pseudonym of earlier labels.

    Raises LastLead.
    """
    with transaction.atomic():
        membership = _locked(project, user=user) or Membership(project=project, user=user)
        return _give_role(membership, role, by)


def change_role(*, project: Project, member: int, role: Role, by: User) -> Membership:
    """Give somebody who is in the project another role, at once. Raises NotAMember, LastLead."""
    with transaction.atomic():
        membership = _locked(project, pk=member)
        if membership is None:
            raise NotAMember
        return _give_role(membership, role, by)


def remove_member(*, project: Project, member: int, by: User) -> Membership:
    """Let somebody out of the project, at once; their labels and their pseudonym stay. Raises NotAMember, LastLead."""
    with transaction.atomic():
        membership = _let_go(_locked(project, pk=member))
        audit.record(project=project, by=by, action="remove member", target=membership.user.username)
    return membership


def leave(*, project: Project, user: User) -> None:
    """Inside a transaction. Raises NotAMember, LastLead."""
    _let_go(_locked(project, user=user))


def set_account(*, username: str, password: str) -> User:
    """The account with this password: made, or changed where the password differs, which ends its sessions."""
    user = User.objects.filter(username=username).first() or User(username=username)
    if user.pk is None or not user.check_password(password):
        user.set_password(password)
        user.save()
    return user


def _locked(project: Project, **which: Any) -> Membership | None:
    """The membership as it is now: until the end of the transaction nobody else changes who is in the project.

    So of two leads who let each other go, the second sees that the first is gone.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    there = Membership.objects.select_for_update(of=("self",)).select_related("user", "project")
    return there.filter(project=project, **which).first()


def _give_role(membership: Membership, role: Role, by: User | None) -> Membership:
    project, user = membership.project, membership.user
    if role == Role.LABELER and membership.role != role:
        _begin_to_label(project, user)
    if membership.role != role:
        _check_another_leads(membership)
        membership.role = role
        membership.save()
        _give_back_work(membership)
        audit.record(project=project, by=by, action="give role", target=user.username, role=role)
    return membership


def _begin_to_label(project: Project, user: User) -> None:
    """Who never was a labeler here begins as everybody does, though they have a pseudonym from deciding as a reviewer."""
    beginning = {"admission": screening.first_admission(project=project)}
    labeler, _made = Labeler.objects.get_or_create(project=project, user=user, defaults=beginning)
    history = apps.get_model("annotation", "MembershipEvent").objects
    if not history.filter(project=project, user=user, role=Role.LABELER).exists():
        Labeler.objects.filter(pk=labeler.pk).update(**beginning)


def _let_go(membership: Membership | None) -> Membership:
    if membership is None:
        raise NotAMember
    _check_another_leads(membership)
    Membership.objects.filter(pk=membership.pk).delete()
    membership.role = ""
    _give_back_work(membership)
    return membership


def _check_another_leads(membership: Membership) -> None:
    """Before a lead stops being one."""
    if membership.role != Role.LEAD:
        return
    others = Membership.objects.filter(project=membership.project_id, role=Role.LEAD, user__is_active=True)
    if not others.exclude(pk=membership.pk).exists():
        raise LastLead


def _give_back_work(membership: Membership) -> None:
    """Whoever labels no more holds no solution."""
    if membership.role == Role.LABELER:
        return
    for labeler in Labeler.objects.filter(project=membership.project_id, user=membership.user_id):
        queue.give_back_all(project=membership.project, by=labeler)


def _check_slug(slug: str) -> None:
    try:
        validate_slug(slug)
    except ValidationError as error:
        raise BadSlug from error
    if len(slug) > 50:
        raise BadSlug
