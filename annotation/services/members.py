"""Projects, accounts, and who may do what in which project."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import IntegrityError, transaction

from annotation.models import Instructions, Labeler, Membership, Project, User
from annotation.models.projects import Role
from annotation.services import audit
from annotation.services.refusal import Refusal


class SlugTaken(Refusal):
    """There is a project of this short name already."""


class BadSlug(Refusal):
    """A short name has only letters, digits, hyphens and underscores, at most 50."""


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


def add_member(*, project: Project, user: User, role: Role, by: User | None) -> Membership:
    """Give the user this role, in place of the one they had; a labeler keeps the pseudonym of earlier labels."""
    with transaction.atomic():
        membership, made = Membership.objects.get_or_create(project=project, user=user, defaults={"role": role})
        if role == Role.LABELER:
            Labeler.objects.get_or_create(project=project, user=user)
        if made or membership.role != role:
            membership.role = role
            membership.save()
            audit.record(project=project, by=by, action="give role", target=user.username, role=role)
    return membership


def set_account(*, username: str, password: str) -> User:
    """The account with this password: made, or changed where the password differs, which ends its sessions."""
    user = User.objects.filter(username=username).first() or User(username=username)
    if user.pk is None or not user.check_password(password):
        user.set_password(password)
        user.save()
    return user


def _check_slug(slug: str) -> None:
    try:
        validate_slug(slug)
    except ValidationError as error:
        raise BadSlug from error
    if len(slug) > 50:
        raise BadSlug
