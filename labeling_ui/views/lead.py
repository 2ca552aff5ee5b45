"""The first page of project leads: where the project stands."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from annotation.api.permissions import place_in_project
from annotation.models.projects import Role
from annotation.queries import desk
from labeling_ui import desk_tables
from labeling_ui.charts import bars
from labeling_ui.views.desk_filters import one_of


@never_cache
@login_required
@require_GET
def project(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Where the project stands: ?days= of the chart and the forecast, ?csv= one of its tables as a file."""
    place = place_in_project(request.user, slug, Role.LEAD)
    window = one_of(request, "days", desk.WINDOWS, desk.DAYS)
    standing = desk.standing(place.project, now=timezone.now(), window=window)
    if "csv" in request.GET:
        return desk_tables.standing_file(standing, slug, request.GET["csv"])
    context = {
        "project": place.project,
        "place": place,
        "standing": standing,
        "moment": standing.moment,
        "bars": bars(standing.days),
        "windows": desk.WINDOWS,
        "window": window,
    }
    return render(request, "labeling_ui/lead/project.html", context)


@never_cache
@login_required
@require_GET
def moment(request: HttpRequest, slug: str) -> HttpResponse:
    """The part of that page that is asked for again and again."""
    place = place_in_project(request.user, slug, Role.LEAD)
    context = {"project": place.project, "moment": desk.moment(place.project)}
    return render(request, "labeling_ui/lead/_moment.html", context)
