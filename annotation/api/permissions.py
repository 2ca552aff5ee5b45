"""Who may do what in a project, for pages and API alike."""

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotation.models import Labeler, Membership, User
from annotation.models.projects import Role
from annotation.queries.labeling import labeler_of

NAMES = {
    Role.LABELER: _("labelers"),
    Role.REVIEWER: _("reviewers"),
    Role.LEAD: _("project leads"),
    Role.ML: _("ML staff"),
}
STAFF = frozenset({Role.REVIEWER, Role.LEAD, Role.ML})


class SecondFactorWanted(PermissionDenied):
    """Only whoever gave their second factor with the sign-in may do this."""


def signed_in(user: AbstractBaseUser | AnonymousUser) -> User:
    """Whose request it is, behind a door that only accounts pass. Raises PermissionDenied."""
    if not isinstance(user, User):
        raise PermissionDenied
    return user


def check_second_factor(user: AbstractBaseUser | AnonymousUser) -> None:
    """For what staff do. Raises SecondFactorWanted, where this installation asks for it."""
    if settings.REQUIRE_MFA and not getattr(user, "is_second_factor_given", False):
        raise SecondFactorWanted(
            gettext("Your role needs a second factor: set it up on the site, and sign in with it.")
        )


def check_second_factor_for_token(user: User) -> None:
    """A token of staff opens what a password alone does not. Raises SecondFactorWanted."""
    if Membership.objects.filter(user=user, role__in=STAFF).exists():
        check_second_factor(user)


def place_in_project(user: AbstractBaseUser | AnonymousUser, slug: str, *roles: Role) -> Membership:
    """The user's place in the project, if it is one of these roles; any, where none is named.

    Raises Http404 for a project that is not theirs, the same as for one that does not exist, PermissionDenied, and
    SecondFactorWanted for staff who did not give theirs.
    """
    place = Membership.objects.select_related("project", "user").filter(user=user.pk, project__slug=slug).first()
    if place is None:
        raise Http404
    if roles and place.role not in roles:
        allowed = gettext(" and ").join(str(NAMES[role]) for role in roles)
        words = {"allowed": allowed, "role": gettext(place.get_role_display())}
        raise PermissionDenied(gettext("This is for %(allowed)s. In this project you are %(role)s.") % words)
    if place.role in STAFF:
        check_second_factor(user)
    return place


def labeler_for(user: AbstractBaseUser | AnonymousUser, slug: str) -> Labeler:
    """The user as a labeler of the project. Raises Http404, PermissionDenied."""
    found = labeler_of(user.pk, slug) if user.pk else None
    if found is None:
        place = place_in_project(user, slug, Role.LABELER)  # which says why they are none
        return Labeler.objects.select_related("project").get(project=place.project, user=place.user)
    return found
