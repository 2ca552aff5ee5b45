import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from annotation.api.permissions import signed_in
from annotation.services import guidance
from tests import factories


def practise(labeler):
    guidance.finish_practice(by=labeler)


def give_a_label(labeler):
    factories.queued(labeler.project)
    factories.label(labeler)


@pytest.mark.parametrize("begin", [practise, give_a_label])
def test_a_labeler_of_one_project_goes_straight_to_work(begin, alice, client_for):
    begin(alice)

    response = client_for(alice.user).get("/")

    assert response.status_code == 302
    assert response["Location"] == "/p/algebra/label/"


def test_a_labeler_who_has_done_nothing_yet_is_first_told_how_to_begin(alice, bob, client_for):
    practise(bob)
    give_a_label(bob)

    assert client_for(alice.user).get("/")["Location"] == "/p/algebra/work/"


def test_a_labeler_of_two_projects_chooses(alice, client_for):
    other = factories.project(slug="geometry", name="Geometry")
    factories.Membership.objects.create(project=other, user=alice.user, role="labeler")

    page = client_for(alice.user).get("/").content.decode()

    for place in ("/p/algebra/label/", "/p/algebra/work/", "/p/geometry/label/", "/p/geometry/work/"):
        assert f'href="{place}"' in page


def test_home_shows_nobody_elses_projects(alice, charlie, client_for):
    factories.Membership.objects.create(project=factories.project(slug="own"), user=charlie.user, role="labeler")

    page = client_for(charlie.user).get("/").content.decode()

    assert "/p/elsewhere/label/" in page
    assert "algebra" not in page


def test_somebody_without_a_project_is_told_so(db, client_for):
    page = client_for(factories.user("eve")).get("/").content.decode()

    assert "You do not belong to a project yet" in page


@pytest.mark.parametrize("path", ["/", "/p/algebra/label/", "/p/algebra/instructions/"])
def test_pages_ask_for_a_sign_in_and_come_back(path, project, client):
    response = client.get(path)

    assert response.status_code == 302
    assert response["Location"] == f"/accounts/sign-in/?next={path}"


def test_signing_in_leads_to_the_page_that_was_wanted(alice, client):
    form = {"username": "alice", "password": factories.PASSWORD, "next": "/p/algebra/instructions/"}

    response = client.post(reverse("sign_in"), form)

    assert response["Location"] == "/p/algebra/instructions/"
    assert client.get("/p/algebra/instructions/").status_code == 200


def test_signing_in_never_leads_to_another_site(alice, client):
    form = {"username": "alice", "password": factories.PASSWORD, "next": "https://elsewhere.example/"}

    assert client.post(reverse("sign_in"), form)["Location"] == "/"


def test_a_wrong_password_is_a_sentence_and_keeps_the_name(alice, client):
    page = client.post(reverse("sign_in"), {"username": "alice", "password": "wrong"}).content.decode()

    assert "do not belong together" in page
    assert 'value="alice"' in page


def test_guessing_passwords_is_stopped_with_a_page(alice, client):
    for _ in range(10):
        response = client.post(reverse("sign_in"), {"username": "alice", "password": "wrong"})

    assert response.status_code == 429
    assert "Too many attempts" in response.content.decode()
    right = client.post(reverse("sign_in"), {"username": "alice", "password": factories.PASSWORD})
    assert right.status_code == 429


def test_signing_out_needs_a_post(alice, client_for):
    client = client_for(alice.user)

    assert client.get(reverse("sign_out")).status_code == 405
    assert client.post(reverse("sign_out")).status_code == 302
    assert client.get("/p/algebra/label/").status_code == 302


def test_the_browser_can_ask_whom_it_is_signed_in_as(alice, client, client_for):
    assert client_for(alice.user).get(reverse("who")).json() == {"user": alice.user.pk}
    assert client.get(reverse("who")).json() == {"user": None}


def test_the_api_is_described_on_a_page_and_for_machines(client):
    page = client.get("/api/docs/").content.decode()

    assert "POST /api/v1/projects/{slug}/labels" in page
    assert "found_error | solution | give_up | bad_problem" in page
    assert client.get("/api/schema/").status_code == 200


def test_a_page_whose_door_was_forgotten_does_nothing_in_the_name_of_nobody():
    with pytest.raises(PermissionDenied):
        signed_in(AnonymousUser())
