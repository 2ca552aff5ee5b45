"""N1, N10: every route by every method for everybody, compared with the table in matrix.py."""

import contextlib
from operator import attrgetter

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from labeling_ui.second_factor import BACKEND
from tests.access import matrix, world

pytestmark = pytest.mark.django_db  # pytest-django makes a database only for tests with the mark
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ROWS = matrix.PAGES | matrix.API
WITH_IDS = sorted(name for name in ROWS if matrix.KWARGS.get(name))


@pytest.fixture(scope="module")
def there(django_db_setup, django_db_blocker, tmp_path_factory):
    """One world for all of these tests: every request is taken back."""
    data_dir = tmp_path_factory.mktemp("data")
    with django_db_blocker.unblock(), override_settings(DATA_DIR=data_dir), transaction.atomic():
        connection.cursor().execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # it is one long transaction
        there = world.build(data_dir)
        there.cookies = {who.pk: cookie(who) for who in world.everybody(there)}
        yield there
        transaction.set_rollback(True)


def cookie(who):
    client = Client()
    client.force_login(who, backend=BACKEND)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def patterns(resolver=None):
    for one in (resolver or get_resolver()).url_patterns:
        if isinstance(one, URLResolver):
            yield from patterns(one)
        elif isinstance(one, URLPattern):
            yield one


def address(name, there, slug="algebra"):
    """Where the route is for the objects of the first project, though it may be asked for in the second."""
    (route,) = [one for one in patterns() if one.name == name]
    given = matrix.KWARGS.get(name, {})
    kwargs = {word: attrgetter(path)(there) for word, path in given.items()}
    return reverse(name, kwargs=kwargs | ({"slug": slug} if "slug" in route.pattern.converters else {}))


def knock(there, name, method, who, *, slug="algebra", **headers):
    """The status of the answer; whatever the request wrote is taken back."""
    client = Client(raise_request_exception=False)
    if isinstance(who, str):
        headers["Authorization"] = f"Bearer {who}"
    elif who is not None:
        client.cookies[settings.SESSION_COOKIE_NAME] = there.cookies[who.pk]
    url, body = address(name, there, slug), matrix.BODIES.get((name, method), {})
    body = {name: _told(there, value) for name, value in body.items()}
    as_json = {"content_type": "application/json"} if name in matrix.API or method != "POST" else {}
    with contextlib.suppress(TakenBack), transaction.atomic():
        answer = getattr(client, method.lower())(url, body, **as_json, headers=headers)
        raise TakenBack
    list(answer)  # a file is closed when all of it was sent
    signed_out = answer.status_code == 302 and answer["Location"].startswith(reverse("sign_in"))
    return "sign in" if signed_out else answer.status_code


def _told(there, value):
    is_path = isinstance(value, str) and value.startswith("@")
    return str(attrgetter(value[1:])(there)) if is_path else value


class TakenBack(Exception):
    """Ends a transaction that is not to be kept."""


def gets_through(status):
    """What came after the door: an answer, a redirect, or a refusal of the empty body."""
    return status in (200, 201, 202, 204, 302, 400, 409, 415, 422)


def expected(name, allowed, role, *, is_member):
    """What the table says of somebody with this role: `through`, or the status that turns them away."""
    if allowed == matrix.TOKEN_OF_THE_SETTINGS:
        return 404
    if allowed == matrix.STRANGERS:
        return 404 if is_member else "through"
    if allowed == matrix.ANYBODY or (allowed == matrix.SIGNED_IN and role):
        return "through"
    if not role:
        return 401 if name in matrix.API else "sign in"
    if allowed == matrix.OWNER:
        return "through" if role == "lead" and is_member else 404
    if allowed == matrix.ANY_LEAD:
        return "through" if role == "lead" else 403
    if not is_member:
        return 404
    return "through" if role in allowed.split() else 403


def wrong(status, wanted, allowed):
    if wanted == "through":
        return not (gets_through(status) or (status == "sign in" and allowed == matrix.ANYBODY))
    return status != wanted


