"""Pages about models: all of them, one in full, and what they say of a solution. For ML staff; leads may look."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from annotation.api.permissions import place_in_project
from annotation.models import ModelVersion
from annotation.models.projects import Role
from annotation.models.scoring import ModelKind
from annotation.queries import solutions, versions
from labeling_ui.charts import auc_line, histogram, loss_curve, reliability


@never_cache
@login_required
@require_GET
def models(request: HttpRequest, slug: str) -> HttpResponse:
    """All models, and those side by side that are asked for: ?compare=3,5 or ?compare=3&compare=5."""
    place = place_in_project(request.user, slug, Role.ML, Role.LEAD)
    asked = _numbers(",".join(request.GET.getlist("compare")))
    page = versions.versions_page(place.project, asked=asked)
    oldest_first = [(_name(one.version), one) for one in reversed(page.versions)]
    lines = {
        "auc": auc_line([(name, one.metrics.step_auc, one.is_held_back) for name, one in oldest_first]),
        "f1": auc_line([(name, one.metrics.first_error_f1, one.is_held_back) for name, one in oldest_first]),
    }
    context = {"project": place.project, "place": place, "page": page, "asked": asked, **lines}
    return render(request, "labeling_ui/ml/models.html", context)


@never_cache
@login_required
@require_GET
def model(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One model: how it was trained, what it was used for, what it says of the pool, where answers contradict it."""
    place = place_in_project(request.user, slug, Role.ML, Role.LEAD)
    page = versions.version_page(place.project, pk=pk)
    if page is None:
        raise Http404
    spread = page.scores.spread
    columns = [
        (group, sum(numbers), histogram(numbers))
        for group, numbers in (("right", spread.right), ("wrong", spread.wrong), ("ungraded", spread.ungraded))
        if any(numbers)
    ]
    context = {"project": place.project, "place": place, "one": page.one, "uses": page.uses, "scores": page.scores}
    context |= {"columns": columns, "curve": loss_curve(page.one.losses)}
    context |= {"calibration": page.calibration, "dots": reliability(page.calibration.bins)}
    return render(request, "labeling_ui/ml/model.html", context)


@never_cache
@login_required
@require_GET
def solution(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What a model says of each step of a solution, beside what people say. Labelers, whom it would sway, never see it."""
    place = place_in_project(request.user, slug, Role.ML, Role.LEAD)
    found = solutions.solution_of(place.project, pk)
    if found is None:
        raise Http404
    asked = next(iter(_numbers(request.GET.get("model", ""))), None)
    page = solutions.solution_page(found, by=place, version=asked)
    context = {"project": place.project, "place": place, "page": page, "solution": found, "asked": asked}
    return render(request, "labeling_ui/ml/solution.html", context)


def _name(version: ModelVersion) -> str:
    """As labeling_ui/ml/_version.html writes it."""
    words = _("Outcome model %(number)s") if version.kind == ModelKind.ORM else _("Selector %(number)s")
    return words % {"number": version.pk}


def _numbers(text: str) -> list[int]:
    """What of a query string is no number is left out."""
    return [int(part) for part in text.split(",") if part.isascii() and part.isdigit() and len(part) < 19]
