from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from annotation.api.permissions import labeler_for
from annotation.models import Project
from annotation.models.projects import AnswerPolicy, ReadAhead
from annotation.queries import labeling as queries

# What a key can do, in the order of the list on the page; the names are those of js/keymap.js.
KEYS = {
    "bad": _("rate Bad, and go on"),
    "okay": _("rate Okay, and go on"),
    "great": _("rate Great, and go on"),
    "submit": _("submit, once nothing is missing"),
    "previous": _("back, to change a rating"),
    "next": _("forward again"),
    "undo": _("undo: open the label that you just submitted"),
    "history": _("your last labels"),
    "unsure": _("mark an option as unsure"),
    "answer": _("show the guess of the answer"),
    "peek": _("read one step ahead"),
    "write": _("write a step yourself"),
    "instructions": _("open the instructions"),
    "give_up": _("give up on this solution"),
    "bad_problem": _("report a bad problem"),
    "help": _("this list"),
}
ENDPOINTS = ("claim", "heartbeat", "labels", "alternatives", "critiques", "dialogue", "acknowledge")


@never_cache
@login_required
@require_GET
def label(request: HttpRequest, slug: str) -> HttpResponse:
    """The labeling page: an empty desk and its configuration. Solutions come over the API."""
    labeler = labeler_for(request.user, slug)
    project = labeler.project
    page = reverse("label", args=[slug])
    config = {
        "user": request.user.pk,
        "done_today": queries.done_today(labeler),
        "break_minutes": project.break_minutes,
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "phase": project.phase,
        "slug": slug,
        "urls": {name: reverse(f"api_{name}", args=[slug]) for name in ENDPOINTS}
        | {
            "reopen": reverse("api_reopen", args=[slug, UUID(int=0)]),  # in which the page puts the label's id
            "who": reverse("who"),
            "sign_in": f"{reverse('sign_in')}?next={page}",
        },
    }
    context = {"project": project, "config": config, "unread": queries.unread_messages(labeler), "keys": keys(project)}
    return render(request, "labeling_ui/labeling/label.html", context)


def keys(project: Project) -> list[tuple[str, str]]:
    """The keys that do something in this project, each with what it does."""
    idle = {
        "answer": project.answer_policy != AnswerPolicy.ON_DEMAND,
        "peek": project.phase == 1 or project.read_ahead != ReadAhead.PEEK,
        "write": project.phase == 2,
        "unsure": project.phase == 2 and not project.alternatives,
    }
    return [(act, str(name)) for act, name in KEYS.items() if not idle.get(act)]
