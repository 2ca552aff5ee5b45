"""N1, N15: the page of people, new projects, and the record of work."""

import csv
import io

import pytest
from django.test import Client

from annotation.models import AuditEvent, Invitation, Labeler, Membership, Project, User
from annotation.models.projects import Role
from annotation.services import invitations, members
from tests import factories

PEOPLE = "/p/algebra/people/"


def page_of(client, **query):
    return client.get(PEOPLE, query).content.decode()


def act(client, user, act, **values):
    member = Membership.objects.get(user=user, project__slug="algebra")
    return client.post(f"{PEOPLE}{member.pk}/", {"act": act} | values, follow=True).content.decode()


@pytest.fixture
def lead(dana, client_for):
    return client_for(dana)


def test_n1_everybody_who_belongs_is_listed_and_nobody_else(project, dana, alice, mel, charlie, lead):
    page = page_of(lead)

    for name in ("dana", "alice", "mel", str(alice.pseudonym)):
        assert name in page
    assert "charlie" not in page


def test_n1_an_invitation_is_a_link_that_is_shown_once_and_works(project, lead):
    page = lead.post(PEOPLE, {"email": "erin@example.org", "role": "reviewer"}).content.decode()

    link = page.split('<code id="link">http://testserver')[1].split("</code>")[0]
    assert "erin@example.org is invited." in page
    assert link not in page_of(lead)
    assert "erin@example.org" in page_of(lead)
    Client().post(link, {"username": "erin", "password": "a long enough password"})
    assert Membership.objects.get(user__username="erin").role == "reviewer"
    assert "Open invitations" not in page_of(lead)


@pytest.mark.parametrize("form", [{"email": "nobody", "role": "lead"}, {"email": "", "role": ""}, {"role": "king"}])
def test_n1_a_bad_invitation_is_explained_and_not_made(form, lead):
    answer = lead.post(PEOPLE, form)

    assert answer.status_code == 400
    assert 'class="errorlist"' in answer.content.decode()
    assert not Invitation.objects.exists()


def test_n1_an_invitation_is_withdrawn(project, dana, lead):
    secret = invitations.invite(project=project, email="erin@example.org", role=Role.LABELER, by=dana)
    url = f"{PEOPLE}invitations/{Invitation.objects.get().pk}/"

    assert "Its link does not work any more." in lead.post(url, follow=True).content.decode()
    assert lead.post(url).status_code == 404
    assert Client().get(f"/accounts/invitation/{secret}/").status_code == 404


def test_n1_roles_are_changed_and_people_let_go(project, alice, bob, lead):
    assert "alice has this role now: Reviewer." in act(lead, alice.user, "role", role="reviewer")
    assert Membership.objects.get(user=alice.user).role == "reviewer"

    assert "bob is out of the project." in act(lead, bob.user, "remove")
    assert not Membership.objects.filter(user=bob.user).exists()


def test_n1_the_only_lead_reads_why_not(dana, lead):
    assert "Make somebody else a lead first." in act(lead, dana, "role", role="ml")
    assert "Make somebody else a lead first; then this one can be changed." in page_of(lead)


def test_n1_a_lead_who_steps_back_is_led_to_their_projects(project, dana, mel, lead):
    act(lead, mel, "role", role="lead")
    member = Membership.objects.get(user=dana)

    assert lead.post(f"{PEOPLE}{member.pk}/", {"act": "role", "role": "ml"})["Location"] == "/"
    assert lead.get(PEOPLE).status_code == 403


def test_n1_work_is_paused_with_a_reason_that_leads_read(alice, lead):
    assert "A pause needs a reason." in act(lead, alice.user, "pause", reason=" ")
    page = act(lead, alice.user, "pause", reason="Asked for a break.")

    assert "alice gets no new solutions." in page
    assert "Asked for a break." in page
    assert Labeler.objects.get(pk=alice.pk).state == "paused"
    assert "alice gets solutions again" in act(lead, alice.user, "reinstate")


@pytest.mark.parametrize("form", [{"act": "role", "role": "king"}, {"act": "promote"}, {}, {"act": "pause"}])
def test_n1_what_is_no_act_changes_nothing(form, project, mel, lead):
    member = Membership.objects.get(user=mel)

    assert lead.post(f"{PEOPLE}{member.pk}/", form).status_code == 404
    assert Membership.objects.get(user=mel).role == "ml"


def test_n1_names_are_written_as_text(project, lead):
    factories.member(project, "labeler", "<script>alert(1)</script>")

    assert "<script>alert(1)" not in page_of(lead)


