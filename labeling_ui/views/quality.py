"""How well labelers agree with what is known, and what a lead does about it. Reviewers may look."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from annotation.api.permissions import place_in_project
from annotation.models import Labeler, User
from annotation.models.projects import Role
from annotation.queries import mistakes as mistake_queries
from annotation.queries import quality as queries
from annotation.services import quality, screening
from annotation.services.refusal import Refusal
from labeling_ui.checked import checked
from labeling_ui.csv_files import csv_response
from labeling_ui.quality_forms import ExclusionForm
from labeling_ui.views import labeler_acts

MISTAKES_HEADER = (
    "solution", "problem", "use", "known first error (steps from 1)", "answer", "labels with it", "labels in all",
)  # fmt: skip


@never_cache
@login_required
@require_GET
def quality_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Scores, screenings, who is paused or left out."""
    place = place_in_project(request.user, slug, Role.LEAD, Role.REVIEWER)
    page = queries.quality_page(place.project)
    context = {"project": place.project, "place": place, "page": page, "window": queries.WINDOW}
    return render(request, "labeling_ui/lead/quality.html", context | {"exclusion": ExclusionForm.today()})


@login_required
@require_POST
def quality_act(request: HttpRequest, slug: str, pseudonym: UUID) -> HttpResponse:
    """The button that was pressed says what becomes of the labeler."""
    place = place_in_project(request.user, slug, Role.LEAD)
    labeler = queries.labeler_by_pseudonym(place.project, str(pseudonym))
    act = ACTS.get(request.POST.get("act", ""))
    if labeler is None or act is None:
        raise Http404
    try:
        messages.success(request, act(request, labeler, place.user))
    except Refusal as refusal:
        messages.error(request, _(str(refusal)))
    return redirect("quality", slug)


@never_cache
@login_required
@require_GET
def mistakes(request: HttpRequest, slug: str) -> HttpResponseBase:
    """What labelers get wrong of what is known; as a table for other programs by ?format=csv."""
    place = place_in_project(request.user, slug, Role.LEAD, Role.REVIEWER)
    report = mistake_queries.mistakes(place.project)
    if request.GET.get("format") == "csv":
        return csv_response(f"{slug}-mistakes.csv", MISTAKES_HEADER, _rows(report))
    newest = place.project.instructions_set.order_by("-version").first()
    lesson = mistake_queries.lesson(report)
    written = newest.text if newest else ""
    context = {"project": place.project, "place": place, "report": report, "lesson": lesson}
    context |= {"based_on": newest.version if newest else 0, "draft": f"{written}\n\n{lesson}".strip()}
    return render(request, "labeling_ui/lead/quality_mistakes.html", context | {"is_built_in": not written})


def _rows(report: mistake_queries.Mistakes) -> list[tuple[str | int, ...]]:
    return [
        (one.gold.solution_id, one.gold.solution.problem.text, one.gold.kind, one.known, answer.words, answer.labels, one.judged)
        for one in report.items
        for answer in one.answers
    ]  # fmt: skip


def _admit(request: HttpRequest, labeler: Labeler, by: User) -> str:
    screening.admit(labeler=labeler, by=by)
    return _("The labeler is admitted.")


def _screen(request: HttpRequest, labeler: Labeler, by: User) -> str:
    screening.screen_again(labeler=labeler, by=by)
    return _("The labeler begins a screening with the next solution.")


def _exclude(request: HttpRequest, labeler: Labeler, by: User) -> str:
    given = checked(ExclusionForm(request.POST))
    since = datetime.combine(given["since"], time.min, tzinfo=UTC)
    quality.exclude(labeler=labeler, since=since, reason=given["reason"], by=by)
    return _("Their labels since that day train no more. Nothing was deleted, and you can lift it.")


def _lift(request: HttpRequest, labeler: Labeler, by: User) -> str:
    quality.lift_exclusion(labeler=labeler, by=by)
    return _("The exclusion is lifted: the labels train again.")


ACTS: dict[str, Callable[[HttpRequest, Labeler, User], str]] = {
    "pause": labeler_acts.pause,
    "reinstate": labeler_acts.reinstate,
    "admit": _admit,
    "screen": _screen,
    "exclude": _exclude,
    "lift": _lift,
}
