"""Invitations: single-use, bound to a role, and untouched by whoever only looks."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from annotation.models import Invitation, Labeler, Membership, User
from annotation.services import invitations
from tests import factories
from tests.annotation.test_races import at_once

ANSWER = {"username": "erin", "password": "a long enough password"}


@pytest.fixture
def secret(project, dana):
    return invitations.invite(project=project, email="erin@example.org", role="labeler", by=dana)


def test_accepting_makes_an_account_with_the_role(secret, project):
    client = Client()

    answer = client.post(f"/accounts/invitation/{secret}/", ANSWER)

    user = User.objects.get(username="erin")
    assert answer.status_code == 302
    assert (user.email, Membership.objects.get(user=user).role) == ("erin@example.org", "labeler")
    assert Labeler.objects.filter(project=project, user=user).exists()
    assert client.session["_auth_user_id"] == str(user.pk)


def test_looking_at_the_link_uses_nothing_up(secret):
    for _ in range(3):
        assert Client().get(f"/accounts/invitation/{secret}/").status_code == 200

    assert Invitation.objects.get().used_at is None


def test_somebody_with_an_account_joins_with_it(secret, project, charlie, client_for):
    client = client_for(charlie.user)
    assert "Join as charlie" in client.get(f"/accounts/invitation/{secret}/").content.decode()

    answer = client.post(f"/accounts/invitation/{secret}/")

    assert answer.status_code == 302
    assert Membership.objects.get(user=charlie.user, project=project).role == "labeler"
    assert client.post(f"/accounts/invitation/{secret}/").status_code == 404


def test_a_member_who_opens_an_invitation_keeps_their_role(secret, project, dana, client_for):
    answer = client_for(dana).post(f"/accounts/invitation/{secret}/")

    assert "You belong to this project already" in answer.content.decode()
    assert Membership.objects.get(user=dana).role == "lead"
    assert Invitation.objects.get().used_at is None


def test_a_used_invitation_is_gone(secret):
    Client().post(f"/accounts/invitation/{secret}/", ANSWER)

    answer = Client().post(f"/accounts/invitation/{secret}/", ANSWER | {"username": "frank"})

    assert answer.status_code == 404
    assert not User.objects.filter(username="frank").exists()


def test_an_invitation_runs_out(secret):
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    with pytest.raises(invitations.InvitationGone):
        invitations.look_at(secret=secret)


def test_an_address_is_invited_once_at_a_time_and_no_member_is(secret, project, dana):
    with pytest.raises(invitations.InvitedAlready):
        invitations.invite(project=project, email="Erin@example.org", role="lead", by=dana)
    invitations.withdraw(project=project, invitation=Invitation.objects.get().pk, by=dana)
    again = invitations.invite(project=project, email="Erin@example.org", role="lead", by=dana)
    invitations.accept(secret=again, **ANSWER)

    with pytest.raises(invitations.MemberAlready):
        invitations.invite(project=project, email="erin@example.org", role="lead", by=dana)

    assert Invitation.objects.count() == 2


def test_the_secret_is_not_stored(secret):
    stored = Invitation.objects.get()

    assert secret.encode() not in bytes(stored.secret_hash)
    assert secret not in str(vars(stored))


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (ANSWER | {"password": "short"}, "at least 12 characters"),
        (ANSWER | {"password": "password1234"}, "too common"),
        (ANSWER | {"username": "alice"}, "Somebody has this user name"),
        (ANSWER | {"username": "no spaces"}, "Enter a valid username"),
    ],
)
def test_a_bad_answer_is_explained_and_the_invitation_stays(secret, alice, answer, sentence):
    page = Client().post(f"/accounts/invitation/{secret}/", answer)

    assert sentence in page.content.decode()
    assert Invitation.objects.get().used_at is None


def test_the_command_prints_a_link_that_works(project, capsys):
    call_command("invite", "gil@example.org", project="algebra", role="lead")

    link = capsys.readouterr().out.strip().removeprefix("http://127.0.0.1:8000")
    Client().post(link, ANSWER)
    assert Membership.objects.get(user__username="erin").role == "lead"


@pytest.mark.parametrize(("email", "slug"), [("nobody", "algebra"), ("a@example.org", "nowhere")])
def test_the_command_refuses_what_cannot_be(project, email, slug):
    with pytest.raises(CommandError):
        call_command("invite", email, project=slug, role="lead")

    assert not Invitation.objects.exists()


def test_an_invitation_that_is_withdrawn_while_it_is_accepted_makes_no_account(secret, project, dana, monkeypatch):
    looked_at = invitations.look_at

    def withdrawn_after(*, secret):
        found = looked_at(secret=secret)
        invitations.withdraw(project=project, invitation=found.pk, by=dana)
        return found

    monkeypatch.setattr(invitations, "look_at", withdrawn_after)

    with pytest.raises(invitations.InvitationGone):
        invitations.accept(secret=secret, **ANSWER)

    assert not User.objects.filter(username="erin").exists()


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_an_invitation_accepted_16_times_at_once_makes_one_account():
    project = factories.project()
    secret = invitations.invite(project=project, email="erin@example.org", role="labeler", by=None)

    answers = at_once(
        lambda place: invitations.accept(secret=secret, username=f"erin{place}", password=ANSWER["password"]), range(16)
    )

    assert len([one for one in answers if isinstance(one, User)]) == User.objects.count() == 1
    assert Invitation.objects.filter(used_at__lte=Now()).count() == 1
