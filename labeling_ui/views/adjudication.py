"""Where labelers disagree: what there is to decide, and one solution of it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from annotation.api.permissions import place_in_project
from annotation.models import Membership
from annotation.models.projects import Role
from annotation.queries import adjudication as queries
from annotation.queries.adjudication import CasePage, Show
from annotation.services import adjudication as services
from annotation.services.refusal import Refusal
from labeling_ui.review_forms import JudgementForm, PromoteForm


@never_cache
@login_required
@require_GET
def adjudication(request: HttpRequest, slug: str) -> HttpResponse:
    """Those of one kind, ?show=…"""
    place = place_in_project(request.user, slug, Role.LEAD, Role.REVIEWER)
    wanted = request.GET.get("show", Show.OPEN)
    if wanted not in Show.values:
        raise Http404
    page = queries.list_page(place.project, by=place.user, show=Show(wanted), page=request.GET.get("page"))
    context = {"project": place.project, "place": place, "page": page}
    return render(request, "labeling_ui/lead/adjudication.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def case(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One solution: to judge blind, then to decide in sight of the others, then decided."""
    place = place_in_project(request.user, slug, Role.LEAD, Role.REVIEWER)
    page = queries.case_page(place.project, solution=pk, by=place.user)
    if page is None:
        raise Http404
    act = request.POST.get("act", "") if request.method == "POST" else None
    form = JudgementForm(page.solution, request.POST if act in ("blind", "decide") else None, known=_known(page))
    promotion = PromoteForm(page.solution, request.POST if act == "promote" else None)
    if act is not None:
        if act not in ACTS:
            raise Http404
        try:
            done = ACTS[act](request, place, page, form if act != "promote" else promotion)
        except Refusal as refusal:
            form.refused = _(str(refusal))
        else:
            if done:
                return redirect("case", slug, pk)
    return _show(request, place, page, form, promotion, status=400 if act is not None else 200)


def _show(
    request: HttpRequest, place: Membership, page: CasePage, form: JudgementForm, promotion: PromoteForm, status: int
) -> HttpResponse:
    context = {"project": place.project, "place": place, "page": page, "solution": page.solution}
    context |= {"form": form, "promotion": promotion, "refused": form.refused}
    context["accepted"] = promotion.marked if promotion.is_bound else {page.decided_error}
    return render(request, "labeling_ui/lead/adjudication_case.html", context, status=status)


def _known(page: CasePage) -> dict[str, Any] | None:
    return page.adjudication.blind if page.adjudication and page.is_mine else None


def _blind(request: HttpRequest, place: Membership, page: CasePage, form: Any) -> bool:
    if not form.is_valid():
        return False
    services.judge_blind(project=place.project, solution=page.solution.pk, judgement=form.judgement(), by=place.user)
    messages.success(request, _("Your judgement is kept. Below you see what the others say."))
    return True


def _decide(request: HttpRequest, place: Membership, page: CasePage, form: Any) -> bool:
    if not form.is_valid():
        return False
    services.decide(project=place.project, solution=page.solution.pk, judgement=form.judgement(), by=place.user)
    messages.success(request, _("Decided. From now on your judgement trains in place of the labels."))
    return True


def _take_over(request: HttpRequest, place: Membership, page: CasePage, form: Any) -> bool:
    try:
        label = UUID(request.POST.get("label", ""))
    except ValueError as unknown:
        raise Http404 from unknown
    clock = JudgementForm(page.solution, request.POST)
    time_ms = clock.total_time_ms if clock.is_valid() else 0
    services.take_over(
        project=place.project, solution=page.solution.pk, label=label, total_time_ms=time_ms, by=place.user
    )
    messages.success(request, _("Decided. From now on a copy of that label trains in place of all of them."))
    return True


def _put_back(request: HttpRequest, place: Membership, page: CasePage, form: Any) -> bool:
    services.put_back(project=place.project, solution=page.solution.pk, by=place.user)
    messages.success(request, _("It waits for a reviewer again."))
    return True


def _promote(request: HttpRequest, place: Membership, page: CasePage, form: Any) -> bool:
    if place.role != Role.LEAD:
        raise PermissionDenied(_("This is for project leads."))
    if not form.is_valid():
        return False
    services.promote(
        project=place.project,
        solution=page.solution.pk,
        error_steps=form.steps,
        explanation=form.cleaned_data["explanation"],
        by=place.user,
    )
    messages.success(request, _("It is hidden gold now, and mixed in from the next round on."))
    return True


ACTS: dict[str, Callable[[HttpRequest, Membership, CasePage, Any], bool]] = {
    "blind": _blind,
    "decide": _decide,
    "take_over": _take_over,
    "put_back": _put_back,
    "promote": _promote,
}
