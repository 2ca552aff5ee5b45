"""N12: webhooks on their page."""

import pytest

from annotation.models import Delivery, Webhook
from annotation.services import rounds, webhooks
from tests import factories

PAGE = "/p/algebra/webhooks/"
URL = "https://hooks.example.org/stepmark"


@pytest.fixture(autouse=True)
def origins(settings):
    settings.WEBHOOK_ORIGINS = ["https://hooks.example.org", "http://10.0.0.7:8080"]


@pytest.fixture
def hook(project, dana):
    return webhooks.add(project=project, url=URL, site="https://stepmark.example.org", by=dana)[0]


def test_the_secret_is_shown_once(project, dana, client_for):
    client = client_for(dana)

    page = client.post(PAGE, {"url": URL}).content.decode()

    hook = Webhook.objects.get()
    assert (hook.url, hook.site) == (URL, "http://testserver")
    assert hook.secret in page
    again = client.get(PAGE).content.decode()
    assert URL in again
    assert hook.secret not in again


@pytest.mark.parametrize("url", ["", "https://elsewhere.example.org/", "http://10.0.0.7/", "javascript:alert(1)"])
def test_an_address_that_is_not_allowed_is_refused_with_a_sentence(url, project, dana, client_for):
    page = client_for(dana).post(PAGE, {"url": url})

    assert page.status_code == 400
    assert "errorlist" in page.content.decode()
    assert "<code>http://10.0.0.7:8080</code>" in page.content.decode()
    assert not Webhook.objects.exists()


def test_where_there_are_none_the_page_says_how_they_are_allowed(project, dana, client_for, settings):
    settings.WEBHOOK_ORIGINS = []

    page = client_for(dana).get(PAGE).content.decode()

    assert "WEBHOOK_ORIGINS=https://hooks.example.org" in page
    assert 'name="url"' not in page


def test_a_test_is_sent_and_the_page_goes_on_looking_what_came_of_it(hook, dana, client_for):
    client = client_for(dana)

    page = client.post(f"{PAGE}{hook.pk}/test/", follow=True).content.decode()

    assert f'data-live="{PAGE}list/"' in page
    assert Delivery.objects.get().event == "test"
    Delivery.objects.update(attempts=1, status=500)
    part = client.get(f"{PAGE}list/").content.decode()
    assert "<td>500</td>" in part
    assert "data-live=" not in part


def test_what_was_told_stands_there_with_what_came_back(hook, dana, client_for, django_assert_max_num_queries):
    for number in range(25):
        Delivery.objects.create(webhook=hook, event="round.finished", payload={}, state="sent", status=200 + number)
    Delivery.objects.create(webhook=hook, event="test", payload={}, state="given_up", error="The name is not known.")
    client = client_for(dana)

    # session · account · place · webhooks · deliveries
    with django_assert_max_num_queries(5):
        page = client.get(PAGE).content.decode()

    assert "The name is not known." in page
    assert "given up" in page
    assert "<td>224</td>" in page
    assert "<td>205</td>" not in page  # the last twenty are enough


def test_a_webhook_is_removed(hook, dana, client_for):
    client = client_for(dana)

    page = client.post(f"{PAGE}{hook.pk}/remove/", follow=True).content.decode()

    assert not Webhook.objects.exists()
    assert "The webhook is removed" in page
    assert client.post(f"{PAGE}{hook.pk}/remove/").status_code == 404


def test_a_round_that_fails_stands_there_as_waiting(hook, project, dana, client_for):
    round_, job = factories.running_round(project)
    rounds.fail_round(round=round_, job=job, error="No.")

    page = client_for(dana).get(PAGE).content.decode()

    assert "Round finished" in page
    assert "waiting" in page
