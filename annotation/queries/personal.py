"""Everything that is stored about the person of an account, for themself."""

from collections.abc import Iterable, Iterator
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.db.models import Q, QuerySet
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from annotation.models import (
    Acknowledgement,
    ApiToken,
    AuditEvent,
    Draft,
    Exclusion,
    Invitation,
    Label,
    Labeler,
    Lease,
    Membership,
    Message,
    MessageRead,
    OutsideIdentity,
    StepRating,
    User,
)

BATCH = 200
# Where a solution came from and what a label was compared with would tell which ones were tests.
LEFT_OUT = (
    "Passwords, secrets and the keys of sessions are not listed: nobody is shown those. Which of the labels were "
    "checks of quality is left out while the project runs; its lead can tell."
)


def everything_about(user: User) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    """(heading, rows) for each kind of thing; the labels come in batches, however many they are."""
    labelers = Labeler.objects.filter(user=user)
    yield "account", [_account(user)]
    yield from _access(user)
    yield from _places(user, labelers)
    yield from _words(user, labelers)
    yield "labels", _labels(labelers)
    yield "drafts", _rows(Draft.objects.filter(labeler__in=labelers), "slot_id", "body", "updated_at")
    yield "leases", _rows(Lease.objects.filter(labeler__in=labelers), "slot_id", "at")
    yield "acts", _rows(AuditEvent.objects.filter(actor=user), "project__slug", "action", "target", "details", "at")


def _account(user: User) -> dict[str, Any]:
    names = ("username", "first_name", "last_name", "email", "is_superuser", "date_joined", "last_login")
    return {name: getattr(user, name) for name in names} | {"has_password": user.has_usable_password()}


def _access(user: User) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    yield "second_factor", _rows(TOTPDevice.objects.filter(user=user), "confirmed", "created_at", "last_used_at")
    yield "recovery_codes", [{"left": StaticToken.objects.filter(device__user=user).count()}]
    identities = OutsideIdentity.objects.filter(user=user)
    yield "outside_identities", _rows(identities, "issuer", "subject", "email", "created_at")
    yield (
        "tokens",
        _rows(ApiToken.objects.filter(user=user), "name", "scopes", "created_at", "expires_at", "last_used_at"),
    )
    seen = ("attempt_time", "ip_address", "user_agent")
    for heading, log in (("sign_ins", AccessLog), ("failed_sign_ins", AccessFailureLog), ("attempts", AccessAttempt)):
        yield heading, _rows(log._default_manager.filter(username=user.username), *seen)


def _places(user: User, labelers: QuerySet[Labeler]) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    yield "memberships", _rows(Membership.objects.filter(user=user), "project__slug", "project__name", "role")
    changes: Any = Membership.pgh_event_model  # type: ignore[attr-defined]
    past = changes.objects.filter(user=user)
    yield "past_roles", _rows(past, "project__slug", "role", "pgh_label", "pgh_created_at", order="pgh_id")
    yield (
        "labelers",
        _rows(labelers, "project__slug", "pseudonym", "state", "paused_because", "admission", "practiced_at"),
    )
    left_out = Exclusion.objects.filter(labeler__in=labelers)
    yield "exclusions", _rows(left_out, "project__slug", "since", "reason", "created_at", "lifted_at")
    invited = Q(email__iexact=user.email) if user.email else Q(pk=None)
    columns = ("project__slug", "email", "role", "created_at", "expires_at", "used_at")
    yield "invitations", _rows(Invitation.objects.filter(invited | Q(invited_by=user)), *columns)


def _words(user: User, labelers: QuerySet[Labeler]) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    columns = ("project__slug", "id", "answers_id", "label_id", "text", "created_at")
    yield "messages_written", _rows(Message.objects.filter(author=user), *columns)
    yield "messages_received", _rows(Message.objects.filter(labeler__in=labelers).exclude(author=user), *columns)
    yield "messages_read", _rows(MessageRead.objects.filter(labeler__in=labelers), "message_id", "at")
    known = Acknowledgement.objects.filter(labeler__in=labelers)
    yield "instructions_read", _rows(known, "project__slug", "version", "at")


def _rows(found: QuerySet[Any], *names: str, order: str = "pk") -> Iterable[dict[str, Any]]:
    return found.order_by(order).values(*names).iterator(BATCH)


def _labels(labelers: QuerySet[Labeler]) -> Iterator[dict[str, Any]]:
    """Each with its ratings. Two queries for every batch."""
    names = [
        "id",
        "project__slug",
        "solution_id",
        "phase",
        "finish_reason",
        "reason",
        "total_time_ms",
        "active_ms",
        "instructions_version",
    ]
    names += ["shown", "edits", "supersedes_id", "created_at"]
    rows: list[Any] = []
    for row in Label.objects.filter(labeler__in=labelers).order_by("created_at", "pk").values(*names).iterator(BATCH):
        rows.append(row)
        if len(rows) == BATCH:
            yield from _with_ratings(rows)
            rows = []
    yield from _with_ratings(rows)


def _with_ratings(labels: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    columns = ("label_id", "step", "option", "text", "rating", "flagged", "chosen", "human", "ms")
    ratings: dict[Any, list[dict[str, Any]]] = {}
    found = StepRating.objects.filter(label__in=[one["id"] for one in labels]).order_by("label", "step", "option")
    for row in found.values(*columns):
        ratings.setdefault(row.pop("label_id"), []).append(row)
    for label in labels:
        yield label | {"ratings": ratings.get(label["id"], [])}
