"""N2: tokens, with which programs do what their owners may."""

import hashlib
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotation.models import ApiToken, AuditEvent, Label, Membership
from annotation.services import second_factor, tokens
from tests import factories
from tests.annotation.test_api import API, label_body

pytestmark = pytest.mark.django_db


def secret_of(user, *scopes, **values):
    return tokens.make(by=user, **{"name": "a script", "scopes": scopes or ["manage"], "days": 7} | values)[1]


def call(method, path, secret, body=None, client=None):
    send = getattr(client or Client(enforce_csrf_checks=True), method)
    body = {"data": body or {}} if method != "get" else {}
    return send(f"{API}{path}", **body, content_type="application/json", headers={"Authorization": f"Bearer {secret}"})


def test_n2_a_whole_shift_is_worked_with_a_token_alone_and_no_cookie_or_csrf_token(alice):
    factories.queued(alice.project, 2)
    secret = secret_of(alice.user, "label")

    first = call("post", "/algebra/claim", secret).json()["assignment"]
    answer = call("post", "/algebra/labels", secret, label_body(first, (1, -1)))

    assert answer.status_code == 201
    assert Label.objects.get().labeler == alice
    assert answer.json()["assignment"]["slot"] != first["slot"]


def test_n2_only_the_hash_of_a_secret_is_stored(alice):
    token, secret = tokens.make(by=alice.user, name="a script", scopes=["read"], days=7)

    assert bytes(ApiToken.objects.get(pk=token.pk).secret_hash) == hashlib.sha256(secret.encode()).digest()
    assert secret not in str(ApiToken.objects.values_list()) + str(AuditEvent.objects.values_list())


