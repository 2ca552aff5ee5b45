"""What labelers told beside their ratings, and what leads answer."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from annotation.api.permissions import place_in_project
from annotation.models import Membership
from annotation.models.projects import Role
from annotation.queries import reports as queries
from annotation.queries.reports import Kind
from annotation.services import flags, resolutions
from annotation.services.refusal import Refusal
from labeling_ui.checked import checked
from labeling_ui.review_forms import AnswerForm, WordsForm
from labeling_ui.views.problems import what_came_of_it


@never_cache
@login_required
@require_GET
def reports(request: HttpRequest, slug: str) -> HttpResponse:
    """Those of one kind, ?show=…, and of it what is open, or with &done=1 what is not; of bad problems, where no kind
    is named."""
    place = place_in_project(request.user, slug, Role.LEAD)
    wanted = request.GET.get("show", Kind.BAD_PROBLEMS)
    if wanted not in Kind.values:
        raise Http404
    page = queries.reports_page(place, kind=Kind(wanted), page=request.GET.get("page"), is_done="done" in request.GET)
    context = {"project": place.project, "place": place, "page": page}
    return render(request, "labeling_ui/lead/reports.html", context)


@login_required
@require_POST
def resolve_dispute(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Say who was wrong: the answer that was expected, the grader, or the labeler."""
    place = place_in_project(request.user, slug, Role.LEAD)
    act = RESOLUTIONS.get(request.POST.get("act", ""))
    if act is None:
        raise Http404
    try:
        messages.success(request, act(request, place, pk))
    except resolutions.NoSuchDispute as unknown:
        raise Http404 from unknown
    except Refusal as refusal:
        messages.error(request, _(str(refusal)))
    return _back(request, slug, Kind.DISPUTES)


def _truth(request: HttpRequest, place: Membership, pk: int) -> str:
    form = AnswerForm(request.POST)
    new = checked(form)["new"]
    correction = resolutions.truth_is_wrong(project=place.project, dispute=pk, old=form.seen, new=new, by=place.user)
    return what_came_of_it(correction)


def _grader(request: HttpRequest, place: Membership, pk: int) -> str:
    dispute = resolutions.grader_is_wrong(project=place.project, dispute=pk, by=place.user)
    if dispute.label.phase == 1:
        return _("The answer that the labeler came to counts as right. Their label stays as it is.")
    return _("The solution counts as right now, and whoever accepted it was right.")


def _labeler(request: HttpRequest, place: Membership, pk: int) -> str:
    words = checked(WordsForm(request.POST))
    dispute = resolutions.labeler_is_wrong(project=place.project, dispute=pk, by=place.user, **words)
    parts = [_("The message is sent.")] if words["text"] else []
    if dispute.label.phase == 1:
        parts.append(_("The label stays as it is: reviewers decide nothing about dialogues."))
    else:
        parts.append(_("The solution waits for a reviewer to decide it."))
    return " ".join(parts)


RESOLUTIONS: dict[str, Callable[[HttpRequest, Membership, int], str]] = {
    "truth": _truth,
    "grader": _grader,
    "labeler": _labeler,
}


@login_required
@require_POST
def review_flag(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Answer an unsure mark and tick it off, or open it again."""
    place = place_in_project(request.user, slug, Role.LEAD)
    try:
        if request.POST.get("act") == "reopen":
            flags.reopen_flag(project=place.project, rating=pk, by=place.user)
            messages.success(request, _("It is among the open ones again."))
        else:
            words = checked(WordsForm(request.POST))
            review = flags.review_flag(project=place.project, rating=pk, by=place.user, **words)
            sentence = _("Your reply is sent, and the mark is done.") if review.message else _("The mark is done.")
            messages.success(request, sentence)
    except flags.NoSuchFlag as unknown:
        raise Http404 from unknown
    except Refusal as refusal:
        messages.error(request, _(str(refusal)))
    return _back(request, slug, Kind.UNSURE)


def _back(request: HttpRequest, slug: str, kind: Kind) -> HttpResponse:
    """To where the button was."""
    place = {name: request.POST[name] for name in ("done", "page") if request.POST.get(name)}
    return redirect(f"{reverse('reports', args=[slug])}?{urlencode({'show': kind.value} | place)}#main")
