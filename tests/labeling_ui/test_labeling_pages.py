import json
import re

import pytest

from annotation.models import Instructions
from labeling_ui.views.onboarding import blocks
from tests import factories


def config_of(page):
    return json.loads(re.search(r'<script id="label-config" type="application/json">(.*?)</script>', page)[1])


def test_the_labeling_page_knows_its_person_its_addresses_and_their_count(alice, client_for):
    factories.queued(alice.project, 2)
    factories.label(alice)

    config = config_of(client_for(alice.user).get("/p/algebra/label/").content.decode())

    assert config["user"] == alice.user.pk
    assert config["done_today"] == 1
    assert config["csrf_cookie"] == "csrftoken"
    assert config["urls"]["labels"] == "/api/v1/projects/algebra/labels"
    assert config["urls"]["sign_in"] == "/accounts/sign-in/?next=/p/algebra/label/"


def test_the_labeling_page_gives_a_csrf_cookie_that_its_script_can_read(alice, client_for):
    client = client_for(alice.user)

    client.get("/p/algebra/label/")

    assert client.cookies["csrftoken"]["httponly"] == ""


def test_the_labeling_page_holds_no_solution_itself(alice, client_for):
    factories.queued(alice.project, steps=["A very peculiar step."])

    assert "peculiar" not in client_for(alice.user).get("/p/algebra/label/").content.decode()


@pytest.mark.parametrize("page", ["label", "instructions"])
def test_pages_of_a_project_are_not_there_for_others(page, project, charlie, client_for):
    assert client_for(charlie.user).get(f"/p/algebra/{page}/").status_code == 404
    assert client_for(charlie.user).get(f"/p/elsewhere/{page}/").status_code == 200


@pytest.mark.parametrize("person", ["dana", "mel"])
def test_only_labelers_label_but_everybody_reads_the_instructions(person, request, project, client_for):
    client = client_for(request.getfixturevalue(person))

    refused = client.get("/p/algebra/label/")

    assert refused.status_code == 403
    assert "This is for labelers. In this project you are" in refused.content.decode()
    assert client.get("/p/algebra/instructions/").status_code == 200


def test_an_empty_text_stands_for_the_built_in_instructions(alice, client_for):
    page = client_for(alice.user).get("/p/algebra/instructions/").content.decode()

    assert "How to judge a step" in page
    assert "Version 1" in page


def test_the_newest_text_of_the_lead_replaces_the_built_in_instructions(alice, client_for):
    Instructions.objects.create(project=alice.project, version=3, text="# Our rules\n\n- Be <b>kind</b>")
    Instructions.objects.create(project=alice.project, version=2, text="Old rules")

    page = client_for(alice.user).get("/p/algebra/instructions/").content.decode()

    assert "Version 3" in page
    assert "Our rules" in page
    assert "Be &lt;b&gt;kind&lt;/b&gt;" in page
    assert "How to judge a step" not in page
    assert "Old rules" not in page


def test_a_leads_text_is_headings_lists_and_paragraphs():
    text = "# Rules\r\n\r\nBe calm,\r\nbe exact.\r\n\r\n- one\r\n- two\r\n\r\n\r\n\r\n- not\na list\n"

    assert [(block.kind, block.lines) for block in blocks(text)] == [
        ("heading", ["Rules"]),
        ("paragraph", ["Be calm,\nbe exact."]),
        ("list", ["one", "two"]),
        ("paragraph", ["- not\na list"]),
    ]
