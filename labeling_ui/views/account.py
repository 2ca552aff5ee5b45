from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from annotation.models import Membership
from annotation.models.projects import Role
from annotation.queries import work

# LoginView and LogoutView are plain Django: CSRF is enforced for people who are not signed in yet, too.
sign_in = LoginView.as_view(template_name="labeling_ui/account/sign_in.html", redirect_authenticated_user=True)
sign_out = LogoutView.as_view()


@never_cache
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """My projects with what I can do in each. A labeler of a single project goes straight to work; on their first
    visit, to the page that tells them how to begin."""
    places = list(Membership.objects.filter(user=request.user).select_related("project").order_by("project__name"))
    if len(places) == 1 and places[0].role == Role.LABELER:
        project = places[0].project
        return redirect("work" if work.is_first_visit(request.user, project) else "label", project.slug)
    return render(request, "labeling_ui/account/home.html", {"places": places, "roles": Role})


@never_cache
def who(request: HttpRequest) -> HttpResponse:
    """Whom this browser is signed in as; an open labeling page asks before it sends a label after a new sign-in."""
    return JsonResponse({"user": request.user.pk})
