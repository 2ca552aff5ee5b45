"""Pages of project leads: where the project stands, and its datasets."""

from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from annotation.api.permissions import place_in_project
from annotation.models import Project
from annotation.models.projects import Role
from annotation.models.snapshots import View
from annotation.queries import desk
from annotation.services import snapshots
from labeling_ui import desk_tables
from labeling_ui.charts import bars
from labeling_ui.forms import DatasetForm
from labeling_ui.views.desk_filters import one_of

CONTENT_TYPES = {".jsonl": "application/x-ndjson", ".gz": "application/gzip", ".json": "application/json"}


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


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def datasets(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for a dataset; see what became of those asked for before."""
    place = place_in_project(request.user, slug, Role.LEAD)
    form = DatasetForm(request.POST) if request.method == "POST" else DatasetForm()
    if form.is_valid():
        snapshots.request_snapshot(project=place.project, by=place.user, view=View(form.cleaned_data["view"]))
        messages.success(request, _("The dataset is being made. It appears below when all of its files are complete."))
        return redirect("datasets", slug)
    context = {"place": place, "form": form} | _datasets(place.project)
    return render(request, "labeling_ui/lead/datasets.html", context, status=400 if form.errors else 200)


@never_cache
@login_required
@require_GET
def dataset_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The part of that page that changes while a dataset is being made."""
    place = place_in_project(request.user, slug, Role.LEAD)
    return render(request, "labeling_ui/lead/_datasets.html", _datasets(place.project))


def _datasets(project: Project) -> dict[str, Any]:
    found = desk.datasets(project, now=timezone.now())
    return {"project": project, "datasets": found, "is_making": not all(one.is_over for one in found)}


# Were a browser ever to show a dataset instead of saving it, it would be a page without script and without an origin.
@csp_update({"sandbox": True})
@never_cache
@login_required
@require_GET
def dataset_file(request: HttpRequest, slug: str, pk: int, name: str) -> FileResponse:
    """One file of a finished dataset. Its path comes from what the database says, never from the address."""
    place = place_in_project(request.user, slug, Role.LEAD)
    path = desk.dataset_file(place.project, pk=pk, name=name)
    if path is None or not (settings.DATA_DIR / path).is_file():
        raise Http404
    return FileResponse(
        (settings.DATA_DIR / path).open("rb"),
        as_attachment=True,
        filename=f"{slug}-dataset-{pk}-{name}",
        content_type=CONTENT_TYPES.get(path.suffix, "application/octet-stream"),
    )
