"""N1, N7: sign-in through an OpenID provider, tried against a real one in a process of its own on the loopback."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from annotation.models import AuditEvent, Invitation, Labeler, Membership, OutsideIdentity, User
from annotation.models.projects import Role
from annotation.services import invitations, outside, second_factor, tokens
from labeling_ui.second_factor import BACKEND
from tests import factories
from tests.annotation.test_races import at_once
from tests.openid_provider import CLIENT, SECRET

ROOT = Path(__file__).resolve().parents[2]
ERIN = {"sub": "1", "email": "erin@example.org", "email_verified": True}


@pytest.fixture(scope="module")
def address():
    command = [sys.executable, "-m", "tests.openid_provider"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture
def provider(address, settings, db):
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = address, CLIENT, SECRET
    settings.OIDC_NAME = "the university"
    return address


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def be(provider, claims):
    """Whom the provider lets in next."""
    body = json.dumps(claims).encode()
    urllib.request.urlopen(urllib.request.Request(f"{provider}/person", data=body, method="PUT")).close()


def at_the_provider(address):
    """Where the provider sends the browser back to."""
    try:
        urllib.request.build_opener(NoRedirect).open(address)
    except urllib.error.HTTPError as redirect:
        with redirect:
            return redirect.headers["Location"]


def come_in(provider, claims, client=None, back="/"):
    """(client, the answer after the way there and back)"""
    be(provider, claims)
    client = client or Client()
    there = client.get("/accounts/oidc/", {"next": back})["Location"]
    assert there.startswith(f"{provider}/authorize?")
    return client, client.get(at_the_provider(there).removeprefix("http://testserver"))


def invite(project, email="erin@example.org", role=Role.LABELER):
    invitations.invite(project=project, email=email, role=role, by=None)


def signed_in(client):
    return User.objects.filter(pk=client.get("/accounts/who/").json()["user"]).first()


def test_n1_without_a_provider_there_is_no_way_there(db, client):
    assert "/accounts/oidc/" not in client.get("/accounts/sign-in/").content.decode()
    assert client.get("/accounts/oidc/")["Location"] == "/accounts/sign-in/"
    assert client.get("/accounts/oidc/callback/")["Location"] == "/accounts/sign-in/"


def test_n1_the_way_there_is_a_link_for_the_content_policy_stops_forms_that_lead_away(provider, client):
    answer = client.get("/accounts/sign-in/?next=/p/algebra/work/")

    assert 'href="/accounts/oidc/?next=/p/algebra/work/">Sign in with the university</a>' in answer.content.decode()
    assert "form-action 'self'" in answer["Content-Security-Policy"]


def test_n1_who_is_invited_gets_an_account_without_a_password(provider, project):
    invite(project)

    client, answer = come_in(provider, ERIN, back="/p/algebra/work/")

    user = signed_in(client)
    assert answer["Location"] == "/p/algebra/work/"
    assert (user.username, user.email, user.has_usable_password()) == ("erin", "erin@example.org", False)
    assert AuditEvent.objects.filter(action="link account", actor=user).exists()


def test_n1_who_comes_in_joins_no_project_before_they_saw_its_terms(provider, project):
    invite(project)

    client, _ = come_in(provider, ERIN)

    page = client.get("/").content.decode()
    assert "Invitation to Algebra" in page
    assert "What you agree to by joining" in page
    assert not Membership.objects.exists()
    assert not AuditEvent.objects.filter(action="agree to terms").exists()

    client.post(f"/accounts/invitations/{Invitation.objects.get().pk}/join/")

    user = signed_in(client)
    assert Membership.objects.get(user=user).role == "labeler"
    assert Labeler.objects.filter(user=user, project=project).exists()
    assert Invitation.objects.get().used_at is not None
    assert AuditEvent.objects.get(action="agree to terms").target == "erin"


def test_n1_who_is_not_invited_stays_outside(provider, project):
    invite(project, "somebody.else@example.org")

    client, answer = come_in(provider, ERIN)

    assert answer.status_code == 403
    assert "Nobody invited this e-mail address." in answer.content.decode()
    assert signed_in(client) is None
    assert not User.objects.filter(email="erin@example.org").exists()


@pytest.mark.parametrize("claims", [{"email_verified": False}, {"email_verified": "true"}, {"email": ""}])
def test_n1_an_e_mail_that_is_not_proven_opens_nothing(claims, provider, project):
    invite(project)

    _, answer = come_in(provider, ERIN | claims)

    assert answer.status_code == 403
    assert "is not confirmed" in answer.content.decode()
    assert Invitation.objects.get().used_at is None


def test_n1_who_has_an_account_comes_into_it_and_by_their_number_from_then_on(provider, alice):
    User.objects.filter(pk=alice.user.pk).update(email="Erin@example.org")
    client, _ = come_in(provider, ERIN)
    assert signed_in(client) == alice.user

    client, _ = come_in(provider, ERIN | {"email": "married@example.org"})

    assert signed_in(client) == alice.user
    assert OutsideIdentity.objects.get().subject == "1"


def test_n1_an_e_mail_that_changed_hands_opens_no_account_of_its_former_owner(provider, project, alice):
    User.objects.filter(pk=alice.user.pk).update(email="erin@example.org")
    come_in(provider, ERIN)
    User.objects.filter(pk=alice.user.pk).update(email="")

    _, answer = come_in(provider, ERIN | {"sub": "2"})

    assert answer.status_code == 403


def test_n1_further_invitations_wait_on_the_first_page_of_who_would_go_straight_to_work(provider, project):
    invite(project)
    client, _ = come_in(provider, ERIN)
    client.post(f"/accounts/invitations/{Invitation.objects.get().pk}/join/")
    assert client.get("/")["Location"] == "/p/algebra/work/"
    other = factories.project(slug="geometry", name="Geometry")
    invite(other, "ERIN@example.org", Role.REVIEWER)

    page = client.get("/").content.decode()

    assert "Invitation to Geometry" in page
    assert "Invitation to Algebra" not in page
    assert not Membership.objects.filter(project=other).exists()


def test_n1_an_invitation_waits_only_for_whom_a_provider_proved_its_address_to_be_of(
    provider, project, charlie, client_for
):
    User.objects.filter(pk=charlie.user.pk).update(email="erin@example.org")
    invite(project)
    invitation = Invitation.objects.get()

    client = client_for(charlie.user)

    assert "Invitation to Algebra" not in client.get("/", follow=True).content.decode()
    assert client.post(f"/accounts/invitations/{invitation.pk}/join/").status_code == 404
    assert not Membership.objects.filter(project=project).exists()


def test_n1_an_account_that_somebody_made_for_another_s_address_is_closed_to_its_maker(provider, project, alice):
    User.objects.filter(pk=alice.user.pk).update(email="erin@example.org")
    token = tokens.make(by=alice.user, name="kept", scopes=["read"], days=1)[1]
    factories.give_second_factor(alice.user)
    maker = Client()
    maker.force_login(alice.user, backend=BACKEND)

    client, answer = come_in(provider, ERIN)

    assert signed_in(client) == alice.user
    assert "The password, the second factor and the tokens" in client.get(answer["Location"]).content.decode()
    assert not User.objects.get(pk=alice.user.pk).has_usable_password()
    assert not second_factor.is_set_up(alice.user)
    assert signed_in(maker) is None
    headers = {"Authorization": f"Bearer {token}"}
    assert Client().get("/api/v1/projects", headers=headers).status_code == 401


def test_n1_what_somebody_sets_up_after_the_first_sign_in_stays(provider, alice):
    User.objects.filter(pk=alice.user.pk).update(email="erin@example.org")
    come_in(provider, ERIN)
    token = tokens.make(by=alice.user, name="script", scopes=["read"], days=1)[1]

    _, answer = come_in(provider, ERIN, back="/p/algebra/work/")

    assert answer["Location"] == "/p/algebra/work/"
    assert Client().get("/api/v1/projects", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_n1_names_that_are_taken_get_a_number(provider, project):
    factories.user("erin")
    invite(project)

    client, _ = come_in(provider, ERIN)

    assert signed_in(client).username == "erin2"


def test_n7_superusers_are_not_who_comes_to_own_their_address(provider, db):
    User.objects.create_superuser("root", "erin@example.org", factories.PASSWORD)

    client, answer = come_in(provider, ERIN)

    assert "Sign in with it." in answer.content.decode()
    assert signed_in(client) is None


def test_n1_two_accounts_of_one_address_are_not_guessed_between(provider, alice, bob):
    User.objects.filter(pk__in=[alice.user.pk, bob.user.pk]).update(email="erin@example.org")

    _, answer = come_in(provider, ERIN)

    assert "several accounts" in answer.content.decode()


def test_n1_a_closed_account_stays_closed(provider, project):
    invite(project)
    client, _ = come_in(provider, ERIN)
    User.objects.filter(username="erin").update(is_active=False)

    client, answer = come_in(provider, ERIN)

    assert "This account is closed." in answer.content.decode()
    assert signed_in(client) is None


@pytest.mark.parametrize(
    "lie",
    [
        {"forged": True},
        {"iss": "https://elsewhere.example"},
        {"aud": "another client"},
        {"nonce": "of another sign-in"},
        {"exp": 1},
        {"refuses": True},
    ],
)
def test_n7_an_answer_that_cannot_be_trusted_signs_nobody_in(lie, provider, project):
    invite(project)

    client, answer = come_in(provider, ERIN | lie)

    assert answer.status_code == 502
    assert "did not work" in answer.content.decode()
    assert signed_in(client) is None
    assert Invitation.objects.get().used_at is None


def test_n7_an_answer_to_a_question_that_this_browser_did_not_ask_is_refused(provider, project):
    invite(project)
    be(provider, ERIN)
    asked = Client().get("/accounts/oidc/")["Location"]
    back = at_the_provider(asked).removeprefix("http://testserver")

    victim = Client()

    assert victim.get(back).status_code == 502
    assert signed_in(victim) is None


def test_n7_the_way_back_leads_nowhere_else(provider, project):
    invite(project)

    _, answer = come_in(provider, ERIN, back="https://elsewhere.example/")

    assert answer["Location"] == "/"


def test_n7_the_session_is_a_new_one_after_the_sign_in(provider, project):
    invite(project)
    be(provider, ERIN)
    client = Client()
    there = client.get("/accounts/oidc/")["Location"]
    before = client.session.session_key

    client.get(at_the_provider(there).removeprefix("http://testserver"))

    assert client.session.session_key != before


def test_n7_a_second_factor_of_ours_is_asked_for_unless_the_provider_had_one(provider, project, dana, settings):
    settings.REQUIRE_MFA = True
    User.objects.filter(pk=dana.pk).update(email="erin@example.org")
    come_in(provider, ERIN)
    factories.give_second_factor(dana)

    client, answer = come_in(provider, ERIN)
    assert answer["Location"] == "/accounts/second-factor/"
    assert signed_in(client) is None

    client, answer = come_in(provider, ERIN | {"amr": ["pwd", "mfa"]}, back="/p/algebra/settings/")
    assert client.get(answer["Location"]).status_code == 200


def test_n1_a_provider_that_is_away_is_a_sentence(settings, client, db):
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID = "http://127.0.0.1:9", CLIENT

    answer = client.get("/accounts/oidc/")

    assert answer.status_code == 502
    assert "Signing in through 127.0.0.1:9 did not work." in answer.content.decode()


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_n1_eight_first_sign_ins_at_once_make_one_account():
    project = factories.project()
    invite(project)

    answers = at_once(
        lambda _: outside.arrive(issuer="https://id.example.org", subject="1", email=ERIN["email"], is_proven=True),
        range(8),
    )

    assert [answer.user for answer in answers] == [User.objects.get()] * 8
    assert User.objects.count() == OutsideIdentity.objects.count() == 1


def test_n1_nobody_is_made_a_member_twice(provider, project, alice):
    invite(project)
    User.objects.filter(pk=alice.user.pk).update(email="erin@example.org")
    invitation = Invitation.objects.get()

    client, _ = come_in(provider, ERIN)

    assert client.post(f"/accounts/invitations/{invitation.pk}/join/").status_code == 404
    assert Membership.objects.get(user=alice.user).role == "labeler"
    assert Invitation.objects.get().used_at is None


def test_n7_staff_whose_provider_asks_for_a_second_factor_set_up_one_for_their_tokens(provider, dana, settings):
    settings.REQUIRE_MFA = True
    User.objects.filter(pk=dana.pk).update(email="erin@example.org")
    client, _ = come_in(provider, ERIN | {"amr": ["mfa"]})
    page = client.get("/accounts/second-factor/").content.decode()
    assert 'value="begin"' in page

    client.post("/accounts/second-factor/", {"act": "begin"})
    client.post("/accounts/second-factor/", {"act": "confirm", "code": factories.app_code(dana)})

    assert second_factor.is_set_up(dana)
    assert client.get("/accounts/second-factor/")["Location"] == "/accounts/security/"


def test_the_state_travels_with_the_session_and_not_in_the_open(provider, client):
    asked = parse_qs(urlsplit(client.get("/accounts/oidc/")["Location"]).query)

    assert asked["redirect_uri"] == ["http://testserver/accounts/oidc/callback/"]
    assert asked["scope"] == ["openid email"]
    assert asked["code_challenge_method"] == ["S256"]
