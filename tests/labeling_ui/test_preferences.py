import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from labeling_ui.views.errors import server_error

SIGN_IN = "/accounts/sign-in/"
CHINESE = '<html lang="zh-Hans"'


@pytest.fixture
def choose(client):
    """choose(language=…, theme=…) → the answer to the form."""

    def sent(**values):
        return client.post(reverse("preferences"), {"next": SIGN_IN} | values)

    return sent


def page_of(client, path=SIGN_IN, **headers):
    return client.get(path, headers=headers).content.decode()


def test_pages_are_english_unless_something_else_is_asked_for(db, client):
    assert '<html lang="en">' in page_of(client)


@pytest.mark.parametrize("wanted", ["zh-CN,zh;q=0.9,en;q=0.8", "zh", "zh-Hans-SG"])
def test_a_browser_that_prefers_chinese_gets_it(wanted, db, client):
    assert CHINESE in page_of(client, accept_language=wanted)


def test_a_language_that_there_is_not_becomes_english(db, client):
    assert '<html lang="en">' in page_of(client, accept_language="eo,fr;q=0.5")


def test_a_chosen_language_is_kept_whatever_the_browser_prefers(db, client, choose):
    choose(language="zh-hans")
    assert CHINESE in page_of(client, accept_language="en")

    choose(language="en")
    assert '<html lang="en">' in page_of(client, accept_language="zh-CN")


def test_a_chosen_theme_is_in_the_page_itself_and_the_devices_own_is_nowhere(db, client, choose):
    assert "data-theme" not in page_of(client)

    choose(theme="dark")
    assert 'data-theme="dark"' in page_of(client)

    choose(theme="system")
    assert "data-theme" not in page_of(client)


def test_one_choice_leaves_the_other_alone(db, client, choose):
    choose(theme="dark")
    choose(language="zh-hans")

    assert '<html lang="zh-Hans" data-theme="dark">' in page_of(client)


def test_the_form_shows_what_is_chosen(db, client, choose):
    choose(theme="dark")

    page = page_of(client)

    assert page.count('aria-pressed="true"') == 2
    assert '<button type="submit" name="theme" value="dark" aria-pressed="true">' in page
    assert '<button type="submit" name="language" value="en" lang="en" aria-pressed="true">' in page


def test_a_theme_that_somebody_made_up_is_the_devices_own(db, client):
    client.cookies["theme"] = '"><script>'

    assert '<html lang="en">' in page_of(client)


@pytest.mark.parametrize("values", [{"theme": "pink"}, {"language": "tlh"}, {"language": "zh-hans", "theme": "pink"}])
def test_what_is_not_offered_is_refused_and_changes_nothing(values, db, client, choose):
    assert choose(**values).status_code == 400
    assert '<html lang="en">' in page_of(client)


def test_the_way_back_is_the_page_where_one_was(db, choose):
    assert choose(theme="dark")["Location"] == SIGN_IN
    assert choose(theme="dark", next="/p/algebra/rounds/?page=2")["Location"] == "/p/algebra/rounds/?page=2"


@pytest.mark.parametrize("elsewhere", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", ""])
def test_the_way_back_is_never_another_site(elsewhere, db, choose):
    assert choose(theme="dark", next=elsewhere)["Location"] == "/"


def test_another_site_cannot_choose(db):
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(reverse("preferences"), {"theme": "dark"}).status_code == 403
    assert strict.get(reverse("preferences")).status_code == 405


def test_the_cookies_last_and_are_no_business_of_scripts_or_of_other_sites(db, choose, settings):
    settings.LANGUAGE_COOKIE_SECURE = True

    cookies = choose(language="zh-hans", theme="dark").cookies

    for name in ("language", "theme"):
        assert cookies[name]["httponly"]
        assert cookies[name]["secure"]
        assert cookies[name]["samesite"] == "Lax"
        assert cookies[name]["path"] == "/"
        assert cookies[name]["max-age"] > 300 * 24 * 60 * 60


def test_every_page_of_people_who_are_signed_in_offers_the_choice(alice, dana, mel, client_for):
    pages = {
        alice.user: ["/p/algebra/label/", "/p/algebra/instructions/"],
        dana: ["/p/algebra/"],
        mel: ["/p/algebra/rounds/"],
    }
    for user, paths in pages.items():
        for path in paths:
            page = client_for(user).get(path).content.decode()
            assert f'<input type="hidden" name="next" value="{path}">' in page, path


def test_the_page_of_an_error_is_in_the_chosen_theme_and_language(db, client, choose):
    choose(language="zh-hans", theme="dark")
    request = RequestFactory().get("/")
    request.COOKIES["theme"] = "dark"

    assert '<html lang="zh-Hans" data-theme="dark">' in page_of(client, "/nowhere/")
    broken = server_error(request)
    assert broken.status_code == 500
    assert 'data-theme="dark"' in broken.content.decode()
