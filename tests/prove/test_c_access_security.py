"""C3, C10, C11: what answers give away, what they carry, and what stops a start."""

import json
import os
import secrets
import subprocess
import sys

import pytest
from django.conf import settings as site_settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from annotation.api.serializers import AssignmentSerializer
from annotation.models import Label
from labeling_ui.second_factor import BACKEND
from labeling_ui.views import health
from tests import factories
from tests.access import matrix, world
from tests.access.test_matrix import METHODS, ROWS, address
from tests.annotation.test_api import label_body
from tests.prove.figures import ROOT
from tests.services import address_of

# What a labeler must not learn: which solutions test them, what a model or a lead knows, who else there is.
DENIED = {
    "arm", "gold", "is_gold", "kind", "error_steps", "expected", "served_reason", "score", "scores", "product", "minimum",
    "selector", "priority", "wave", "purpose", "overlap", "grade", "content_hash", "sha256", "email", "password", "token",
    "secret", "username", "labeler", "labelers", "pseudonyms", "generator", "seed", "agreement",
}  # fmt: skip


@pytest.fixture
def there(db, tmp_path, settings):
    settings.DATA_DIR = tmp_path
    return world.build(tmp_path)


def client_of(user=None, **options):
    client = Client(raise_request_exception=False, **options)
    if user:
        client.force_login(user, backend=BACKEND)
    return client


def keys(value):
    """All names in a JSON document, however deep."""
    if isinstance(value, dict):
        return set(value).union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


# C3 ------------------------------------------------------------------------------------------------------------------


def shift(project):
    """The answers of all that a labeler is sent while they work: screening, hidden gold, second opinions, the rest."""
    for kind in ("screening", "hidden"):
        factories.gold(project, kind)
    factories.queued(project, 4)
    factories.queued(project, 2, arm="convincing_wrong")
    labeler = factories.member(project, "labeler", "eve")
    client, place = client_of(labeler.user), f"/api/v1/projects/{project.slug}"
    while True:
        claimed = client.post(f"{place}/claim", {}, content_type="application/json")
        yield claimed
        assignment = claimed.json().get("assignment")
        if not assignment:
            return
        body = label_body(assignment, [1] * len(assignment["steps"]))
        yield client.post(f"{place}/labels", body, content_type="application/json")


def asked_by_a_labeler(there):
    """The answers of every route that lets a labeler through, by every method."""
    client = client_of(there.people["labeler"])
    for name, row in ROWS.items():
        for method in METHODS:
            if name != "sign_out" and ("labeler" in row.get(method, "").split() or row.get(method) == matrix.SIGNED_IN):
                body = matrix.BODIES.get((name, method), {})
                as_json = {"content_type": "application/json"} if name in matrix.API else {}
                yield name, getattr(client, method.lower())(address(name, there), body, **as_json)


def without_practice(told):
    """Gold that is visible says afterwards what was right: that is what it is for. The world has one of it."""
    if isinstance(told, dict) and told.get("feedback"):
        label = Label.objects.get(pk=told["label"]["id"])
        return told if label.solution.gold.kind != "visible" else told | {"feedback": None}
    return told


# Their own account, their own tokens and their own name are theirs to see.
OWN = {"personal_data_file", "security", "personal_data", "tokens", "api_tokens", "who"}


def given_away(there):
    """What is denied and stands in an answer; and how many answers were looked at."""
    found, looked_at = set(), 0
    others = [person.username for person in [*there.people.values(), *there.strangers.values()]]
    others = [name for name in others if name.startswith("other-")] + ["new@example.org", "typed-by-nobody"]
    answers = [("shift", one) for one in shift(there.project)] + list(asked_by_a_labeler(there))
    for name, answer in answers:
        looked_at += 1
        text = b"".join(answer).decode(errors="replace")
        if name not in OWN and answer.get("Content-Type", "").startswith("application/json"):
            found |= {f"{name}: {key}" for key in keys(without_practice(json.loads(text))) & DENIED}
        found |= {f"{name}: {other}" for other in others if other in text}
    return sorted(found), looked_at


