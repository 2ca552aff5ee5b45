"""What people see of their own account."""

from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime

from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from annotation.models import Invitation, Membership, User
from annotation.models.projects import Role


@dataclass(frozen=True)
class SecondFactor:
    since: datetime
    last_used_at: datetime | None
    recovery_codes: int  # that are left


@dataclass(frozen=True)
class Secret:
    """What an app is told to show the right codes: an address for its camera, and the same to be typed."""

    address: str
    text: str


def second_factor(user: User) -> SecondFactor | None:
    """Two queries at most."""
    app = TOTPDevice.objects.filter(user=user, confirmed=True).first()
    if app is None:
        return None
    left = StaticToken.objects.filter(device__user=user).count()
    return SecondFactor(since=app.created_at, last_used_at=app.last_used_at, recovery_codes=left)


def unconfirmed_secret(user: User) -> Secret | None:
    app = TOTPDevice.objects.filter(user=user, confirmed=False).first()
    if app is None:
        return None
    text = b32encode(app.bin_key).decode()
    return Secret(app.config_url, " ".join(text[at : at + 4] for at in range(0, len(text), 4)))


def may_make_projects(user: User) -> bool:
    """Superusers and whoever leads a project already. One query at most."""
    return user.is_superuser or Membership.objects.filter(user=user, role=Role.LEAD).exists()


def invitations_for(user: User) -> list[Invitation]:
    """Those that wait for them without a link: the newest into each project. One query."""
    waiting = Invitation.objects.waiting_for(user).select_related("project")
    return list(waiting.order_by("project", "-created_at", "-pk").distinct("project"))
