"""The tokens of an account, on its page and in the API."""

from django.db.models.functions import Now

from annotation.models import ApiToken, Project, User


def tokens(user: User, *, project: Project | None = None) -> list[ApiToken]:
    """Those that work, of one project where it is named, the newest first. One query."""
    live = ApiToken.objects.filter(user=user, revoked_at__isnull=True, expires_at__gt=Now())
    live = live.filter(project=project) if project else live
    return list(live.select_related("project").order_by("-created_at", "-pk"))