def test_n1_every_route_has_a_line_in_the_table_and_every_line_a_route():
    names = [one.name for one in patterns()]

    assert None not in names
    assert len(names) == len(set(names))
    assert set(names) == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_n1_everybody_reaches_what_the_table_says_and_nothing_else(name, there):
    others = {f"other {role}": (who, role, False) for role, who in there.strangers.items()}
    members = {role: (who, role, True) for role, who in there.people.items()}
    knocking = {"nobody": (None, "", False), "outsider": (there.outsider, "none", False)} | members | others

    found = {}
    for method in METHODS:
        if allowed := ROWS[name].get(method):
            for label, (who, role, is_member) in knocking.items():
                status = knock(there, name, method, who)
                wanted = expected(name, allowed, role, is_member=is_member)
                if wrong(status, wanted, allowed):
                    found[method, label] = f"{status}, not {wanted}"

    assert found == {}


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if matrix.ANYBODY not in row.values()])
def test_n1_a_method_that_the_table_does_not_name_is_not_taken_from_anybody(name, there):
    statuses = {
        (method, role): knock(there, name, method, who)
        for method in METHODS
        if method not in ROWS[name]
        for role, who in there.people.items()
    }

    assert {place: status for place, status in statuses.items() if status not in (403, 405)} == {}


def test_n2_whoever_reaches_a_page_can_do_the_same_by_the_api():
    assert set(matrix.BY_API) == set(matrix.PAGES) - matrix.PAGES_FOR_PEOPLE

    reached = {
        page: {who for route in routes.split() for who in _who(matrix.API[route])}
        for page, routes in matrix.BY_API.items()
    }
    shut = {page: _who(matrix.PAGES[page]) - reached[page] for page in matrix.BY_API}
    assert {page: who for page, who in shut.items() if who} == {}


def _who(row):
    return {role for method in METHODS if method in row for role in row[method].split()}


SCOPES = ("read", "label", "manage")


@pytest.mark.parametrize("name", [name for name, row in matrix.API.items() if matrix.ANYBODY not in row.values()])
def test_n2_a_token_does_what_its_scope_and_the_role_of_its_owner_allow_and_nothing_else(name, there):
    row = matrix.API[name]
    found = {}
    for method in [method for method in METHODS if method in row]:
        for role in there.people:
            for scope in SCOPES:
                status = knock(there, name, method, there.tokens[role, scope])
                wanted = (
                    expected(name, row[method], role, is_member=True) if scope_is_enough(row, method, scope) else 403
                )
                if wrong(status, wanted, row[method]):
                    found[method, role, scope] = f"{status}, not {wanted}"

    assert found == {}


def scope_is_enough(row, method, scope):
    if method in row.get("people only", ""):
        return False
    fits = scope == row.get("scope") and method in row.get("scope for", method)
    return scope == "manage" or fits or (scope == "read" and method == "GET")


@pytest.mark.parametrize(
    "name", [one.name for one in patterns() if one.name in matrix.API and "slug" in one.pattern.converters]
)
def test_n10_a_token_for_one_project_opens_nothing_in_another(name, there):
    row = matrix.API[name]
    statuses = {method: knock(there, name, method, there.tokens["elsewhere"]) for method in METHODS if method in row}

    assert {method: status for method, status in statuses.items() if status not in (403, 404)} == {}


def test_n10_a_token_for_one_project_hears_of_no_other_outside_of_projects(there):
    headers = {"Authorization": f"Bearer {there.tokens['elsewhere']}"}
    asked = {path: Client().get(f"/api/v1/{path}", headers=headers).json() for path in ("projects", "tokens")}

    assert {one["slug"] for one in asked["projects"]} == {"elsewhere"}
    assert {one["project"] for one in asked["tokens"]} == {"elsewhere"}


@pytest.mark.parametrize("name", WITH_IDS)
def test_n10_an_object_of_one_project_is_not_there_in_another_whoever_asks(name, there):
    statuses = {
        (method, role): knock(there, name, method, there.strangers[role], slug="elsewhere")
        for method in METHODS
        for role in ROWS[name].get(method, "").split()
        if role in there.strangers
    }

    assert {place: status for place, status in statuses.items() if status != 404} == {}
