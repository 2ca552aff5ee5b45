"""What is wrong in a project, for leads."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from annotation.api.permissions import place_in_project
from annotation.models import Project
from annotation.models.projects import Role
from annotation.queries import troubles as queries
from labeling_ui import desk_tables


@never_cache
@login_required
@require_GET
def troubles(request: HttpRequest, slug: str) -> HttpResponseBase:
    """?csv=1 as a file."""
    place = place_in_project(request.user, slug, Role.LEAD)
    context = _found(place.project)
    if "csv" in request.GET:
        return desk_tables.troubles_file(context["troubles"], slug)
    return render(request, "labeling_ui/lead/troubles.html", context | {"place": place})


@never_cache
@login_required
@require_GET
def trouble_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The part of that page that is asked for again and again."""
    place = place_in_project(request.user, slug, Role.LEAD)
    return render(request, "labeling_ui/lead/_troubles.html", _found(place.project))


def _found(project: Project) -> dict[str, Any]:
    return {"project": project, "troubles": queries.troubles(project, now=timezone.now())}
