"""Who may do what in a project. What is not theirs is not there: 404, the same as for a project that does not exist."""

from django.http import Http404
from rest_framework.exceptions import PermissionDenied

from annotation.models import Labeler, Membership, Project, User
from annotation.models.projects import Role


def membership(user: User, slug: str) -> Membership:
    """The user's place in the project. Raises Http404."""
    found = Membership.objects.select_related("project").filter(user=user, project__slug=slug).first()
    if found is None:
        raise Http404
    return found


def project_for(user: User, slug: str, *roles: Role) -> Project:
    """The project, if the user has one of the roles in it. Raises Http404, PermissionDenied."""
    place = membership(user, slug)
    if place.role not in roles:
        wanted = " or ".join(str(role.label) for role in roles)
        raise PermissionDenied(f"This is for {wanted} of the project; you are {place.get_role_display()}.")
    return place.project


def labeler_for(user: User, slug: str) -> Labeler:
    """The user as a labeler of the project. Raises Http404, PermissionDenied."""
    project = project_for(user, slug, Role.LABELER)
    return Labeler.objects.select_related("project").get(project=project, user=user)
