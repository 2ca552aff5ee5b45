"""C1, C2, C5, C6: who reaches what, what strangers can tell, when a change of rights takes effect, who may send a form."""

import contextlib
from functools import cache
from operator import attrgetter

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.urls import get_resolver, path, reverse

from annotation.api import dataset_views, import_views, permissions, project_views
from annotation.models import ImportBatch, Membership
from annotation.models.projects import Role
from annotation.services import accounts, members, tokens
from tests.access import matrix, test_matrix
from tests.access.test_matrix import METHODS, ROWS, WITH_IDS, TakenBack, address, patterns, there  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
FILES = {"api_imports", "api_gold_file"}  # whose bodies are files
OF_THE_MOMENT = {"X-Request-ID", "Expires"}
FOREIGN = {"Origin": "https://elsewhere.example"}


@pytest.fixture
def walk(monkeypatch, there):  # noqa: F811
    """The tests of the matrix for some routes: how often they knocked, and at which routes they failed."""
    knocks = []
    knock = test_matrix.knock
    monkeypatch.setattr(test_matrix, "knock", lambda *a, **k: knocks.append(a) or knock(*a, **k))
    shut = [name for name, row in ROWS.items() if matrix.ANYBODY not in row.values()]
    in_projects = [one.name for one in patterns() if "slug" in one.pattern.converters]
    tests = {
        test_matrix.test_n1_everybody_reaches_what_the_table_says_and_nothing_else: set(ROWS),
        test_matrix.test_n1_a_method_that_the_table_does_not_name_is_not_taken_from_anybody: set(shut),
        test_matrix.test_n2_a_token_does_what_its_scope_and_the_role_of_its_owner_allow_and_nothing_else: set(shut)
        & set(matrix.API),
        test_matrix.test_n10_a_token_for_one_project_opens_nothing_in_another: set(in_projects) & set(matrix.API),
        test_matrix.test_n10_an_object_of_one_project_is_not_there_in_another_whoever_asks: set(WITH_IDS),
    }

    def run(names):
        knocks.clear()
        open_ = set()
        for test, routes in tests.items():
            for name in routes.intersection(names):
                try:
                    test(name, there)
                except AssertionError:
                    open_.add(name)
        return len(knocks), open_

    return run


@pytest.mark.figure(
    "C1", "every route × method × role × scope × project, as the table says", "0 cells that are not as the table says"
)
def test_c1_everybody_reaches_what_the_table_says(prove, walk, monkeypatch):
    test_matrix.test_n1_every_route_has_a_line_in_the_table_and_every_line_a_route()

    cells, wrong = walk(ROWS)

    prove.measured(f"{len(wrong)} routes wrong of {len(ROWS)}, {cells} cells")
    assert wrong == set()
    assert cells > 10 * len(ROWS)

    def no_roles(user, slug, *roles):
        return permissions.place_in_project(user, slug)

    monkeypatch.setattr(dataset_views, "place_in_project", no_roles)
    _, wrong = walk(["api_datasets", "api_dataset"])
    monkeypatch.setattr(
        get_resolver(),
        "url_patterns",
        [*get_resolver().url_patterns, path("open/", project_views.Projects.as_view(), name="open")],
    )
    with pytest.raises(AssertionError):
        test_matrix.test_n1_every_route_has_a_line_in_the_table_and_every_line_a_route()
    prove.control(f"roles not looked at: {len(wrong)} of 2 routes found; a route that the table does not know: found")
    assert len(wrong) == 2