@pytest.mark.figure(
    "C3", "all that a labeler is sent: a whole shift, and each route that lets them through", "no denied name"
)
def test_a_labeler_is_told_nothing_that_is_not_theirs(prove, there, monkeypatch):
    found, looked_at = given_away(there)
    prove.measured(f"{len(found)} of {len(DENIED)} names in {looked_at} answers")
    assert looked_at > 25
    assert found == []

    told = AssignmentSerializer.to_representation
    monkeypatch.setattr(AssignmentSerializer, "to_representation", lambda self, one: told(self, one) | {"arm": "gold"})
    factories.User.objects.filter(username="eve").update(username="eve-before")
    planted, _ = given_away(there)
    prove.control(f"the arm in the assignment: {len(planted)} found")
    assert "shift: arm" in planted


# C10 -----------------------------------------------------------------------------------------------------------------

POLICY = ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'",
          "require-trusted-types-for 'script'", "trusted-types 'none'")  # fmt: skip
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def lacking(answer):
    """The headers that this answer ought to carry and does not."""
    policy = answer.get("Content-Security-Policy", "")
    lack = [name for name, value in HEADERS.items() if answer.get(name) != value]
    return lack + [part for part in POLICY if part not in policy]


def kept_by_browsers(answer):
    """What a signed-in person was sent and the next one at this machine finds in its cache."""
    return answer.status_code == 200 and "no-store" not in answer.get("Cache-Control", "")


def closed(answers):
    """Each as it comes; files among them are read to their end."""
    for name, answer in answers:
        list(answer)
        yield name, answer


def every_kind_of_answer(there, monkeypatch):
    """Every route by GET as its lead and as nobody; and all the ways in which an answer is none of these."""
    for user in (there.people["lead"], None):
        for name in ROWS:
            yield name, client_of(user).get(address(name, there))
    strict = client_of(enforce_csrf_checks=True)
    yield "static", client_of().get(staticfiles_storage.url("labeling_ui/css/base.css"))
    yield "static 404", client_of().get("/static/none.css")
    yield "404", client_of().get("/none/")
    yield "API 404", client_of().get("/api/v1/none")
    yield "NUL", client_of().get("/?a=%00")
    yield "CSRF", strict.post(reverse("sign_in"), {"username": "x", "password": "y"})
    yield "405", client_of().delete(reverse("who"))
    yield "bad host", client_of().get("/", headers={"Host": "elsewhere.example"})
    yield (
        "bad JSON",
        client_of(there.people["lead"]).post(address("api_messages", there), "{", content_type="application/json"),
    )
    for status, error in ((500, RuntimeError("planted")), (503, OperationalError("planted"))):
        with monkeypatch.context() as broken:
            broken.setattr(health.MigrationExecutor, "__init__", _raising(error))
            answer = client_of().get(reverse("readyz"))
            assert answer.status_code == status
            yield str(status), answer


def _raising(error):
    def fail(*_args, **_kwargs):
        raise error

    return fail


SERVER = {"SECURE": "true", "ALLOWED_HOSTS": "stepmark.example.org", "TRUSTED_PROXIES": "1", "DEBUG": "false"}
SERVER |= {"DJANGO_ALLOW_ASYNC_UNSAFE": None}  # which proofs in a browser set for this process


def server(*command, **environment):
    """What this command says with the environment of a server."""
    key = {"SECRET_KEY": secrets.token_urlsafe(64), "REDIS_URL": "redis://:password@redis.example.org/0"}
    values = {name: value for name, value in (os.environ | SERVER | key | environment).items() if value is not None}
    return subprocess.run(command, cwd=ROOT, env=values, capture_output=True, text=True, check=False)


def visit(username, **environment):
    ran = server(
        *(sys.executable, "-m", "tests.prove.secure_visit", username, factories.PASSWORD),
        DATABASE_URL=address_of(connection.settings_dict["NAME"]),
        **environment,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout.splitlines()[-1])


def unsafe(cookies):
    """Cookies without what holds them to this host, to https, and, for the session's, away from scripts."""
    wanted = ("Secure", "Path=/", "SameSite=Lax")
    bad = [one for one in cookies if not one.startswith("__Host-") or any(part not in one for part in wanted)]
    return bad + [one for one in cookies if "sessionid" in one and "HttpOnly" not in one]


