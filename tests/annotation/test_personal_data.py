"""M7: what is stored about somebody, for themself; and what is left when they go: labels under a random name."""

import json
import uuid

import pytest
from axes.models import AccessAttempt, AccessLog
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from annotation.models import (
    ApiToken,
    AuditEvent,
    Draft,
    Invitation,
    Label,
    Labeler,
    Membership,
    Message,
    OutsideIdentity,
    User,
)
from annotation.models.projects import Role
from annotation.queries import personal as queries
from annotation.services import guidance, invitations, members, personal, queue, tokens
from labeling_ui.second_factor import BACKEND
from tests import factories
from tests.annotation.locks import free_while_it_waits


@pytest.fixture
def erin(project, dana):
    """A labeler with everything that an account can have: invited, labeled, wrote, signed in, and holds a solution."""
    secret = invitations.invite(project=project, email="erin@example.org", role=Role.LABELER, by=dana)
    user = invitations.accept(secret=secret, username="erin", password=factories.PASSWORD)
    labeler = Labeler.objects.get(user=user)
    factories.queued(project, 2)
    factories.label(labeler, (1, 1, -1), reason="")
    held = queue.claim_next(project=project, by=labeler)
    token = held.lease_token
    queue.heartbeat(project=project, by=labeler, slot=held.slot, lease_token=token, draft={"half": "done"})
    asked = guidance.send(project=project, by=dana, text="Look at step 3 again.", to=labeler)
    guidance.reply(by=labeler, message=asked.pk, text="I did; it is wrong.")
    factories.give_second_factor(user)
    OutsideIdentity.objects.create(
        user=user, issuer="https://id.example.org", subject="42", email="Erin@work.example.org"
    )
    other = factories.project(slug="geometry")
    invitations.invite(project=other, email="erin@WORK.example.org", role=Role.LABELER, by=dana)
    invitations.withdraw(project=other, invitation=Invitation.objects.get(project=other).pk, by=dana)
    ApiToken.objects.create(user=user, name="laptop", secret_hash=b"x" * 32, scopes=["read"], expires_at=timezone.now())
    Client().post("/accounts/sign-in/", {"username": "erin", "password": "wrong"})
    client = Client()
    client.force_login(user, backend=BACKEND)
    return labeler


def everything(user):
    return {heading: list(rows) for heading, rows in queries.everything_about(user)}


def test_m7_the_download_lists_all_that_is_stored_about_them(erin, dana, project):
    found = everything(erin.user)

    assert found["account"][0]["email"] == "erin@example.org"
    assert found["memberships"] == [{"project__slug": "algebra", "project__name": "Algebra", "role": "labeler"}]
    assert [row["role"] for row in found["past_roles"]] == ["labeler"]
    assert [row["pseudonym"] for row in found["labelers"]] == [erin.pseudonym]
    assert [row["email"] for row in found["invitations"]] == ["erin@example.org"]
    assert [row["text"] for row in found["messages_written"]] == ["I did; it is wrong."]
    assert [row["text"] for row in found["messages_received"]] == ["Look at step 3 again."]
    assert [row["body"] for row in found["drafts"]] == [{"half": "done"}]
    assert [row["subject"] for row in found["outside_identities"]] == ["42"]
    assert [row["name"] for row in found["tokens"]] == ["laptop"]
    assert found["recovery_codes"] == [{"left": 10}]
    assert len(found["second_factor"]) == len(found["attempts"]) == 1
    assert {"set up second factor", "agree to terms"} <= {row["action"] for row in found["acts"]}
    (label,) = found["labels"]
    assert [row["rating"] for row in label["ratings"]] == [1, 1, -1]


def test_m7_the_download_gives_no_secret_away_and_no_check_of_quality(erin, client_for):
    answer = client_for(erin.user).get("/accounts/data/file/")

    text = b"".join(answer.streaming_content).decode()
    read = json.loads(text)
    assert answer["Content-Disposition"] == 'attachment; filename="stepmark-my-data.json"'
    assert read["labels"][0]["ratings"][2]["rating"] == -1
    assert not {"purpose", "slot_id"} & read["labels"][0].keys()
    for secret in (erin.user.password, TOTPDevice.objects.get().key, StaticToken.objects.first().token):
        assert secret not in text


def test_m7_the_download_is_their_own(erin, alice):
    found = everything(alice.user)

    assert found["labels"] == found["messages_written"] == found["attempts"] == found["drafts"] == []
    assert "erin" not in json.dumps(found, default=str)


def test_m7_the_download_asks_the_same_number_of_queries_for_any_number_of_labels(
    project, alice, django_assert_num_queries
):
    factories.queued(project, 3)
    for _ in range(3):
        factories.label(alice)
    # the labels · their ratings
    with django_assert_num_queries(2):
        labels = list(queries._labels(Labeler.objects.filter(pk=alice.pk)))

    assert len(labels) == 3


def test_m7_who_deletes_their_account_leaves_labels_under_their_pseudonym_and_nothing_else(erin, project):
    user, pseudonym = erin.user, erin.pseudonym
    given = Label.objects.get(labeler=erin)

    personal.delete_account(by=user)

    kept = User.objects.get(pk=user.pk)
    assert kept.username == f"deleted account {user.pk}"
    assert (kept.first_name, kept.last_name, kept.email, kept.last_login, kept.is_active) == ("", "", "", None, False)
    assert not kept.has_usable_password()
    labeler = Labeler.objects.get(pk=erin.pk)
    assert (labeler.user, labeler.pseudonym) == (None, pseudonym)
    assert Label.objects.get(labeler=labeler).pk == given.pk
    assert list(Message.objects.filter(labeler=labeler, answers__isnull=False).values_list("author", "text")) == [
        (None, "I did; it is wrong.")
    ]
    gone = (Draft, OutsideIdentity, ApiToken, TOTPDevice, StaticToken, AccessAttempt, AccessLog)
    assert [table.__name__ for table in gone if table.objects.exists()] == []
    assert not Membership.objects.filter(user=user).exists()
    assert [one for one in Session.objects.all() if one.get_decoded().get("_auth_user_id") == str(user.pk)] == []
    assert set(Invitation.objects.values_list("email", flat=True)) == {""}


