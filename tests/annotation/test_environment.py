"""What the environment may hold, and what stops the start with a sentence. tests/prove has the same for whole processes."""

import secrets

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from annotation import environment

GOOD = secrets.token_urlsafe(64)


@pytest.mark.parametrize(
    ("word", "value"),
    [("true", True), ("ON", True), ("1", True), ("false", False), ("No", False), ("0", False), ("", True), (" ", True)],
)
def test_a_switch_is_read_in_the_usual_words_and_empty_is_its_default(word, value, monkeypatch):
    monkeypatch.setenv("SECURE", word)

    assert environment.LoudEnv().bool("SECURE", default=True) is value


@pytest.mark.parametrize("word", ["enabled", "treu", "2", "nein"])
def test_a_switch_is_not_off_because_of_a_word_that_nobody_knows(word, monkeypatch):
    monkeypatch.setenv("SECURE", word)

    with pytest.raises(ImproperlyConfigured, match="SECURE is true or false, not"):
        environment.LoudEnv().bool("SECURE", default=True)


@pytest.mark.parametrize("word", ["-1", "one", "1.5", "1e3"])
def test_a_number_is_a_whole_one(word, monkeypatch):
    monkeypatch.setenv("TRUSTED_PROXIES", word)

    with pytest.raises(ImproperlyConfigured, match="TRUSTED_PROXIES is a whole number"):
        environment.LoudEnv().int("TRUSTED_PROXIES", default=0)


@pytest.mark.parametrize(
    "key",
    ["", "short", "k" * 64, "changeme" * 8, "django-insecure-" + GOOD, "a sentence " + GOOD, GOOD[:49]],
    ids=range(7),
)
def test_a_key_that_can_be_guessed_is_refused(key):
    environment.refuse_weak_key("SECRET_KEY", secrets.token_hex(32))  # as openssl makes them

    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY .* Make one with: python"):
        environment.refuse_weak_key("SECRET_KEY", key)


@pytest.mark.parametrize("host", ["*", "*.example.org", "https://example.org", "example.org:443", "", "a b"])
def test_hosts_are_names_and_never_all(host):
    environment.refuse_open_hosts(["stepmark.example.org", ".example.org", "127.0.0.1", "[::1]"])

    with pytest.raises(ImproperlyConfigured, match="ALLOWED_HOSTS holds host names"):
        environment.refuse_open_hosts([host])


@pytest.mark.parametrize("origin", ["http://stepmark.example.org", "stepmark.example.org", "https://*", "null"])
def test_forms_come_from_named_origins_by_https(origin):
    environment.refuse_bad_origins("CSRF_TRUSTED_ORIGINS", ["https://stepmark.example.org:8443"], only_https=True)

    with pytest.raises(ImproperlyConfigured, match="CSRF_TRUSTED_ORIGINS holds origins"):
        environment.refuse_bad_origins("CSRF_TRUSTED_ORIGINS", [origin], only_https=True)


def test_debug_pages_are_for_the_own_machine():
    environment.refuse_debug_on_a_server(debug=True, secure=False)

    with pytest.raises(ImproperlyConfigured, match="DEBUG"):
        environment.refuse_debug_on_a_server(debug=True, secure=True)


@pytest.mark.parametrize("url", ["sqlite:///x.db", "mysql://a@b/c", "nonsense"])
def test_there_is_one_kind_of_database(url):
    environment.refuse_another_database("postgresql://stepmark@db.example.org/stepmark")

    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        environment.refuse_another_database(url)


@pytest.mark.parametrize("url", ["amqp://broker", "memory://", "broker:6379"])
def test_there_is_one_kind_of_broker(url):
    environment.refuse_another_broker("rediss://:password@redis.example.org:6379/0")

    with pytest.raises(ImproperlyConfigured, match="REDIS_URL"):
        environment.refuse_another_broker(url)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"TRUSTED_PROXIES": 1, "REDIS_URL": "redis://:password@redis.example.org/0"}, set()),
        ({"TRUSTED_PROXIES": 0}, {"stepmark.W001"}),
        ({"TRUSTED_PROXIES": 1, "REDIS_URL": "redis://redis.example.org/0"}, {"stepmark.W002"}),
        ({"TRUSTED_PROXIES": 1, "REDIS_URL": "redis://127.0.0.1/0"}, set()),
    ],
)
def test_the_deployment_check_looks_at_settings_together(values, found, settings):
    settings.SECURE_SSL_REDIRECT = True
    for name, value in values.items():
        setattr(settings, name, value)

    said = {message.id for message in run_checks(include_deployment_checks=True)}

    assert {id for id in said if id.startswith("stepmark.")} == found


@pytest.mark.parametrize(
    ("issuer", "client"),
    [("https://id.example.org", ""), ("", "stepmark"), ("http://id.example.org", "stepmark")],
)
def test_a_provider_is_whole_and_asked_by_https(issuer, client):
    environment.refuse_half_a_provider("", "", only_https=True)
    environment.refuse_half_a_provider("https://id.example.org", "stepmark", only_https=True)
    environment.refuse_half_a_provider("http://127.0.0.1:9000", "stepmark", only_https=False)

    with pytest.raises(ImproperlyConfigured, match="OIDC_ISSUER"):
        environment.refuse_half_a_provider(issuer, client, only_https=True)