@pytest.mark.figure("C10", "headers of every kind of answer, cookies of a server", "each has them all")
def test_every_answer_carries_its_headers(prove, there, monkeypatch, transactional_db):
    answers = list(closed(every_kind_of_answer(there, monkeypatch)))
    kept = [name for name, answer in answers if name != "static" and kept_by_browsers(answer)]
    without = {name: lack for name, answer in answers if (lack := lacking(answer))}
    statuses = {answer.status_code for _, answer in answers}
    seen = visit("labeler")
    bad = unsafe(seen["cookies"])
    prove.measured(
        f"{len(without)} of {len(answers)} answers ({len(statuses)} statuses) lack one, {len(kept)} are kept; {len(bad)} of {len(seen['cookies'])} cookies unsafe"
    )
    assert {200, 302, 400, 401, 403, 404, 405, 500, 503} <= statuses
    assert (without, kept) == ({}, [])
    assert (seen["entered"], len(seen["cookies"]) >= 2, bad) == (302, True, [])
    assert "max-age=31536000" in seen["headers"]["Strict-Transport-Security"]
    assert seen["plain"] == [301, "https://stepmark.example.org/accounts/sign-in/"]

    with monkeypatch.context() as broken:
        broken.setattr(site_settings, "CONTENT_SECURITY_POLICY", {"DIRECTIVES": {"default-src": ["'self'"]}})
        planted = [name for name, answer in closed(every_kind_of_answer(there, monkeypatch)) if lacking(answer)]
    plain = unsafe(visit("labeler", SECURE="false")["cookies"])
    prove.control(f"another policy: {len(planted)} of {len(answers)}; SECURE=false: {len(plain)} cookies unsafe")
    assert len(planted) == len(answers)
    assert plain


# C11 -----------------------------------------------------------------------------------------------------------------

WEAK = {
    "no key": {"SECRET_KEY": ""},
    "a short key": {"SECRET_KEY": "20-characters-of-key"},
    "a placeholder for a key": {"SECRET_KEY": "changeme" * 8},
    "Django's example key": {"SECRET_KEY": "django-insecure-" + "x7#k2$" * 10},
    "a key that repeats": {"SECRET_KEY": "ab" * 40},
    "the key of these tests before": {
        "SECRET_KEY": "not a secret: this key signs the cookies of tests and nothing else"
    },
    "a weak earlier key": {"SECRET_KEY_FALLBACKS": "secret" * 10},
    "any host": {"ALLOWED_HOSTS": "*"},
    "debug pages": {"DEBUG": "true"},
    "a switch that is none": {"SECURE": "enabled"},
    "a number that is none": {"TRUSTED_PROXIES": "all"},
    "forms from anywhere": {"CSRF_TRUSTED_ORIGINS": "https://*"},
    "forms by http": {"CSRF_TRUSTED_ORIGINS": "http://stepmark.example.org"},
    "another database": {"DATABASE_URL": "sqlite:///stepmark.db"},
    "another broker": {"REDIS_URL": "memory://"},
    "a provider by http": {"OIDC_ISSUER": "http://id.example.org", "OIDC_CLIENT_ID": "stepmark"},
}


def check(**environment):
    command = (sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    return server(*command, **{"DATABASE_URL": "postgresql://stepmark@db.example.org/stepmark"} | environment)


@pytest.mark.figure("C11", "check --deploy, and starts with weak settings", "no issue; each refused with one line")
def test_weak_settings_stop_the_start(prove):
    good = check()
    wrong = {}
    for what, values in WEAK.items():
        ran = check(**values)
        lines = ran.stderr.strip().splitlines()
        if (
            ran.returncode == 0
            or len(lines) != 1
            or not lines[0].startswith(f"Stepmark does not start: {next(iter(values))}")
        ):
            wrong[what] = lines[-1:] or "it started"
    odd = [check(TRUSTED_PROXIES="0"), check(REDIS_URL="redis://redis.example.org/0")]
    prove.measured(
        f"good settings: {good.stdout.strip()} {len(wrong)} of {len(WEAK)} weak ones started or said more than a line"
    )
    prove.control(
        f"good settings start (exit {good.returncode}); 2 that are odd together exit {[one.returncode for one in odd]}"
    )
    assert (good.returncode, wrong) == (0, {})
    assert "no issues (0 silenced)" in good.stdout
    assert [one.returncode for one in odd] == [1, 1]