def test_m7_no_table_says_the_name_or_the_e_mail_of_a_deleted_account(erin):
    personal.delete_account(by=erin.user)

    assert places_of("erin@example.org") == places_of("erin") == places_of("erin@work.example.org") == []


def test_m7_what_only_reads_like_the_name_of_a_deleted_account_stays_in_the_log(erin, dana, project):
    members.create_project(slug="erin", by=dana)
    tokens.make(by=dana, name="erin", scopes=["read"], days=1)

    personal.delete_account(by=erin.user)

    kept = AuditEvent.objects.filter(action__in=["create project", "make token"], target="erin")
    assert kept.count() == 2


def places_of(text):
    """Columns of any table in which the text stands, whatever their kind."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
            "AND data_type IN ('text', 'character varying', 'jsonb', 'ARRAY')"
        )
        found = []
        for table, column in cursor.fetchall():
            cursor.execute(f"""SELECT 1 FROM "{table}" WHERE "{column}"::text ~* %s LIMIT 1""", [rf"\m{text}\M"])
            found += [(table, column)] if cursor.fetchone() else []
    return found


def test_m7_what_they_did_stays_written_down_without_their_name(erin, dana):
    personal.delete_account(by=erin.user)

    event = AuditEvent.objects.get(action="give role")
    assert (event.actor_id, event.target, event.details) == (
        erin.user.pk,
        f"deleted account {erin.user.pk}",
        {"role": "labeler"},
    )
    assert AuditEvent.objects.get(action="delete account").actor_id == erin.user.pk
    with pytest.raises(DatabaseError):
        AuditEvent.objects.filter(pk=event.pk).update(target="somebody else")


def test_m7_the_pseudonym_is_no_key_of_the_database_and_is_the_same_after_the_account_is_gone(erin):
    before = erin.pseudonym

    personal.delete_account(by=erin.user)

    assert isinstance(before, uuid.UUID)
    assert str(erin.pk) != str(before)
    assert Labeler.objects.get(pk=erin.pk).pseudonym == before


def test_m7_what_they_held_goes_to_somebody_else(erin, project, alice):
    held = queue.claim_next(project=project, by=erin).slot

    personal.delete_account(by=erin.user)

    assert queue.claim_next(project=project, by=alice).slot == held


def test_m7_the_last_lead_of_a_project_cannot_go_and_then_nothing_is_changed(project, dana):
    other = factories.project()
    members.add_member(project=other, user=dana, role=Role.LABELER, by=None)

    with pytest.raises(members.LastLead):
        personal.delete_account(by=dana)

    assert Membership.objects.filter(user=dana).count() == 2
    assert User.objects.get(pk=dana.pk).username == "dana"


def test_m7_the_last_superuser_cannot_go(db):
    root = User.objects.create_superuser("root", "root@example.org", factories.PASSWORD)

    with pytest.raises(personal.LastSuperuser):
        personal.delete_account(by=root)

    User.objects.create_superuser("second")
    personal.delete_account(by=root)
    assert not User.objects.get(pk=root.pk).is_superuser


@pytest.mark.django_db(transaction=True)
@pytest.mark.services
def test_m7_of_three_superusers_two_go_at_once_without_a_deadlock():
    """Each makes sure that another one stays: who held their own row meanwhile would wait for ever."""
    first, second, third = (User.objects.create_superuser(name) for name in ("first", "second", "third"))
    User.objects.filter(pk=first.pk).update(username="behind")  # where the table has them from now on

    free_while_it_waits(lambda: personal.delete_account(by=second), held=[first], free=second)

    personal.delete_account(by=first)
    with pytest.raises(personal.LastSuperuser):
        personal.delete_account(by=third)


def test_m7_a_deleted_account_signs_in_nowhere(erin):
    personal.delete_account(by=erin.user)

    page = Client().post("/accounts/sign-in/", {"username": "erin", "password": factories.PASSWORD})

    assert "do not belong together" in page.content.decode()


def test_m7_the_page_wants_the_password_and_says_goodbye(erin, client_for):
    client = client_for(erin.user)

    refused = client.post("/accounts/data/", {"current": "wrong"})
    assert refused.status_code == 400
    assert "This is not your password." in refused.content.decode()
    assert User.objects.filter(username="erin").exists()

    page = client.post("/accounts/data/", {"current": factories.PASSWORD}).content.decode()
    assert "Your account is deleted" in page
    assert client.get("/accounts/data/").status_code == 302
    assert not User.objects.filter(username="erin").exists()


def test_m7_who_has_no_password_types_their_name_instead(erin, client_for):
    erin.user.set_unusable_password()
    erin.user.save()
    client = client_for(erin.user)

    assert "This is not your user name." in client.post("/accounts/data/", {"current": "dana"}).content.decode()
    assert "Your account is deleted" in client.post("/accounts/data/", {"current": "erin"}).content.decode()


def test_m7_the_last_lead_reads_on_the_page_what_to_do(dana, client_for):
    page = client_for(dana).post("/accounts/data/", {"current": factories.PASSWORD})

    assert page.status_code == 400
    assert "Make somebody else a lead first." in page.content.decode()