def answer_to(world, name, method, who, *, slug, kwargs, headers=None, read_only=False, client=None):
    """Status, body and headers; whatever the request wrote is taken back."""
    client = client or Client(raise_request_exception=False)
    if who is not None:
        client.cookies[settings.SESSION_COOKIE_NAME] = world.cookies[who.pk]
    body = {key: test_matrix._told(world, value) for key, value in matrix.BODIES.get((name, method), {}).items()}
    as_json = {"content_type": "application/json"} if name in matrix.API or method != "POST" else {}
    if name in FILES and method == "POST":
        body, as_json = b"{}", {"content_type": "application/octet-stream"}
    with contextlib.suppress(TakenBack), transaction.atomic():
        if read_only:
            connection.cursor().execute("SET TRANSACTION READ ONLY")
        place = {"slug": slug} if slug else {}
        answer = getattr(client, method.lower())(reverse(name, kwargs=kwargs | place), body, **as_json, headers=headers)
        content = b"".join(answer)
        raise TakenBack
    told = {key: value for key, value in answer.headers.items() if key not in OF_THE_MOMENT}
    return answer.status_code, content, told


NOBODY_S = {"pk": 2**40, "number": 2**20, "label": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "name": "none.jsonl"}
NOBODY_S |= {"pseudonym": NOBODY_S["label"], "secret": "none"}


def told_apart(world, names):
    """Where a lead of another project is answered otherwise for an object of ours than for one that is not there."""
    found, compared = [], 0
    slugs = {one.name for one in patterns() if "slug" in one.pattern.converters}
    for name in sorted(set(names) & slugs):
        ours = {word: attrgetter(where)(world) for word, where in matrix.KWARGS[name].items()}
        for method in [method for method in METHODS if method in ROWS[name]]:
            role = next((role for role in ROWS[name][method].split() if role in world.strangers), "lead")
            foreign, missing = (
                answer_to(world, name, method, world.strangers[role], slug="elsewhere", kwargs=kwargs)
                for kwargs in (ours, {word: NOBODY_S[word] for word in ours})
            )
            compared += 1
            if foreign != missing or foreign[0] != 404:
                found.append(f"{method} {name}: {foreign[0]} and {missing[0]}")
    return compared, found


@pytest.mark.figure("C2", "an object of another project and one that is not there", "the same status, body and headers")
def test_c2_what_belongs_to_others_looks_as_if_it_were_not_there(prove, there, monkeypatch):  # noqa: F811
    compared, found = told_apart(there, WITH_IDS)

    prove.measured(f"{len(found)} of {compared} told apart")
    assert found == []

    everywhere = import_views.queries.batch_of
    monkeypatch.setattr(
        import_views.queries,
        "batch_of",
        lambda project, *, pk, now: (
            everywhere(ImportBatch.objects.get(pk=pk).project, pk=pk, now=now)
            if ImportBatch.objects.filter(pk=pk).exists()
            else None
        ),
    )
    _, planted = told_apart(there, ["api_import"])
    prove.control(f"an import looked up without its project: {len(planted)} of 1 told apart")
    assert planted


def changes(world):
    """What ends a right: the words, the act, who has it, and a request that tells whether they still do."""
    project, people = world.project, world.people
    lead, labeler, ml = people["lead"], people["labeler"], people["ml"]
    place = Membership.objects.get(project=project, user=labeler)

    def token_of(who):
        return tokens.make(by=who, name="test", scopes=["manage"], days=1)

    made, secret = token_of(lead)
    bound, bound_secret = tokens.make(by=ml, name="test", scopes=["read"], days=1, project=project)
    return [
        ("another role", lambda: members.change_role(project=project, member=place.pk, role=Role.REVIEWER, by=lead), "work", labeler),
        ("let go", lambda: members.remove_member(project=project, member=place.pk, by=lead), "work", labeler),
        ("left", lambda: members.leave(project=project, user=ml), "rounds", ml),
        ("account closed", lambda: type(lead).objects.filter(pk=lead.pk).update(is_active=False), "project", lead),
        ("password changed", lambda: members.set_account(username=lead.username, password="another long one"), "project", lead),
        ("signed out everywhere", lambda: accounts.end_sessions(user=lead), "project", lead),
        ("token revoked", lambda: tokens.revoke(token=made.pk, by=lead), "api_settings", secret),
        ("owner of a token let go", lambda: members.leave(project=project, user=ml), "api_rounds", bound_secret),
        ("token run out", lambda: type(bound).objects.filter(pk=bound.pk).update(expires_at=bound.created_at), "api_rounds", bound_secret),
    ]  # fmt: skip


