from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404

from annotation.models import Membership, User
from annotation.models.projects import Role


def place_in_project(user: User | AnonymousUser, slug: str, *roles: Role) -> Membership:
    """The user's place in the project, for a page of these roles; of any role where none is named.

    Raises Http404 for a project that is not theirs, the same as for one that does not exist, and PermissionDenied.
    """
    place = Membership.objects.select_related("project").filter(user=user.pk, project__slug=slug).first()
    if place is None:
        raise Http404
    if roles and place.role not in roles:
        wanted = " or ".join(str(role.label) for role in roles)
        raise PermissionDenied(f"This page is for {wanted} of the project; you are {place.get_role_display()}.")
    return place
