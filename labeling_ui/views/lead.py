"""Pages of project leads: where the project stands, and its datasets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
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
from labeling_ui.forms import DatasetForm

CONTENT_TYPES = {".jsonl": "application/x-ndjson", ".gz": "application/gzip", ".json": "application/json"}
CHART_HEIGHT = 64


@dataclass(frozen=True)
class Bar:
    day: date
    labels: int
    x: int
    y: int
    height: int


@never_cache
@login_required
@require_GET
def project(request: HttpRequest, slug: str) -> HttpResponse:
    """Where the project stands."""
    place = place_in_project(request.user, slug, Role.LEAD)
    standing = desk.standing(place.project, today=timezone.now().date())
    context = {"project": place.project, "place": place, "standing": standing, "moment": standing.moment}
    return render(request, "labeling_ui/lead/project.html", context | {"bars": bars(standing.days)})


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


def bars(days: Sequence[tuple[date, int]]) -> list[Bar]:
    """A column of the chart for each day, in a drawing that is ten units a day wide and CHART_HEIGHT high."""
    most = max((labels for _, labels in days), default=0) or 1
    # A day with a label has a column that can be seen, however high the highest one is.
    heights = [max(2, round(CHART_HEIGHT * labels / most)) if labels else 0 for _, labels in days]
    return [
        Bar(day, labels, 10 * place, CHART_HEIGHT - height, height)
        for place, ((day, labels), height) in enumerate(zip(days, heights, strict=True))
    ]
