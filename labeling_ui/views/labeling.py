from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from annotation.api.permissions import place_in_project
from annotation.models import Labeler
from annotation.models.projects import Role
from annotation.queries import labeling as queries


@never_cache
@login_required
def label(request: HttpRequest, slug: str) -> HttpResponse:
    """The labeling page: an empty desk and its configuration. Solutions come over the API."""
    project = place_in_project(request.user, slug, Role.LABELER).project
    labeler = Labeler.objects.get(project=project, user=request.user)
    page = reverse("label", args=[slug])
    config = {
        "user": request.user.pk,
        "done_today": queries.done_today(labeler),
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "urls": {
            "claim": reverse("api_claim", args=[slug]),
            "heartbeat": reverse("api_heartbeat", args=[slug]),
            "labels": reverse("api_labels", args=[slug]),
            "who": reverse("who"),
            "sign_in": f"{reverse('sign_in')}?next={page}",
        },
    }
    return render(request, "labeling_ui/labeling/label.html", {"project": project, "config": config})
