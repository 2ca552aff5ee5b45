"""Who labels how: all of them beside each other, and one of them in full. For leads."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from annotation.api.permissions import place_in_project
from annotation.models.projects import Role
from annotation.queries import people_figures as queries
from labeling_ui import desk_tables
from labeling_ui.charts import bars
from labeling_ui.views.desk_filters import choice, one_of

ALL_TIME = 0
USUAL_WINDOW = 28


@never_cache
@login_required
@require_GET
def labelers(request: HttpRequest, slug: str) -> HttpResponseBase:
    """?days= (0: all time), ?sort=, ?csv=1."""
    place = place_in_project(request.user, slug, Role.LEAD)
    window = one_of(request, "days", [*queries.WINDOWS, ALL_TIME], USUAL_WINDOW)
    sort = choice(request, "sort", list(queries.SORTS), "labels")
    people = queries.people(place.project, today=timezone.now().date(), window=window or None, sort=sort)
    if "csv" in request.GET:
        return desk_tables.people_file(people, slug)
    context = {"project": place.project, "place": place, "people": people, "window": window, "sort": sort}
    return render(request, "labeling_ui/lead/labelers.html", context | {"windows": [*queries.WINDOWS, ALL_TIME]})


@never_cache
@login_required
@require_GET
def labeler(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """One labeler. ?days=, ?csv=1."""
    place = place_in_project(request.user, slug, Role.LEAD)
    window = one_of(request, "days", queries.WINDOWS, USUAL_WINDOW)
    page = queries.labeler_page(place, pk=pk, today=timezone.now().date(), window=window)
    if page is None:
        raise Http404
    if "csv" in request.GET:
        return desk_tables.labeler_file(page, slug)
    context: dict[str, Any] = {"project": place.project, "place": place, "page": page, "person": page.person}
    context |= {"bars": bars([(day.day, day.labels) for day in page.days])}
    return render(request, "labeling_ui/lead/labeler.html", context | {"windows": queries.WINDOWS, "window": window})
