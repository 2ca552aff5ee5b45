"""The tokens of an account, on its page and in the API."""

from django.db.models.functions import Now

from annotation.models import ApiToken, User


def tokens(user: User) -> list[ApiToken]:
    """Those that work, the newest first. One query."""
    live = ApiToken.objects.filter(user=user, revoked_at__isnull=True, expires_at__gt=Now())
    return list(live.select_related("project").order_by("-created_at", "-pk"))
