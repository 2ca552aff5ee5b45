"""How far labelers agree, and who may not be reading: for leads, who are to talk about it and not to punish."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from annotation.api.permissions import place_in_project
from annotation.models.projects import Role
from annotation.queries import adjudication, agreement_table, agreement_words
from annotation.queries import agreement as queries
from annotation.queries import behaviour as behaviour_queries
from labeling_ui import agreement_tables


@never_cache
@login_required
@require_GET
def agreement(request: HttpRequest, slug: str) -> HttpResponseBase:
    """?page= of what is in dispute; ?csv=1: how likely each rating of each step is, as a file."""
    place = place_in_project(request.user, slug, Role.LEAD)
    if "csv" in request.GET:
        likely = list(agreement_table.soft_labels(place.project))
        blind = adjudication.to_judge_blind(place, sorted({one.solution for one in likely}))
        return agreement_tables.soft_labels_file(likely, blind, slug)
    page = queries.agreement_page(place, now=timezone.now(), page=request.GET.get("page"))
    context = {"project": place.project, "place": place, "page": page, "found": page.found}
    context["reading"] = agreement_words.reading(page.found)
    context |= agreement_tables.tables(page)
    return render(request, "labeling_ui/lead/agreement.html", context)


@never_cache
@login_required
@require_GET
def behaviour(request: HttpRequest, slug: str) -> HttpResponse:
    place = place_in_project(request.user, slug, Role.LEAD)
    context = {"project": place.project, "place": place, "page": behaviour_queries.behaviour_page(place.project)}
    return render(request, "labeling_ui/lead/behaviour.html", context)
