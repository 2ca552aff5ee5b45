"""The problems of a project, and the answer that each is thought to have, which leads correct."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.api.permissions import place_in_project
from annotation.models import Membership, Problem
from annotation.models.projects import Role
from annotation.queries import problems as queries
from annotation.services import grading, truths
from annotation.services import problems as services
from annotation.services.refusal import Refusal
from annotation.services.truths import Correction
from labeling_ui.review_forms import AnswerForm


@never_cache
@login_required
@require_GET
def problems(request: HttpRequest, slug: str) -> HttpResponse:
    """All, or those that ?search=… finds by their id or their words."""
    place = place_in_project(request.user, slug, Role.LEAD)
    search, number = request.GET.get("search", ""), request.GET.get("page")
    page = queries.problems_page(place.project, search=search, page=number, now=timezone.now())
    context = {"project": place.project, "place": place, "page": page}
    return render(request, "labeling_ui/lead/problems.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def problem(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One problem; its answer is corrected here."""
    place = place_in_project(request.user, slug, Role.LEAD)
    form = AnswerForm(request.POST) if request.method == "POST" else AnswerForm()
    if form.is_valid() and _correct(request, place, pk, form):
        return redirect("problem", slug, pk)
    page = queries.problem_page(place.project, pk=pk, page=request.GET.get("page"), now=timezone.now())
    if page is None:
        raise Http404
    context = {"project": place.project, "place": place, "page": page, "problem": page.problem, "form": form}
    return render(request, "labeling_ui/lead/problem.html", context, status=400 if form.errors else 200)


def _correct(request: HttpRequest, place: Membership, pk: int, form: AnswerForm) -> bool:
    given: dict[str, Any] = {name: form.cleaned_data[name] for name in ("new", "reason")}
    try:
        correction = truths.correct_truth(project=place.project, problem=pk, old=form.seen, by=place.user, **given)
    except services.NoSuchProblem as unknown:
        raise Http404 from unknown
    except Refusal as refusal:
        form.add_error("new", _(str(refusal)))
        return False
    messages.success(request, what_came_of_it(correction))
    return True


def what_came_of_it(correction: Correction) -> str:
    """The sentences after an answer was corrected."""
    written = correction.written
    parts = [_("The answer is corrected.")]
    if correction.pending:
        waiting = ngettext(
            "%(n)s solution waits to be graded by a worker.",
            "%(n)s solutions wait to be graded by a worker.",
            correction.pending,
        )
        parts.append(waiting % {"n": correction.pending})
    else:
        changed = ngettext(
            "%(n)s solution has another grade now.", "%(n)s solutions have another grade now.", correction.changed
        )
        parts.append(changed % {"n": correction.changed})
    if written.out_of_queue:
        left = ngettext(
            "%(n)s left the queue, where it was for its old grade.",
            "%(n)s left the queue, where they were for their old grades.",
            written.out_of_queue,
        )
        parts.append(left % {"n": written.out_of_queue})
    if written.settled:
        over = ngettext("%(n)s doubt is settled.", "%(n)s doubts are settled.", written.settled)
        parts.append(over % {"n": written.settled})
    if written.raised:
        new = ngettext("%(n)s label is in doubt now.", "%(n)s labels are in doubt now.", written.raised)
        parts.append(new % {"n": written.raised})
    return " ".join(parts)


@login_required
@require_POST
def use(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Withdraw a problem that nobody can answer, or bring it back."""
    place = place_in_project(request.user, slug, Role.LEAD)
    act = USE.get(request.POST.get("act", ""))
    if act is None:
        raise Http404
    service, sentence = act
    try:
        service(project=place.project, problem=pk, by=place.user)
    except services.NoSuchProblem as unknown:
        raise Http404 from unknown
    except Refusal as refusal:
        messages.error(request, _(str(refusal)))
    else:
        messages.success(request, _(sentence))
    return redirect("problem", slug, pk)


USE: dict[str, tuple[Callable[..., Problem], str]] = {
    "withdraw": (
        services.withdraw_problem,
        gettext_noop("Withdrawn. Nobody is given its solutions any more, and its labels do not train."),
    ),
    "restore": (
        services.restore_problem,
        gettext_noop("It is in use again: its labels train, and the next round may choose its solutions."),
    ),
}


@login_required
@require_POST
def grade(request: HttpRequest, slug: str) -> HttpResponse:
    """Have all graded that waits for it, or stop that."""
    place = place_in_project(request.user, slug, Role.LEAD)
    try:
        if request.POST.get("act") == "cancel":
            grading.cancel_grading(project=place.project, by=place.user)
            messages.success(request, _("Grading stops. What is graded stays so."))
        else:
            grading.request_grading(project=place.project, by=place.user)
            messages.success(request, _("A worker grades what waits for it."))
    except Refusal as refusal:
        messages.error(request, _(str(refusal)))
    return redirect("problems", slug)
