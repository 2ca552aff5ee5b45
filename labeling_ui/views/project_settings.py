"""How a project wants its labels: the settings that leads change."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotation.api.permissions import place_in_project
from annotation.models import Label, Membership
from annotation.models.projects import Role
from annotation.services import project_settings as services
from annotation.services.generators import ServerNotAllowed
from labeling_ui.settings_form import SettingsForm


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def project_settings(request: HttpRequest, slug: str) -> HttpResponse:
    place = place_in_project(request.user, slug, Role.LEAD)
    form = SettingsForm.for_project(place.project, request.POST if request.method == "POST" else None)
    if form.is_valid() and _save(request, place, form):
        return redirect("project_settings", slug)
    is_fixed = Label.objects.filter(project=place.project).exists()
    context = {"project": place.project, "place": place, "form": form, "phase_is_fixed": is_fixed}
    return render(request, "labeling_ui/lead/settings.html", context, status=400 if form.errors else 200)


def _save(request: HttpRequest, place: Membership, form: SettingsForm) -> bool:
    try:
        changed = services.change(project=place.project, by=place.user, **form.cleaned_data)
    except (services.PhaseIsFixed, services.SomebodyIsLabeling) as refusal:
        form.add_error("phase", _(str(refusal)))
        return False
    except ServerNotAllowed as refusal:
        form.add_error("generator", _(str(refusal)))
        return False
    messages.success(request, what_changed(changed))
    return True


def what_changed(names: list[str]) -> str:
    """The sentence after a form of settings was saved."""
    if not names:
        return _("Everything is as it was before.")
    return ngettext("%(n)s setting is changed.", "%(n)s settings are changed.", len(names)) % {"n": len(names)}
