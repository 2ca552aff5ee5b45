"""The second factor of an account: an app that shows a code every half minute, and recovery codes for when it is lost.

A code is good once (RFC 6238, §5.2); wrong ones are answered after a wait that doubles. docs/decisions/0014 says why so.
"""

import hashlib
import secrets
from base64 import b32encode
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from annotation.models import User
from annotation.services import accounts, audit
from annotation.services.refusal import Refusal

RECOVERY_CODES = 10
# After so many wrong codes in a row the wait stays what it is, eight and a half minutes: whoever knows a password can
# neither guess on nor lock its owner out for good.
LONGEST_WAIT_FAILURES = 10


class WrongCode(Refusal):
    """This code is not right. Each one is good once: wait for the next that the app shows."""


class WaitALittle(Refusal):
    """There were several wrong codes. Wait a little before the next one."""

    seconds: int = 1


class NothingToConfirm(Refusal):
    """There is nothing to confirm. Begin again."""


class SetUpAlready(Refusal):
    """You have a second factor already. Remove it before you set up another."""


def is_set_up(user: User) -> bool:
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def begin(*, by: User) -> TOTPDevice:
    """A new secret for an app, which counts for nothing before it is confirmed. Raises SetUpAlready."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=by.pk)
        if is_set_up(by):
            raise SetUpAlready
        TOTPDevice.objects.filter(user=by).delete()
        return TOTPDevice.objects.create(user=by, name="app", confirmed=False)


def confirm(*, by: User, code: str) -> list[str]:
    """The app shows the right code: it counts from now on. Returns the recovery codes, which are stored nowhere.

    Raises NothingToConfirm, WrongCode, WaitALittle.
    """
    with transaction.atomic():
        device = TOTPDevice.objects.select_for_update().filter(user=by, confirmed=False).first()
        refusal = _verify(device, _bare(code)) if device else NothingToConfirm()
        if device and refusal is None:
            TOTPDevice.objects.filter(pk=device.pk).update(confirmed=True)
            codes = _make_recovery_codes(by)
            audit.record(project=None, by=by, action="set up second factor", target=by.username)
            return codes
    raise refusal or NothingToConfirm  # outside, so that the wrong code stays counted


def check(*, user: User, code: str) -> None:
    """Use up a code of the app, or a recovery code. Raises WrongCode, WaitALittle."""
    bare = _bare(code)
    with transaction.atomic():
        refusal = _check_app(user, bare) if bare.isdecimal() else _check_recovery(user, bare)
    if refusal:
        raise refusal


def new_recovery_codes(*, by: User, code: str) -> list[str]:
    """In place of those that are left. Raises WrongCode, WaitALittle."""
    check(user=by, code=code)
    with transaction.atomic():
        codes = _make_recovery_codes(by)
        audit.record(project=None, by=by, action="make recovery codes", target=by.username)
    return codes


def remove(*, by: User, code: str) -> None:
    """Give the second factor up, with its help. Raises WrongCode, WaitALittle."""
    check(user=by, code=code)
    with transaction.atomic():
        _forget(by)
        audit.record(project=None, by=by, action="remove second factor", target=by.username)


def reset(*, user: User, by: User | None) -> None:
    """For somebody who lost app and codes; whoever runs the server makes sure who they are. Signs them out."""
    with transaction.atomic():
        _forget(user)
        accounts.end_sessions(user=user)
        audit.record(project=None, by=by, action="reset second factor", target=user.username)


def _bare(code: str) -> str:
    """Without the blanks and hyphens that people read it by."""
    return "".join(code.split()).replace("-", "").lower()


def _check_app(user: User, code: str) -> Refusal | None:
    device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=True).first()
    return _verify(device, code) if device else WrongCode()


def _check_recovery(user: User, code: str) -> Refusal | None:
    device = StaticDevice.objects.select_for_update().filter(user=user, confirmed=True).first()
    return _verify(device, _hashed(code)) if device else WrongCode()


def _verify(device: TOTPDevice | StaticDevice, code: str) -> Refusal | None:
    """What speaks against the code; nothing, where it is right, and then it is used up."""
    device.throttling_failure_count = min(device.throttling_failure_count, LONGEST_WAIT_FAILURES)
    is_allowed, why_not = device.verify_is_allowed()
    if not is_allowed:
        return _wait_until(why_not["locked_until"])
    return None if device.verify_token(code) else WrongCode()


def _wait_until(moment: datetime) -> WaitALittle:
    refusal = WaitALittle()
    refusal.seconds = max(1, round((moment - timezone.now()).total_seconds()))
    return refusal


def _make_recovery_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery codes")
    bare = [b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES)]  # 80 bits
    StaticToken.objects.bulk_create([StaticToken(device=device, token=_hashed(code)) for code in bare])
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in bare]


def _hashed(code: str) -> str:
    """As much of the SHA-256 as the column takes; the codes are as random as that."""
    return b32encode(hashlib.sha256(code.encode()).digest()).decode()[:16]


def _forget(user: User) -> None:
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
