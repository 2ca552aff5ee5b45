"""What labelers told beside their ratings."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from annotation.api.permissions import place_in_project
from annotation.models.projects import Role
from annotation.queries import reports as queries
from annotation.queries.reports import Kind


@never_cache
@login_required
@require_GET
def reports(request: HttpRequest, slug: str) -> HttpResponse:
    """Those of one kind, ?show=…; of bad problems, where none is named."""
    place = place_in_project(request.user, slug, Role.LEAD)
    wanted = request.GET.get("show", Kind.BAD_PROBLEMS)
    if wanted not in Kind.values:
        raise Http404
    page = queries.reports_page(place.project, kind=Kind(wanted), page=request.GET.get("page"))
    context = {"project": place.project, "place": place, "page": page}
    return render(request, "labeling_ui/lead/reports.html", context)