def still_open(world, table):
    """Changes after which the very next request still does what it did before them."""
    found = []
    for number, (words, *_) in enumerate(table(world)):
        with contextlib.suppress(TakenBack), transaction.atomic():
            _, act, name, who = table(world)[number]
            before = test_matrix.knock(world, name, "GET", who)
            act()
            after = test_matrix.knock(world, name, "GET", who)
            raise TakenBack
        assert before == 200, f"{words}: {before} before"
        if after not in (401, 403, 404, "sign in"):
            found.append(f"{words}: {after}")
    return found


@pytest.mark.figure(
    "C5", "a right is taken away: role, membership, account, session, token", "gone with the next request"
)
def test_c5_a_right_that_is_taken_away_is_gone_with_the_next_request(prove, there, monkeypatch):  # noqa: F811
    found = still_open(there, changes)

    prove.measured(f"{len(found)} of {len(changes(there))} changes took effect later")
    assert found == []

    monkeypatch.setattr(tokens, "use", remembered(tokens.use))
    planted = still_open(there, changes)
    prove.control(f"tokens remembered between requests: {len(planted)} took effect later")
    assert planted


def remembered(use):
    """As a cache before the database would have it."""
    known = cache(lambda secret: use(secret=secret))
    return lambda *, secret: known(secret)


def who_may(world, allowed):
    if allowed == matrix.STRANGERS:
        return world.outsider
    return world.people.get(allowed.split()[0], world.people["lead"])


def forged(world):
    """Of every writing route: the statuses without a token, with one from elsewhere, and with one of its own page."""
    own = "a" * 32
    headers = {"X-CSRFToken": own}
    for name, row in ROWS.items():
        for method in [method for method in UNSAFE if method in row]:
            statuses = []
            for sent in ({}, headers | FOREIGN, headers):
                client = Client(enforce_csrf_checks=True, raise_request_exception=False)
                client.cookies[settings.CSRF_COOKIE_NAME] = own
                url = address(name, world)
                kwargs = get_resolver().resolve(url).kwargs
                slug = kwargs.pop("slug", "")
                who = who_may(world, row[method])
                statuses.append(
                    answer_to(world, name, method, who, slug=slug, kwargs=kwargs, headers=sent, client=client)[0]
                )
            yield f"{method} {name}", statuses


@pytest.mark.figure(
    "C6",
    "writing without a token or from another site; reading in a transaction that cannot write",
    "403 at every writing route; no GET writes",
)
def test_c6_no_other_site_writes_and_no_reading_writes(prove, there, settings):  # noqa: F811
    told = dict(forged(there))
    unguarded = {place: statuses for place, statuses in told.items() if statuses[:2] != [403, 403]}
    locked = {place: statuses for place, statuses in told.items() if not test_matrix.gets_through(statuses[2])}
    reads, writing = read_only(there)

    prove.measured(
        f"{len(unguarded)} of {len(told)} writing routes open to others; {len(writing)} of {reads} GETs wrote"
    )
    assert unguarded == {}
    assert locked == {}, "who may write is let through with a token of the page"
    assert writing == []

    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "CsrfViewMiddleware" not in one]
    planted = [place for place, statuses in forged(there) if statuses[0] != 403]
    prove.control(f"without the middleware: {len(planted)} routes open to others")
    assert planted


def read_only(world):
    """How many GETs there are, and which of them do otherwise where they cannot write."""
    reads, writing = 0, []
    for name, row in ROWS.items():
        if "GET" in row:
            reads += 1
            url = address(name, world)
            kwargs = get_resolver().resolve(url).kwargs
            slug = kwargs.pop("slug", "")
            asked = {"slug": slug, "kwargs": kwargs}
            who = who_may(world, row["GET"])
            free = answer_to(world, name, "GET", who, **asked)[0]
            bound = answer_to(world, name, "GET", who, **asked, read_only=True)[0]
            if free != bound:
                writing.append(f"{name}: {bound}, not {free}")
    return reads, writing