def test_n15_the_record_of_work_is_a_table_in_which_no_name_is_a_formula(project, lead):
    factories.queued(project, 2)
    factories.label(factories.member(project, "labeler", "=cmd|calc"), total_time_ms=120_000, active_ms=90_000)
    Project.objects.update(hourly_cost=20, currency="EUR")

    answer = lead.get(f"{PEOPLE}work.csv", {"since": "2026-01-01", "until": "2100-01-01"})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))

    assert answer["Content-Disposition"] == 'attachment; filename="algebra-work-2026-01-01-2100-01-01.csv"'
    (row,) = rows
    assert row["user name"] == "'=cmd|calc"
    assert (row["labels"], row["active minutes"], row["pay (EUR)"]) == ("1", "1.5", "0.5")


@pytest.mark.parametrize(
    "days", [{}, {"since": "2026-02-01", "until": "2026-01-01"}, {"since": "soon", "until": "2026-01-01"}]
)
def test_n15_days_that_are_none_are_a_sentence(days, lead):
    page = lead.get(f"{PEOPLE}work.csv", days, follow=True).content.decode()

    assert "Choose a first and a last day" in page


def test_n1_a_lead_makes_another_project_and_leads_it(dana, lead):
    assert 'href="/new/"' in lead.get("/").content.decode()

    answer = lead.post("/new/", {"name": "Topology", "slug": "topology", "phase": "1"}, follow=True)

    made = Project.objects.get(slug="topology")
    assert answer.redirect_chain == [("/p/topology/", 302)]
    assert answer.status_code == 200
    assert (made.name, made.phase, Membership.objects.get(project=made).user) == ("Topology", 1, dana)
    assert AuditEvent.objects.get(action="create project").actor == dana


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"slug": "algebra"}, "There is a project of this short name already."),
        ({"slug": "two words"}, "only letters, digits, hyphens and underscores"),
        ({"slug": ""}, "This field is required."),
        ({"phase": "3"}, "3 is not one of the available choices."),
    ],
)
def test_n1_a_bad_project_is_explained_and_not_made(form, sentence, lead):
    answer = lead.post("/new/", {"name": "Topology", "slug": "topology", "phase": "2"} | form)

    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert Project.objects.count() == 1


def test_n1_only_leads_and_superusers_make_projects(project, alice, mel, client_for):
    root = User.objects.create_superuser("root")
    form = {"name": "Topology", "slug": "topology", "phase": "2"}

    for nobody in (alice.user, mel):
        assert client_for(nobody).post("/new/", form).status_code == 403
        assert 'href="/new/"' not in client_for(nobody).get("/", follow=True).content.decode()
    assert 'href="/new/"' in client_for(root).get("/").content.decode()
    assert client_for(root).post("/new/", form).status_code == 302


def test_n7_a_superuser_gives_a_second_factor_before_making_projects(db, client_for, settings):
    settings.REQUIRE_MFA = True
    root = User.objects.create_superuser("root")

    assert client_for(root).get("/new/")["Location"].startswith("/accounts/second-factor/")


def test_n1_whoever_joins_reads_what_they_agree_to_and_it_is_written_down(project, dana, charlie, client_for):
    secret = invitations.invite(project=project, email="erin@example.org", role=Role.LABELER, by=dana)
    client = client_for(charlie.user)

    assert "What you agree to by joining" in client.get(f"/accounts/invitation/{secret}/").content.decode()
    client.post(f"/accounts/invitation/{secret}/")

    event = AuditEvent.objects.get(action="agree to terms")
    assert (event.project, event.actor, event.details) == (
        project,
        charlie.user,
        {"version": invitations.CONSENT_VERSION},
    )


@pytest.mark.parametrize(("role", "rates"), [(Role.LABELER, True), (Role.ML, False)])
def test_n1_who_joins_is_told_of_ratings_where_they_will_rate(role, rates, project, dana):
    secret = invitations.invite(project=project, email="erin@example.org", role=role, by=dana)

    page = Client().get(f"/accounts/invitation/{secret}/").content.decode()

    assert f"Your role in it: {role.label}." in page
    assert ("Your ratings" in page, "Your labels" in page) == (rates, rates)
    assert ("what you start and change here" in page) != rates


def test_who_is_gone_is_remembered_by_pseudonym(project, dana, alice, lead):
    factories.queued(project, 1)
    factories.label(alice)
    members.remove_member(project=project, member=Membership.objects.get(user=alice.user).pk, by=dana)

    page = page_of(lead)

    assert "Who was here before" in page
    assert str(alice.pseudonym) in page
