"""What rounds choose and train: the settings that ML staff and leads change."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotation.api.permissions import place_in_project
from annotation.models.projects import Role
from annotation.services import project_settings as services
from labeling_ui.selection_form import SelectionForm
from labeling_ui.views.project_settings import what_changed


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def selection_settings(request: HttpRequest, slug: str) -> HttpResponse:
    place = place_in_project(request.user, slug, Role.ML, Role.LEAD)
    form = SelectionForm.for_project(place.project, request.POST if request.method == "POST" else None)
    if form.is_valid():
        changed = services.change_selection(project=place.project, by=place.user, **form.cleaned_data)
        messages.success(request, what_changed(changed))
        return redirect("selection_settings", slug)
    context = {"project": place.project, "place": place, "form": form}
    return render(request, "labeling_ui/ml/settings.html", context, status=400 if form.errors else 200)