@pytest.mark.parametrize("secret", ["", "nonsense", "stepmark_" + "a" * 43, "é", "a b", "x" * 5000])
def test_n2_what_is_no_token_is_a_401_that_says_how_to_come_in(secret, project):
    answer = call("get", "/algebra/rounds", secret)

    assert (answer.status_code, answer.json()["code"]) == (401, "token_gone")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_n2_a_revoked_an_old_and_a_blocked_account_s_token_are_gone(dana):
    revoked, secret = tokens.make(by=dana, name="one", scopes=["read"], days=7)
    old = secret_of(dana)
    ApiToken.objects.exclude(pk=revoked.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    fine = secret_of(dana)
    assert [call("get", "/algebra/rounds", one).status_code for one in (secret, old, fine)] == [200, 401, 200]

    tokens.revoke(token=revoked.pk, by=dana)
    assert call("get", "/algebra/rounds", secret).status_code == 401
    with pytest.raises(tokens.NoSuchToken):
        tokens.revoke(token=revoked.pk, by=dana)

    dana.is_active = False
    dana.save()
    assert call("get", "/algebra/rounds", fine).status_code == 401


def test_n2_a_token_never_exceeds_the_role_that_its_owner_has_today(mel):
    factories.solution(mel.membership_set.get().project)
    secret = secret_of(mel)
    assert call("post", "/algebra/rounds", secret).status_code == 201

    Membership.objects.filter(user=mel).update(role="labeler")
    assert call("post", "/algebra/rounds", secret).status_code == 403

    Membership.objects.filter(user=mel).delete()
    assert call("post", "/algebra/rounds", secret).status_code == 404


def test_n2_a_wrong_token_is_not_saved_by_a_cookie(dana, client_for):
    assert call("get", "/algebra/rounds", "nonsense", client=client_for(dana)).status_code == 401


def test_n2_a_token_of_one_project_lists_and_opens_only_that(dana):
    other = factories.project(slug="other", name="Other")
    Membership.objects.create(project=other, user=dana, role="lead")
    secret = secret_of(dana, "read", project=other)

    assert [one["slug"] for one in call("get", "", secret).json()] == ["other"]
    assert call("get", "/other/rounds", secret).status_code == 200
    assert call("get", "/algebra/rounds", secret).status_code == 404


def test_n2_a_refused_scope_names_the_ones_that_would_do(alice, dana):
    reading = call("post", "/algebra/claim", secret_of(alice.user, "read"))
    labeling = call("get", "/algebra/rounds", secret_of(dana, "label"))

    assert (reading.status_code, labeling.status_code) == (403, 403)
    assert "label or manage" in reading.json()["detail"]
    assert "manage or read" in labeling.json()["detail"]


def test_n2_the_last_use_is_noted_at_most_once_a_minute(dana):
    secret = secret_of(dana)

    with CaptureQueriesContext(connection) as first:
        call("get", "/algebra/rounds", secret)
    noted = ApiToken.objects.get().last_used_at
    with CaptureQueriesContext(connection) as second:
        call("get", "/algebra/rounds", secret)

    assert noted is not None
    assert len(second) == len(first) - 1
    ApiToken.objects.update(last_used_at=noted - timedelta(minutes=2))
    call("get", "/algebra/rounds", secret)
    assert ApiToken.objects.get().last_used_at > noted - timedelta(minutes=1)


def test_n2_where_staff_need_a_second_factor_a_token_counts_only_once_its_owner_has_one(dana, alice, settings):
    settings.REQUIRE_MFA = True
    secret = secret_of(dana)
    factories.queued(alice.project, 1)

    refused = call("get", "/algebra/rounds", secret)
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_wanted")
    assert call("post", "/algebra/claim", secret_of(alice.user)).status_code == 200

    second_factor.begin(by=dana)
    dana.totpdevice_set.update(confirmed=True)
    assert call("get", "/algebra/rounds", secret).status_code == 200


def test_n2_there_are_limits_to_what_is_made(alice, charlie):
    for days in (0, 366):
        with pytest.raises(tokens.BadLifetime):
            secret_of(alice.user, days=days)
    with pytest.raises(tokens.NotYourProject):
        secret_of(alice.user, project=charlie.project)
    for _ in range(tokens.MOST):
        secret_of(alice.user)
    with pytest.raises(tokens.TooManyTokens):
        secret_of(alice.user)


# The page -----------------------------------------------------------------------------------------------------------


def test_n2_a_token_is_made_on_the_page_shown_once_and_revoked_there(dana, client_for):
    client = client_for(dana)
    body = {"name": "nightly export", "scopes": ["read"], "project": "", "days": "30"}

    page = client.post("/accounts/tokens/", body)
    secret = page.context["secret"]
    assert page.status_code == 200
    assert secret in page.content.decode()
    assert call("get", "/algebra/rounds", secret).status_code == 200

    again = client.get("/accounts/tokens/").content.decode()
    assert secret not in again
    assert "nightly export" in again

    client.post(f"/accounts/tokens/{ApiToken.objects.get().pk}/revoke/")
    assert call("get", "/algebra/rounds", secret).status_code == 401
    assert "nightly export" not in client.get("/accounts/tokens/").content.decode()
    actions = AuditEvent.objects.filter(actor=dana, target="nightly export").values_list("action", flat=True)
    assert set(actions) == {"make token", "revoke token"}


def test_n2_the_form_says_what_is_wrong_and_nobody_revokes_another_s_token(dana, charlie, client_for):
    token, _ = tokens.make(by=dana, name="mine", scopes=["read"], days=7)

    wrong = client_for(charlie.user).post("/accounts/tokens/", {"name": "", "days": "30", "project": "999"})
    assert (wrong.status_code, set(wrong.context["form"].errors)) == (400, {"name", "scopes", "project"})
    assert client_for(charlie.user).post(f"/accounts/tokens/{token.pk}/revoke/").status_code == 404
    assert ApiToken.objects.get().revoked_at is None


def test_n2_staff_make_a_token_only_in_a_session_with_their_second_factor(dana, client_for, settings):
    settings.REQUIRE_MFA = True
    body = {"name": "one", "scopes": ["read"], "days": "30"}

    answer = client_for(dana).post("/accounts/tokens/", body)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/second-factor/")
    assert not ApiToken.objects.exists()


# The command --------------------------------------------------------------------------------------------------------


def test_n2_the_command_prints_a_token_that_works(dana):
    out = StringIO()

    call_command("create_token", "dana", "--scope", "read", "--project", "algebra", stdout=out)

    assert call("get", "/algebra/rounds", out.getvalue().strip()).status_code == 200


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["nobody", "--scope", "read"], "There is no account 'nobody' that can sign in."),
        (["dana", "--scope", "read", "--project", "nowhere"], "There is no project nowhere. There are: algebra."),
        (["dana", "--scope", "read", "--days", "0"], "A token lives for 1 to 365 days."),
    ],
)
def test_n2_the_command_says_why_not(options, sentence, dana):
    with pytest.raises(CommandError) as refused:
        call_command("create_token", *options)

    assert str(refused.value) == sentence
