"""The door: signing in and out, and what stands behind it."""

from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from annotation.api.permissions import check_second_factor, signed_in
from annotation.models import Membership
from annotation.models.projects import Role
from annotation.queries import accounts, work
from annotation.services import members
from labeling_ui import openid, second_factor
from labeling_ui.account_forms import ProjectForm


class SignIn(LoginView):
    """Plain Django: CSRF is enforced for people who are not signed in yet, too."""

    template_name = "labeling_ui/account/sign_in.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        return super().get_context_data(**kwargs) | {"provider": openid.name()}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        return redirect(second_factor.enter(self.request, form.get_user(), back=self.get_success_url()))


sign_in = SignIn.as_view()
sign_out = LogoutView.as_view()


@never_cache
@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """My projects with what I can do in each, and the invitations that wait for me. A labeler of a single project goes
    straight to work; on their first visit, to the page that tells them how to begin."""
    user = signed_in(request.user)
    places = list(Membership.objects.filter(user=user).select_related("project").order_by("project__name"))
    invitations = accounts.invitations_for(user)
    if len(places) == 1 and places[0].role == Role.LABELER and not (user.is_superuser or invitations):
        project = places[0].project
        return redirect("work" if work.is_first_visit(user, project) else "label", project.slug)
    context: dict[str, object] = {"places": places, "roles": Role, "invitations": invitations}
    context["may_make_projects"] = accounts.may_make_projects(user)
    return render(request, "labeling_ui/account/home.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_project(request: HttpRequest) -> HttpResponse:
    """Whoever makes a project leads it."""
    user = signed_in(request.user)
    if not accounts.may_make_projects(user):
        raise PermissionDenied(_("New projects are made by people who lead one already, and by superusers."))
    check_second_factor(user)
    form = ProjectForm(request.POST if request.method == "POST" else None, initial={"phase": 2})
    if form.is_valid():
        try:
            made = members.found_project(by=user, **form.cleaned_data)
            return redirect("project", made.slug)
        except (members.SlugTaken, members.BadSlug) as refusal:
            form.add_error("slug", _(str(refusal)))
    return render(request, "labeling_ui/account/new_project.html", {"form": form}, status=400 if form.errors else 200)


@never_cache
@require_safe
def who(request: HttpRequest) -> HttpResponse:
    """Whom this browser is signed in as; an open labeling page asks before it sends a label after a new sign-in."""
    return JsonResponse({"user": request.user.pk})
